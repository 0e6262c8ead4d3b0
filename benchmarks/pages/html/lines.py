"""The lines of the board: a summary row with its scores as texts, its ties, and the rows behind it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.order import position
from bridgemark.benchmarks.analysis.row_table import drop_superseded, fill_device
from bridgemark.benchmarks.analysis.standings import SETTING, Standings, standings
from bridgemark.benchmarks.analysis.statistics import Interval
from bridgemark.benchmarks.analysis.summary_table import SummaryRow, summary_table
from bridgemark.benchmarks.pages.shown_rows import density_key
from bridgemark.benchmarks.pages.target_table import (
    Column,
    distance_columns,
    estimate_columns,
    main_columns,
    spread_columns,
)
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.text import number

DIGITS = 12  # of an identity
NO_BUDGET = "none"  # of rows that were run as configured


class Entry(NamedTuple):
    """An entry of the board: its text, and the number by which the column is sorted, or None."""

    text: str
    order: float | None


@dataclass(frozen=True)
class Line:
    """A line of the board.

    `setting` numbers the lines that are ranked against each other. `interval` is the median that they are
    ranked by, None for a line that is not ranked. `rows` are the stored rows, in the order of their seeds.
    """

    summary: SummaryRow
    budget: str
    setting: int
    group: int | None
    interval: Interval | None
    entries: Sequence[Entry]
    rows: Sequence[Row]

    @property
    def identity(self) -> str:
        """The beginning of the identity of the first row, which names the line in links."""
        return self.rows[0].identity[:DIGITS]


@dataclass(frozen=True)
class Board:
    """The lines of the board, and the columns of their entries."""

    columns: Sequence[Column]
    lines: Sequence[Line]


def make_board(rows: Iterable[Row], table: pd.DataFrame) -> Board:
    """The board of the current rows, with a budget or without, from all rows and their row table.

    Columns without any entry are left out.
    """
    current = with_devices(drop_superseded(table))
    summary = summary_table(current).to_dict("records")
    summary.sort(key=lambda row: (density_key(row), position(row[columns.SAMPLER]), row[columns.LABEL]))
    stored = _rows_by_group(rows, current)
    settings: dict[tuple, int] = {}
    lines: list[Line] = []
    ties = _standings_by_budget(current)
    further = [*estimate_columns(), *spread_columns(), *distance_columns(summary)]
    by_budget = {budget: [*main_columns(summary, ties[budget]), *further] for budget in ties}
    for row in summary:
        standing = ties[_budget(row)]
        setting = (*(row[name] for name in SETTING), *_budget(row))
        line = Line(
            summary=row,
            budget=_budget_text(row),
            setting=settings.setdefault(setting, len(settings)),
            group=standing.group(row),
            interval=standing.of_setting(row).intervals.get(row[columns.SAMPLER]),
            entries=[Entry(column.entry(row), _order(row, column)) for column in by_budget[_budget(row)]],
            rows=stored[_group(row)],
        )
        lines.append(line)
    return _without_empty_columns(Board(next(iter(by_budget.values()), []), lines))


def with_devices(table: pd.DataFrame) -> pd.DataFrame:
    """The row table with the devices that killed runs could not record, as the summary table has them."""
    return fill_device(fill_device(table, (*columns.BLOCK, columns.SAMPLER)), columns.BLOCK)


def _standings_by_budget(current: pd.DataFrame) -> dict[tuple, Standings]:
    """The ties by the main metric among rows of each budget, which are not compared across budgets."""
    by_budget: dict[tuple, list[int]] = {}
    budgets = zip(current[columns.BUDGET], current[columns.BUDGET_UNIT], strict=True)
    for index, budget in enumerate(budgets):
        by_budget.setdefault(budget, []).append(index)
    return {budget: standings(current.iloc[indices]) for budget, indices in by_budget.items()}


def _rows_by_group(rows: Iterable[Row], current: pd.DataFrame) -> dict[tuple, list[Row]]:
    """The stored rows behind each summary row, in the order of their seeds."""
    by_identity = {row.identity: row for row in rows}
    groups: dict[tuple, list[Row]] = {}
    keys = zip(*(current[name].tolist() for name in columns.GROUP), strict=True)
    for key, identity in zip(keys, current[columns.IDENTITY], strict=True):
        groups.setdefault(key, []).append(by_identity[identity])
    return {group: sorted(members, key=lambda row: row.seed) for group, members in groups.items()}


def _group(row: SummaryRow) -> tuple:
    return tuple(row[name] for name in columns.GROUP)


def _budget(row: SummaryRow) -> tuple:
    return row[columns.BUDGET], row[columns.BUDGET_UNIT]


def _budget_text(row: SummaryRow) -> str:
    budget, unit = _budget(row)
    return NO_BUDGET if budget is None else f"{number(budget)} {unit}"


def _order(row: SummaryRow, column: Column) -> float | None:
    value = row.get(column.metric)
    return None if value is None or math.isnan(value) else float(value)


def _without_empty_columns(board: Board) -> Board:
    kept = [
        index for index in range(len(board.columns)) if any(line.entries[index].text for line in board.lines)
    ]
    lines = [replace(line, entries=[line.entries[index] for index in kept]) for line in board.lines]
    return Board([board.columns[index] for index in kept], lines)
