"""Rows put together: what is published after others are added."""

from collections.abc import Iterable

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.row_table import drop_superseded, row_table
from bridgemark.benchmarks.rows.row import Row


def merge(before: Iterable[Row], added: Iterable[Row]) -> list[Row]:
    """Both, without those of the first that have the identity of one of the second."""
    rows = {row.identity: row for row in before} | {row.identity: row for row in added}
    return list(rows.values())


def current(rows: list[Row]) -> list[Row]:
    """The rows that no later edit of their sampler or target and no later run superseded."""
    if not rows:
        return []
    identities = set(drop_superseded(row_table(rows))[columns.IDENTITY])
    return [row for row in rows if row.identity in identities]
