"""What `bridgemark run` prints at its end, and `bridgemark show`."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table

from bridgemark.benchmarks.console.plain_text import add_plain_row, plain, print_plain
from bridgemark.benchmarks.rows.row import STATUSES, Row, worst_status
from bridgemark.benchmarks.rows.store import SETTLED, Store
from bridgemark.benchmarks.text import count


def print_summary(rows: Sequence[Row], ran: int, store: Store, console: Console) -> None:
    """Print the outcome of a sweep that ran `ran` of these rows; the others were stored before.

    First a table of targets by samplers, with the worst status and the seconds of all seeds. Then the number
    of rows by status, and at last every failure with its reason.
    """
    console.print(_status_table(rows))
    counted = Counter(row.status for row in rows)
    by_status = ", ".join(f"{counted[status]} {status}" for status in STATUSES if counted[status])
    before = len(rows) - ran
    print_plain(console, f"{count(len(rows), 'row')}: {by_status}; {ran} run now, {before} stored before")
    failed = [row for row in rows if row.status not in SETTLED]
    for _, group in groupby(failed, key=lambda row: (row.sampler, row.target, row.status, row.reason)):
        _print_failures(list(group), store, console)


def print_row(row: Row) -> None:
    """Print a row in full: its fields, then its metrics with their floors and errors."""
    scores = {"metrics": row.metrics, "floors": row.floors, "errors": row.errors}
    fields = Table("field", "value", show_header=False)
    for name, value in row.to_json().items():
        if name not in scores:
            add_plain_row(fields, name, "-" if value is None else str(value))
    metrics = Table("metric", *scores)
    for name in dict.fromkeys(name for values in scores.values() for name in values):
        add_plain_row(metrics, name, *(_number(values.get(name)) for values in scores.values()))
    Console().print(fields, metrics)


def _status_table(rows: Sequence[Row]) -> Table:
    by_cell: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_cell.setdefault((row.target, row.sampler), []).append(row)
    samplers = list(dict.fromkeys(row.sampler for row in rows))
    table = Table("target")
    for sampler in samplers:
        table.add_column(plain(sampler))
    for target in dict.fromkeys(row.target for row in rows):
        entries = [_status_and_seconds(by_cell.get((target, sampler), [])) for sampler in samplers]
        add_plain_row(table, target, *entries)
    return table


def _status_and_seconds(rows: Sequence[Row]) -> str:
    """The worst status and the seconds of all seeds; the compilation that they share is counted once."""
    if not rows:
        return "-"
    seconds = max(row.compile_seconds or 0.0 for row in rows)
    seconds += sum((row.fit_seconds or 0.0) + (row.sample_seconds or 0.0) for row in rows)
    return f"{worst_status(rows)} {seconds:.1f} s" if seconds else worst_status(rows)


def _print_failures(rows: Sequence[Row], store: Store, console: Console) -> None:
    """Print seeds of one cell that failed for the same reason, and where to read more about the first."""
    first = rows[0]
    seeds = f"seed{'s' * (len(rows) > 1)} {', '.join(str(row.seed) for row in rows)}"
    print_plain(console, f"{first.status}: {first.sampler} x {first.target}, {seeds}: {first.reason}")
    print_plain(console, f"    bridgemark show {first.identity}; log: {store.log(first)}")


def _number(value: float | None) -> str:
    """Six digits; a dash where a metric has no meaning."""
    return "-" if value is None else f"{value:.6g}"
