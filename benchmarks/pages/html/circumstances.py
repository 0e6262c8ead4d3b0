"""How stored rows were made: distinct circumstances, numbered, so that a page names them once."""

from collections.abc import Iterable
from typing import NamedTuple

from bridgemark.benchmarks.rows.row import Row


class Circumstances(NamedTuple):
    """What rows have in common that were made by the same code and packages on the same machine."""

    device: str
    machine: str
    cores: int
    precision: str
    flags: str
    commit: str
    versions: str


def circumstances_of(row: Row) -> Circumstances:
    """The circumstances of one row; what is unknown says so."""
    versions = ", ".join(f"{name} {version}" for name, version in sorted(row.versions.items()))
    return Circumstances(
        row.device or "unknown",
        row.machine or "unknown",
        row.cores,
        row.precision,
        row.flags or "none",
        row.commit or "unknown",
        versions or "unknown",
    )


def number_circumstances(rows: Iterable[Row]) -> dict[Circumstances, int]:
    """A number from 1 on for each distinct circumstances, in the order of the rows."""
    numbers: dict[Circumstances, int] = {}
    for row in rows:
        numbers.setdefault(circumstances_of(row), len(numbers) + 1)
    return numbers
