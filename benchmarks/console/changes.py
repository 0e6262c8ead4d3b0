"""What `bridgemark compare` prints: the cells that changed, the cells of one side only, and the counts."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Column, Table

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.compare import NUMBERS, POSITIVE, SECONDS, Comparison
from bridgemark.benchmarks.console.plain_text import add_plain_row, print_plain
from bridgemark.benchmarks.text import count, number

# The column that is printed of each name that can have changed: of "ok" the number of ok seeds, of a number
# the mean over seeds, of seconds the median. There is one such column for each side, marked _a or _b.
SUMMARY_COLUMNS = {
    "ok": "ok",
    **{name: f"{name}.mean" for name in NUMBERS},
    **{name: f"{name}.median" for name in SECONDS},
}
HEADINGS = (
    "sampler",
    "target",
    "ok seeds in A, B",
    "seeds equal in all digits",
    "what changed",
    "A",
    "B",
    "cause",
)

CellLine: TypeAlias = Mapping[str, Any]  # a line of `Comparison.cells`, by column


def print_comparison(
    comparison: Comparison, console: Console | None = None, with_only_a: bool = True
) -> None:
    """Print a table of what changed, the cells that cannot be compared, and how many cells are the same.

    Cells of A alone are listed unless `with_only_a` is False.
    """
    console = console or Console()
    if len(comparison.changed):
        console.print(_table(comparison.changed))
    if with_only_a:
        _print_cells(console, "only in A", comparison.only_a)
    _print_cells(console, "only in B", comparison.only_b)
    reason = "not comparable, because the target has another version or density"
    _print_cells(console, reason, comparison.incomparable)
    print_plain(console, _counts(comparison))


def _table(changed: pd.DataFrame) -> Table:
    """A line for each number or phase that changed; the first line of a cell names the cell."""
    table = Table(*(Column(heading, overflow="fold") for heading in HEADINGS))
    for cell in changed.to_dict("records"):
        entries = _cell_entries(cell)
        for name in _changed_names(cell):
            values = (_value(cell, name, "a"), _value(cell, name, "b"))
            add_plain_row(table, *entries, name, *values, cell["cause"])
            entries = [""] * len(entries)
    return table


def _cell_entries(cell: CellLine) -> list[str]:
    """Sampler, target, ok seeds of all seeds on both sides, and seeds equal in all digits."""
    ok_a = f"{cell['ok_a']:.0f}/{cell['seeds_a']:.0f}"
    ok_b = f"{cell['ok_b']:.0f}/{cell['seeds_b']:.0f}"
    equal_seeds = f"{cell['equal']:.0f} of {cell['paired']:.0f}"
    return [cell[columns.SAMPLER], _target_and_budget(cell), f"{ok_a}, {ok_b}", equal_seeds]


def _changed_names(cell: CellLine) -> list[str]:
    names = cell["changed"].split(", ") + cell["times"].split(", ")
    return [name for name in names if name]


def _value(cell: CellLine, name: str, side: str) -> str:
    """What is printed of one side: mean, median or count. Positive numbers were averaged as logarithms."""
    value = cell[f"{SUMMARY_COLUMNS[name]}_{side}"]
    return number(float(np.exp(value)) if name in POSITIVE else value, 3)


def _print_cells(console: Console, title: str, cells: pd.DataFrame) -> None:
    if not len(cells):
        return
    print_plain(console, f"{title}: {count(len(cells), 'cell')}")
    for cell in cells.to_dict("records"):
        setting = f"{cell[columns.DRAWS]} draws, {cell[columns.PRECISION]}"
        print_plain(console, f"    {cell[columns.SAMPLER]} x {_target_and_budget(cell)}, {setting}")


def _target_and_budget(cell: CellLine) -> str:
    """The target, and the budget if there is one."""
    unit = cell[columns.BUDGET_UNIT]
    target = cell[columns.TARGET]
    return f"{target} for {number(cell[columns.BUDGET])} {unit}" if unit else target


def _counts(comparison: Comparison) -> str:
    cells, changed = comparison.cells, len(comparison.changed)
    all_equal = (cells["equal"] == cells["paired"]) & (cells["paired"] > 0)
    return (
        f"{count(len(cells), 'cell')} on both sides: {len(cells) - changed} same, {changed} changed; "
        f"{int(np.sum(all_equal))} equal in all digits"
    )
