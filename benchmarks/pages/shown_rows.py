"""What a page shows of a row table: summary rows, views of them, and which samplers are tied."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.density_key import DensityKey
from bridgemark.benchmarks.analysis.order import position
from bridgemark.benchmarks.analysis.row_table import drop_superseded, without_budget
from bridgemark.benchmarks.analysis.standings import Standings, standings
from bridgemark.benchmarks.analysis.summary_table import SummaryRow, summary_table
from bridgemark.benchmarks.analysis.views import View, views_with_rows
from bridgemark.benchmarks.pages.origins import OriginMarks, origin_marks

RANKED = (columns.LOG_Z_ABS_ERROR, columns.MAIN_METRIC)


class ShownView(NamedTuple):
    """A view, its summary rows in the order of the page, and their ties by each of the metrics RANKED."""

    view: View
    rows: list[SummaryRow]
    standings: Mapping[str, Standings]


@dataclass(frozen=True)
class ShownRows:
    """The current rows without a budget as a page shows them.

    `rows` are all summary rows, by density and within it in the order of samplers; they have no ranges, which
    no page shows. `standings` are their ties by the main metric.
    """

    rows: list[SummaryRow]
    views: list[ShownView]
    standings: Standings
    marks: OriginMarks


def shown_rows(table: pd.DataFrame, summary: pd.DataFrame | None = None) -> ShownRows:
    """What a page shows of a row table.

    `summary` is the summary table of the whole row table, for a caller that has it: it need not be made again
    where all rows are current and without a budget.
    """
    current = without_budget(drop_superseded(table))
    if summary is None or len(current) < len(table):
        summary = summary_table(current)
    ranges = columns.least(""), columns.most("")
    names = [name for name in summary if not name.endswith(ranges)]
    lines = zip(*(summary[name].tolist() for name in names), strict=True)
    rows: list[SummaryRow] = [dict(zip(names, line, strict=True)) for line in lines]
    rows.sort(key=lambda row: (density_key(row), position(row[columns.SAMPLER]), row[columns.LABEL]))
    views: list[ShownView] = []
    whole: Standings | None = None  # those of a view that has all rows
    for view, selected in views_with_rows(current):
        cells = set(zip(selected[columns.SAMPLER], selected[columns.TARGET], strict=True))
        chosen = [row for row in rows if (row[columns.SAMPLER], row[columns.TARGET]) in cells]
        views.append(ShownView(view, chosen, {metric: standings(selected, metric) for metric in RANKED}))
        if len(selected) == len(current):
            whole = views[-1].standings[columns.MAIN_METRIC]
    return ShownRows(rows, views, whole or standings(current), origin_marks(rows))


def density_key(row: SummaryRow) -> DensityKey:
    """The key of the density of a summary row."""
    names = (columns.DIM, columns.TARGET, columns.TARGET_VERSION, columns.FINGERPRINT)
    return DensityKey(*(row[name] for name in names))
