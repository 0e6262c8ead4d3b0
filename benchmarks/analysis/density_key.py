"""What tells densities apart among stored rows."""

from typing import NamedTuple

from bridgemark.benchmarks.rows.row import Row


class DensityKey(NamedTuple):
    """What identifies a density on a page, in the order of its sections."""

    dim: int
    target: str
    version: int
    fingerprint: str


def key_of_row(row: Row) -> DensityKey:
    """The key of the density of a row."""
    return DensityKey(row.dim, row.target, row.target_version, row.fingerprint)
