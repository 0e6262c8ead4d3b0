"""A row: what is stored of one run, of one sampler on one target with one seed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, NamedTuple

from bridgemark.benchmarks.rows.cost import Cost
from bridgemark.benchmarks.text import MAX_LINE, remark

SCHEMA = 2  # of the stored format
Status = Literal["ok", "unsupported", "failed", "timeout", "out of memory"]
# Where a published row comes from: the maintainers of this repository ran it; somebody else sent it in; and
# the maintainers have run that again and found the same.
Origin = Literal["measured here", "sent in", "sent in and rerun"]
ORIGINS: tuple[Origin, ...] = ("measured here", "sent in", "sent in and rerun")
STATUSES: tuple[Status, ...] = ("ok", "unsupported", "failed", "timeout", "out of memory")  # the worst last
COSTS = ("fit_evals", "sample_evals")
# The texts that strangers' code can fill, with the most characters that a row keeps of each. Names and hashes
# are not among them: a wrong one is refused where it is stored or read.
TEXTS = {
    "config": 5_000,
    "device": MAX_LINE,
    "machine": MAX_LINE,
    "commit": MAX_LINE,
    "reason": MAX_LINE,
    "met_by": MAX_LINE,
    "note": MAX_LINE,
    "flags": MAX_LINE,
    "target_hash": MAX_LINE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One run of a sampler on a target with one seed: how it was made, how it ended, its cost and scores.

    What is unknown is None. Every text is one line of bounded length without control characters: whatever a
    row is made from, it becomes that.

    How it was made. `identity` is a hash of everything that determines the numbers: a row whose identity is
    stored is not run again. `config` is the sampler as Python prints it, `source` the hash of its code,
    `fingerprint` that of the target's density, and `target_hash` that of the target's code, data and values.
    `flags` are those of the compiler XLA, and the precision of products where it was set. With
    `uses_exact_draws` the runner gave the sampler exact draws of the target: such a row shows the noise floor
    and is never ranked. With `external` another program drew, and the row was made of a file of its draws:
    the program counted its own evaluations and seconds, which all stand as those of sampling. Such a row is
    never ranked, either.

    Budget. With a `budget`, in `budget_unit`, `config` and `draws` are the settings that the search for a
    size started from. `met_by` describes the run that spent the budget; `note` explains why it missed it.

    Cost. Seconds are wall time until the last output of a phase is ready. `compile_seconds` is shared by the
    seeds of a cell. `sample_seconds` belongs to the first set of draws, `steady_seconds` is the median of the
    sets that followed.

    Truth. `true_log_z` is the log Z that the row was judged by, and `true_log_z_error` its standard error.

    Circumstances. `machine` is the model of the processor that computed, and the driver of a GPU; `load` is
    the average number of processes that were ready to run when the cell started, over the number of cores of
    the machine: seconds of a row with a load above 1 are too long. `origin` is None for rows of one's own.

    Scores. In `metrics`, None means that the metric has no meaning here, and NaN that it failed. `floors`
    holds the same metrics of as many exact, unweighted draws, `errors` the Monte Carlo standard errors.
    `repeats` holds, for each metric, its values over all sets of draws of the same fit; the first is the
    value in `metrics`.

    Picture. `shown_draws` are two coordinates of a few draws, as points of equal weight.
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
    shown_draws: list[list[float]] = field(default_factory=list)
    true_log_z: float | None = None
    true_log_z_error: float | None = None
    machine: str | None = None
    load: float | None = None
    origin: Origin | None = None
    device: str | None = None
    cores: int = 1
    precision: str = "float32"
    flags: str = ""
    target_hash: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    commit: str | None = None
    started: str | None = None
    uses_exact_draws: bool = False
    external: bool = False
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        for name, max_length in TEXTS.items():
            text = getattr(self, name)
            if text:
                object.__setattr__(self, name, remark(text, max_length))  # the class is frozen for its users
        for package, version in self.versions.items():
            self.versions[package] = remark(version)

    def to_json(self) -> dict[str, Any]:
        """The row as dicts, lists, texts and numbers."""
        data = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in COSTS:
            cost = data[name]
            data[name] = cost and asdict(cost)
        return data


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
