"""Stores of several machines put together."""

from collections.abc import Iterable

from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import SETTLED, Store


def merge_stores(sources: Iterable[Store], into: Store) -> int:
    """Copy rows with their arrays into a store, and return how many. A settled row is never replaced.

    Of two rows of one identity that failed, the one that was started last stays. Raises BadInput for a row
    that cannot be read or written.
    """
    copied = 0
    for source in sources:
        for row in source.read_all():
            if _is_better(row, into.find(row)):
                into.write(row, source.arrays(row))
                copied += 1
    return copied


def _is_better(row: Row, stored: Row | None) -> bool:
    if stored is None:
        return True
    if stored.status in SETTLED:
        return False
    return row.status in SETTLED or (row.started or "") > (stored.started or "")
