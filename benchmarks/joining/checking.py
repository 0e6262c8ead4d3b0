"""Checks rows that were sent in: a random share of them is run again."""

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from bridgemark.benchmarks.joining.agreement import Agreement, compare_runs
from bridgemark.benchmarks.joining.rerun import run_again
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.row import Row


def choose_rows(rows: Sequence[Row], share: float, seed: int) -> list[Row]:
    """A random share of the rows that are ok, at least one, in their own order; of others if none is ok.

    Nobody gains by a row that says that it failed, and a timeout would have to be waited for.
    """
    candidates = [row for row in rows if row.status == "ok"] or list(rows)
    number = min(len(candidates), max(1, math.ceil(share * len(candidates))))
    chosen = sorted(random.Random(seed).sample(range(len(candidates)), number))
    return [candidates[index] for index in chosen]


def check(
    chosen: Sequence[Row],
    rows: Sequence[Row],
    plugins: tuple[str, ...],
    console: Console,
    timeout: float | None = None,
) -> Iterator[Agreement]:
    """Run each of the chosen rows again and compare; other seeds among `rows` show the noise."""
    for row in chosen:
        again = run_again(row, plugins, console, timeout)
        yield compare_runs(row, again, rows, checks=len(chosen))


def mark(path: Path, rows: Iterable[Row], agreements: Iterable[Agreement]) -> int:
    """Write rows again into their published file, those that agreed as rerun; return the number of these.

    Only rows that were sent in are marked.
    """
    agreed = {agreement.before.identity for agreement in agreements if agreement.agrees}
    marked, number = [], 0
    for row in rows:
        if row.identity in agreed and row.origin == "sent in":
            row, number = replace(row, origin="sent in and rerun"), number + 1
        marked.append(row)
    published.write(marked, path.parent)
    return number
