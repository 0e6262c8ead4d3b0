"""How long cells will take, by what the same sampler and target took before."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from statistics import mean
from typing import NamedTuple, TypeAlias

from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.sweep.measure import REPEATS
from bridgemark.benchmarks.sweep.request import Cell

Kind: TypeAlias = tuple[str, str, float | None, str | None]  # of rows that take about as long


class Forecast(NamedTuple):
    """The seconds of a core that cells are expected to take, and the number of cells that are not counted."""

    seconds: float
    unknown: int


def forecast(cells: Iterable[Cell], rows: Iterable[Row]) -> Forecast:
    """What cells are expected to take by earlier rows: compilation, and fit and all draws of each seed.

    Rows with the same number of draws count, or all where there are none. Starting a process and scoring
    come on top. A cell is unknown if no earlier row of its sampler, target and budget has ended.
    """
    by_kind: dict[Kind, list[Row]] = {}
    for row in rows:
        if row.status in ("ok", "unsupported"):
            by_kind.setdefault(_kind(row), []).append(row)
    seconds = [_cell_seconds(cell, by_kind) for cell in cells]
    return Forecast(sum(filter(None, seconds)), seconds.count(None))


def _kind(row: Row) -> Kind:
    return row.sampler, row.target, row.budget, row.budget_unit


def _cell_seconds(cell: Cell, by_kind: dict[Kind, list[Row]]) -> float | None:
    """The expected seconds of a cell, or None."""
    total = 0.0
    for kind, group in groupby(cell.rows, key=_kind):
        if kind not in by_kind:
            return None
        planned = list(group)
        earlier = [row for row in by_kind[kind] if row.draws == planned[0].draws] or by_kind[kind]
        total += _seconds(earlier, len(planned))
    return total


def _seconds(earlier: Sequence[Row], seeds: int) -> float:
    """The seconds of so many seeds, by those of rows that ended."""
    compilation = mean(row.compile_seconds or 0.0 for row in earlier)
    return compilation + seeds * mean(map(_seed_seconds, earlier))


def _seed_seconds(row: Row) -> float:
    """What one seed took: its fit and all of its sets of draws."""
    repeats = (REPEATS - 1) * (row.steady_seconds or 0.0)
    return (row.fit_seconds or 0.0) + (row.sample_seconds or 0.0) + repeats
