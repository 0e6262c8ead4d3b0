"""Views: selections of rows, each of which answers a question. All are filters over one set of rows.

Whoever adds a sampler sees it in every view beside the published ones: the samplers of one's own rows join a
view where they were run on its targets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.row_table import without_budget
from bridgemark.benchmarks.sweep.presets import FIVE, SEVEN


@dataclass(frozen=True)
class View:
    """A selection of rows.

    `name` begins the names of its figures, `title` is a heading and `about` says in a sentence what is in it.
    `select` takes a row table and returns the part of it that belongs to the view.
    """

    name: str
    title: str
    about: str
    select: Callable[[pd.DataFrame], pd.DataFrame]


class ViewRows(NamedTuple):
    """A view and the rows that it selects from a row table."""

    view: View
    rows: pd.DataFrame


def own_samplers(table: pd.DataFrame) -> set[str]:
    """The samplers of one's own rows in a table that also has published ones; otherwise none."""
    is_own = table[columns.ORIGIN].isna()
    return set() if is_own.to_numpy().all() else set(table.loc[is_own, columns.SAMPLER])


def _five_on_seven(table: pd.DataFrame) -> pd.DataFrame:
    rows = without_budget(table)
    samplers = [*FIVE, *own_samplers(rows)]
    return rows.loc[rows[columns.SAMPLER].isin(samplers) & rows[columns.TARGET].isin(SEVEN)]


def _whole_board(table: pd.DataFrame) -> pd.DataFrame:
    rows = without_budget(table)
    return rows.loc[rows[columns.TARGET].isin(_widely_run(rows))]


def _further_targets(table: pd.DataFrame) -> pd.DataFrame:
    rows = without_budget(table)
    return rows.loc[~rows[columns.TARGET].isin([*SEVEN, *_widely_run(rows)])]


def _widely_run(rows: pd.DataFrame) -> list[str]:
    """The targets for which more than half of the samplers have rows.

    One's own rows do not count where there are published ones, so that they never move a target.
    """
    published = rows.loc[rows[columns.ORIGIN].notna()]
    counted = published if len(published) else rows
    samplers_of: dict[str, set[str]] = {}
    for target, sampler in zip(counted[columns.TARGET], counted[columns.SAMPLER], strict=True):
        samplers_of.setdefault(target, set()).add(sampler)
    half = len(set(counted[columns.SAMPLER])) / 2
    return [target for target, samplers in samplers_of.items() if len(samplers) > half]


FIVE_ON_SEVEN = View(
    "",
    "Five samplers on seven targets",
    "The samplers and targets of the default grid, which `nox -s benchmark` runs.",
    _five_on_seven,
)
WHOLE_BOARD = View(
    "board_",
    "The whole board",
    "All samplers, on the targets for which more than half of them have rows.",
    _whole_board,
)
FURTHER_TARGETS = View(
    "further_", "Further targets", "Targets for which fewer samplers have rows.", _further_targets
)
VIEWS = (FIVE_ON_SEVEN, WHOLE_BOARD, FURTHER_TARGETS)


def views_with_rows(table: pd.DataFrame) -> list[ViewRows]:
    """The views without a budget that select anything from a row table, each selection once."""
    selections: list[ViewRows] = []
    for view in VIEWS:
        rows = view.select(table)
        is_new = not any(rows.index.equals(earlier.rows.index) for earlier in selections)
        if len(rows) and is_new:
            selections.append(ViewRows(view, rows))
    return selections
