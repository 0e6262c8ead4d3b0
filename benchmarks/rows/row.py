"""A row: what is stored of one run, of one sampler on one target with one seed."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from bridgemark.benchmarks.rows.cost import Cost

SCHEMA = 1
Status = Literal["ok", "unsupported", "failed", "timeout", "out of memory"]
STATUSES: tuple[Status, ...] = ("ok", "unsupported", "failed", "timeout", "out of memory")  # the worst last


@dataclass(frozen=True, kw_only=True)
class Row:
    """One run of a sampler on a target with one seed: how it was made, how it ended, its cost and scores.

    What is unknown is None.

    How it was made. `identity` is a hash of everything that determines the numbers: a row whose identity is
    stored is not run again. `config` is the sampler as Python prints it, `source` the hash of its code,
    `fingerprint` that of the target's density. With `uses_exact_draws` the runner gave the sampler exact
    draws of the target: such a row shows the noise floor and is never ranked.

    Budget. With a `budget`, in `budget_unit`, `config` and `draws` are the settings that the search for a
    size started from. `met_by` describes the run that spent the budget; `note` explains why it missed it.

    Cost. Seconds are wall time until the last output of a phase is ready. `compile_seconds` is shared by the
    seeds of a cell. `sample_seconds` belongs to the first set of draws, `steady_seconds` is the median of the
    sets that followed.

    Scores. In `metrics`, None means that the metric has no meaning here, and NaN that it failed. `floors`
    holds the same metrics of as many exact, unweighted draws, `errors` the Monte Carlo standard errors.
    `repeats` holds, for each metric, its values over all sets of draws of the same fit; the first is the
    value in `metrics`.
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
        """The row as dicts, lists, texts and numbers."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Row":
        """The row that `to_json` described. Raises KeyError, TypeError or ValueError on anything else."""
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema {data['schema']}, expected {SCHEMA}")
        if data["status"] not in STATUSES:
            raise ValueError(f"unknown status {data['status']!r}")
        costs = {name: data[name] and Cost(**data[name]) for name in ("fit_evals", "sample_evals")}
        return Row(**{**data, **costs})


class Failure(NamedTuple):
    """Why a row has no result: its status, which is not ok, and the reason on one line."""

    status: Status
    reason: str


def worst_status(rows: Sequence[Row]) -> str:
    """The worst status of several rows, with how many have it unless all do."""
    statuses = [row.status for row in rows]
    worst = max(statuses, key=STATUSES.index)
    count = statuses.count(worst)
    return worst if count == len(statuses) else f"{worst} ({count} of {len(statuses)})"
