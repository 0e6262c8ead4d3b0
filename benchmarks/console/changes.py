"""What `bridgemark compare` prints: the cells that changed, those of one side only, and the counts."""

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Column, Table

from bridgemark.benchmarks.analysis.compare import NUMBERS, PLACE, POSITIVE, SECONDS, Comparison
from bridgemark.benchmarks.text import number


def print_comparison(found: Comparison, console: Console | None = None) -> None:
    """A line a change, then what could not be compared, then how many cells are the same."""
    out = console or Console()
    if len(found.changed):
        headings = ("sampler", "target", "seeds", "same bits", "what", "A", "B", "cause")
        table = Table(*(Column(heading, overflow="fold") for heading in headings))
        for line in found.changed.to_dict("records"):
            _add(table, line)
        out.print(table)
    _list(out, "only in A", found.only_a)
    _list(out, "only in B", found.only_b)
    _list(out, "not comparable, the target is another version or density", found.incomparable)
    bits = int(np.sum((found.cells["equal"] == found.cells["paired"]) & (found.cells["paired"] > 0)))
    same, changed = len(found.cells) - len(found.changed), len(found.changed)
    _plain(out, f"{_cells(len(found.cells))} on both sides: {same} same, {changed} changed; {bits} bit-equal")


def _add(table: Table, line: dict) -> None:
    """A line a number or phase of this cell that changed, its names on the first."""
    names = [name for name in (*line["changed"].split(", "), *line["times"].split(", ")) if name]
    seeds = f"{line['ok_a']:.0f}/{line['seeds_a']:.0f}, {line['ok_b']:.0f}/{line['seeds_b']:.0f}"
    first = (line["sampler"], _place(line), seeds, f"{line['equal']:.0f} of {line['paired']:.0f}")
    for place, name in enumerate(names):
        cells = first if place == 0 else ("",) * len(first)
        table.add_row(*cells, name, *(_value(line, name, side) for side in "ab"), line["cause"])


def _value(line: dict, name: str, side: str) -> str:
    """The mean of a number (geometric if positive), the median of seconds, or the ok seeds."""
    columns = (
        {"ok": "ok"} | {own: f"{own}.mean" for own in NUMBERS} | {own: f"{own}.median" for own in SECONDS}
    )
    value = line[f"{columns[name]}_{side}"]
    return number(float(np.exp(value)) if name in POSITIVE else value, 3)


def _list(console: Console, what: str, cells: pd.DataFrame) -> None:
    if len(cells):
        _plain(console, f"{what}: {_cells(len(cells))}")
        for line in cells.loc[:, list(PLACE)].to_dict("records"):
            what = f"{line['draws']} draws, {line['precision']}"
            _plain(console, f"    {line['sampler']} x {_place(line)}, {what}")


def _place(line: dict) -> str:
    """The target, and the budget if there is one."""
    unit = line["budget_unit"]
    return line["target"] + (f" for {number(line['budget'])} {unit}" if unit else "")


def _cells(count: int) -> str:
    return f"{count} cell" + "s" * (count != 1)


def _plain(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
