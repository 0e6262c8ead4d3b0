"""What `bridgemark run` prints at its end, and `bridgemark show`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table

from bridgemark.benchmarks.console.plain_text import add_plain_row, plain, print_plain
from bridgemark.benchmarks.rows.command import command_of
from bridgemark.benchmarks.rows.row import STATUSES, Row, worst_status
from bridgemark.benchmarks.rows.store import SETTLED, Store
from bridgemark.benchmarks.text import count, duration


def print_summary(rows: Sequence[Row], ran: int, store: Store, console: Console) -> None:
    """Print the outcome of a sweep that ran `ran` of these rows; the others were stored before.

    First the worst status and the seconds of all seeds, by sampler and target. Then the number of rows by
    status, and at last every failure with its reason.
    """
    _print_statuses(rows, console)
    counted = Counter(row.status for row in rows)
    by_status = ", ".join(f"{counted[status]} {status}" for status in STATUSES if counted[status])
    before = len(rows) - ran
    print_plain(console, f"{count(len(rows), 'row')}: {by_status}; {ran} run now, {before} stored before")
    failed = [row for row in rows if row.status not in SETTLED]
    for _, group in groupby(failed, key=lambda row: (row.sampler, row.target, row.status, row.reason)):
        _print_failures(list(group), store, console)


def print_row(row: Row) -> None:
    """Print a row in full: its fields, the command that makes it, and metrics with floors and errors."""
    scores = {"metrics": row.metrics, "floors": row.floors, "errors": row.errors}
    fields = Table("field", "value", show_header=False)
    for name, value in row.to_json().items():
        if name not in scores:
            add_plain_row(fields, name, "-" if value is None else str(value))
    add_plain_row(fields, "made by", command_of(row))
    metrics = Table("metric", *scores)
    for name in dict.fromkeys(name for values in scores.values() for name in values):
        add_plain_row(metrics, name, *(_number(values.get(name)) for values in scores.values()))
    Console().print(fields, metrics)


def _print_statuses(rows: Sequence[Row], console: Console) -> None:
    """Print tables with a line per sampler and a column per target, as many targets as fit side by side."""
    by_cell: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_cell.setdefault((row.sampler, row.target), []).append(row)
    samplers = list(dict.fromkeys(row.sampler for row in rows))
    columns = []
    for target in dict.fromkeys(row.target for row in rows):
        entries = [_status_and_seconds(by_cell.get((sampler, target), [])) for sampler in samplers]
        columns.append([target, *entries])
    names = ["sampler", *samplers]
    for block in _side_by_side(columns, console.width - _width(names) - 1):
        headings, *lines = zip(names, *block, strict=True)
        table = Table()
        for heading in headings:
            table.add_column(plain(heading), no_wrap=True)
        for line in lines:
            add_plain_row(table, *line)
        console.print(table)


def _side_by_side(columns: Sequence[list[str]], room: int) -> Iterator[list[list[str]]]:
    """Blocks of columns that take at most `room` characters; a block has at least one column."""
    block: list[list[str]] = []
    left = room
    for column in columns:
        if block and _width(column) > left:
            yield block
            block, left = [], room
        block.append(column)
        left -= _width(column)
    if block:
        yield block


def _width(column: Sequence[str]) -> int:
    """The characters that a column of a table takes, with a space on both sides and a line beside it."""
    return max(map(len, column)) + 3


def _status_and_seconds(rows: Sequence[Row]) -> str:
    """The worst status and the seconds of all seeds; the compilation that they share is counted once."""
    if not rows:
        return "-"
    seconds = max(row.compile_seconds or 0.0 for row in rows)
    seconds += sum((row.fit_seconds or 0.0) + (row.sample_seconds or 0.0) for row in rows)
    return f"{worst_status(rows)} {duration(seconds)}" if seconds else worst_status(rows)


def _print_failures(rows: Sequence[Row], store: Store, console: Console) -> None:
    """Print seeds of one cell that failed for the same reason, and where to read more about the first."""
    first = rows[0]
    seeds = f"seed{'s' * (len(rows) > 1)} {', '.join(str(row.seed) for row in rows)}"
    print_plain(console, f"{first.status}: {first.sampler} x {first.target}, {seeds}: {first.reason}")
    print_plain(console, f"    bridgemark show {first.identity}; log: {store.log(first)}")


def _number(value: float | None) -> str:
    """Six digits; a dash where a metric has no meaning."""
    return "-" if value is None else f"{value:.6g}"
