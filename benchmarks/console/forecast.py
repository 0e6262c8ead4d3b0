"""What `bridgemark run --dry-run` prints: what would be run, and how long that would take."""

from collections.abc import Sequence

from rich.console import Console

from bridgemark.benchmarks.console.plain_text import print_plain
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.sweep.forecast import forecast
from bridgemark.benchmarks.sweep.request import Cell
from bridgemark.benchmarks.text import count, duration


def print_forecast(
    rows: Sequence[Row], cells: Sequence[Cell], earlier: Sequence[Row], workers: int, console: Console
) -> None:
    """Print how many rows the grid has, how many are stored, and how long the others would take.

    `cells` are those to run, `workers` of them at a time. `earlier` are rows that have ended before.
    """
    all_cells = len({(row.sampler, row.target) for row in rows})
    missing = sum(len(cell.rows) for cell in cells)
    print_plain(
        console,
        f"{count(len(rows), 'row')} in {count(all_cells, 'cell')}: {missing} in {count(len(cells), 'cell')} "
        f"to run, {len(rows) - missing} stored already",
    )
    expected = forecast(cells, earlier)
    counted = len(cells) - expected.unknown
    if counted:
        together = duration(expected.seconds / min(workers, counted))
        at_a_time = f", {together} with {workers} at a time" if workers > 1 else ""
        print_plain(console, f"expected: {duration(expected.seconds)} of a core{at_a_time}, without scoring")
    if expected.unknown:
        print_plain(console, f"unknown for {count(expected.unknown, 'cell')} without an earlier row")
    print_plain(console, "nothing was run")
