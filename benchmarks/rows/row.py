"""A row: what is stored of one sampler on one target with one seed."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bridgemark.benchmarks.rows.cost import Cost

SCHEMA = 1
Status = Literal["ok", "unsupported", "failed", "timeout", "out of memory"]
STATUSES: tuple[str, ...] = ("ok", "unsupported", "failed", "timeout", "out of memory")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row. Seconds are wall seconds of each phase, blocked; unknown is None. `sample_seconds` are of
    the first set of draws, `steady_seconds` the median of those that followed.

    `identity` is a hash of everything that determines the numbers, so an equal one is not run again.
    `metrics`: None = has no meaning here, NaN = offered and failed. `floors`: the same metric of exact
    unweighted draws at the same n. `errors`: Monte Carlo standard error of a metric. `repeats`: metrics
    of every set of draws of the same fit, the first included, which is the one that `metrics` are of.

    With `uses_exact_draws` the sampler was handed exact draws: its row is a noise floor and is never ranked.

    With a `budget`, in `budget_unit`, `config` and `draws` are what it started from, `met_by` says what
    was run to spend it, and `note` why where the spending missed it.
    """

    identity: str
    sampler: str
    config: str
    source: str
    target: str
    target_version: int
    fingerprint: str
    dim: int
    seed: int
    draws: int
    status: Status
    reason: str | None = None
    budget: float | None = None
    budget_unit: Literal["gradients", "seconds"] | None = None
    met_by: str | None = None
    note: str | None = None
    compile_seconds: float | None = None
    fit_seconds: float | None = None
    sample_seconds: float | None = None
    steady_seconds: float | None = None
    peak_memory_mb: float | None = None
    fit_evals: Cost | None = None
    sample_evals: Cost | None = None
    metrics: dict[str, float | None] = field(default_factory=dict)
    floors: dict[str, float | None] = field(default_factory=dict)
    errors: dict[str, float | None] = field(default_factory=dict)
    repeats: dict[str, list[float | None]] = field(default_factory=dict)
    device: str | None = None
    cores: int = 1
    precision: str = "float32"
    versions: dict[str, str] = field(default_factory=dict)
    commit: str | None = None
    started: str | None = None
    uses_exact_draws: bool = False
    schema: int = SCHEMA

    def to_json(self) -> dict[str, Any]:
        """Plain data for the disk."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Row":
        """The record that `to_json` described. Raises KeyError, TypeError or ValueError on anything else."""
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema {data['schema']}, expected {SCHEMA}")
        if data["status"] not in STATUSES:
            raise ValueError(f"unknown status {data['status']!r}")
        costs = {name: data[name] and Cost(**data[name]) for name in ("fit_evals", "sample_evals")}
        return Row(**{**data, **costs})


def worst(rows: Sequence[Row]) -> str:
    """The worst status of several rows, with its share when not all have it."""
    statuses = [row.status for row in rows]
    found = max(statuses, key=STATUSES.index)
    count = statuses.count(found)
    return found if count == len(statuses) else f"{found} ({count} of {len(statuses)})"
