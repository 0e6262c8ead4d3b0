"""Scores draws that another program made, with the metrics of the runner, as rows marked external."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.external import draws_file
from bridgemark.benchmarks.external.layout import ExternalDraws, Layout
from bridgemark.benchmarks.providers import NAME
from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.cost import Cost
from bridgemark.benchmarks.rows.identity import row_identity
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.rows.target_identity import IdentifiedTarget
from bridgemark.benchmarks.rows.value_checks import MAX_AMOUNT, MAX_INTEGER, MAX_NAME
from bridgemark.benchmarks.scores import metrics
from bridgemark.benchmarks.scores.distances import require_transport
from bridgemark.benchmarks.scores.shown_draws import shown_draws
from bridgemark.benchmarks.sweep.identified import identify_targets
from bridgemark.benchmarks.sweep.measure import METRIC, arrays_to_store
from bridgemark.benchmarks.sweep.plan import target_fields, truth_fields
from bridgemark.benchmarks.sweep.plausible import require_finite
from bridgemark.samplers.base import Draws, Fit, evals

CONFIG = SOURCE = "external"  # of a program whose settings and code are not known here
DEVICE = "elsewhere"  # not None: a table takes an unknown device for that of the rows beside it
# What cannot be known of a program that says only what it spent in all.
UNKNOWN_METRICS = {"ess_per_sample_gradient": None}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What a program's user says of each of its runs: names, costs, and an estimate of log Z if it made one.

    The costs are those of everything that the run did, warm-up included.
    """

    name: str
    gradients: int
    values: int
    seconds: float
    log_z: float | None = None


class Run(NamedTuple):
    """One run of a program: its number, and the files that have its draws, one for each chain if several."""

    seed: int
    paths: tuple[Path, ...]


def require_plausible(statement: Statement, plugins: Sequence[str] = ()) -> None:
    """Raise BadInput for costs out of range, and for a name that is wrong or that of a registered sampler."""
    name = statement.name
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise BadInput(f"--name {name!r} must have letters, digits, '-', '_' and '.', at most {MAX_NAME}")
    for option, count in (("gradients", statement.gradients), ("values", statement.values)):
        if not 0 <= count <= MAX_INTEGER:
            raise BadInput(f"--{option} must be from 0 to 2^63 - 1, not {count}")
    if not 0 <= statement.seconds <= MAX_AMOUNT:
        raise BadInput(f"--seconds must be from 0 to {MAX_AMOUNT:g}, not {statement.seconds}")
    if statement.log_z is not None and not abs(statement.log_z) <= MAX_AMOUNT:
        raise BadInput(f"--log-z must be a finite number, not {statement.log_z}")
    if name in registry.samplers(plugins):
        raise BadInput(f"--name {name} is that of a registered sampler; give your program another one")


def score_runs(
    runs: Sequence[Run],
    target_name: str,
    statement: Statement,
    layout: Layout,
    store: Store,
    plugins: Sequence[str] = (),
    costly: bool = False,
) -> list[Row]:
    """Score and store every run as a row.

    A run whose draws or weights are not finite is a failed row. All files are read before anything is stored.
    Raises BadInput for files that cannot be read, for unknown names and for what `require_plausible` refuses.
    """
    require_plausible(statement, plugins)
    if costly:
        require_transport()
    for path in (path for run in runs for path in run.paths):
        draws_file.require_readable(path)
    (target,) = identify_targets([target_name], tuple(plugins))
    dim = target.target.density.dim
    draws = [as_draws(_read(run.paths, dim, layout), layout, statement.log_z) for run in runs]
    store.require_writable()
    rows = []
    for run, drawn in zip(runs, draws, strict=True):
        row = _planned_row(run, target, drawn, statement, layout, costly)
        rows.append(_scored(row, target, drawn, costly))
        arrays = arrays_to_store(Fit(state=(), evals=evals(), info={}), drawn)
        store.write(rows[-1], arrays)
    return rows


def as_draws(external: ExternalDraws, layout: Layout, log_z: float | None) -> Draws:
    """The draws as the runner has them.

    Weighted draws are independent, unless a file tells chains apart or `log_z` says that they were resampled:
    then log Z is not estimated from their weights.
    """
    x, log_weights = external
    if log_weights is not None and log_z is None and layout.chains is None and len(x) == 1:
        x, log_weights = np.swapaxes(x, 0, 1), np.swapaxes(log_weights, 0, 1)
    estimates: Any = None if log_z is None else np.array([log_z])
    arrays: Any = x, log_weights
    return Draws(*arrays, log_z=estimates, evals=evals(), info={})


def _read(paths: Sequence[Path], dim: int, layout: Layout) -> ExternalDraws:
    """The draws of one run; the chains of several files are put together."""
    parts = [draws_file.read(path, dim, layout) for path in paths]
    lengths = [part.x.shape[1] for part in parts]
    if len(set(lengths)) > 1:
        raise BadInput(f"the files have chains of {min(lengths)} to {max(lengths)} draws; cut them alike")
    log_weights = [part.log_weights for part in parts if part.log_weights is not None]
    joined = np.concatenate(log_weights) if log_weights else None
    return ExternalDraws(np.concatenate([part.x for part in parts]), joined)


def _planned_row(
    run: Run, target: IdentifiedTarget, draws: Draws, statement: Statement, layout: Layout, costly: bool
) -> Row:
    """The row of a run, before it is scored."""
    fields = _fields(run, target, draws, statement)
    versions = environment.versions(costly, target.packages)
    return Row(
        **fields,
        identity=_identity(fields, run, statement, layout, versions, costly),
        status="failed",
        reason="never scored",
        compile_seconds=0.0,
        fit_seconds=0.0,
        sample_seconds=statement.seconds,
        fit_evals=Cost(values=0, gradients=0, simulations=0),
        sample_evals=Cost(values=statement.values, gradients=statement.gradients, simulations=0),
        **truth_fields(target.target),
        versions=versions,
        commit=environment.commit(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _fields(run: Run, target: IdentifiedTarget, draws: Draws, statement: Statement) -> dict[str, Any]:
    """The fields of a row that say what was scored."""
    return {
        "sampler": statement.name,
        "config": CONFIG,
        "source": SOURCE,
        **target_fields(target.target, target.fingerprint, target.hash),
        "seed": run.seed,
        "draws": draws.x.shape[0] * draws.x.shape[1],
        "precision": "float64",
        "device": DEVICE,
        "external": True,
    }


def _identity(
    fields: dict[str, Any],
    run: Run,
    statement: Statement,
    layout: Layout,
    versions: dict[str, str],
    costly: bool,
) -> str:
    """The identity of a row with these fields: it hashes them, the files of draws and what was stated."""
    return row_identity(
        **fields,
        files=[draws_file.hash_of(path) for path in run.paths],
        layout=layout,
        statement=vars(statement),
        packages={name: version for name, version in versions.items() if name != "python"},
        metrics=metrics.VERSION,
        costly=costly,
    )


def _scored(row: Row, target: IdentifiedTarget, draws: Draws, costly: bool) -> Row:
    """The row with its scores, or with the reason why there are none."""
    assert row.sample_evals is not None
    assert row.sample_seconds is not None
    try:
        require_finite(draws)
    except ValueError as error:
        return replace(row, reason=str(error))
    evaluation = metrics.evaluate(
        target.target,
        draws,
        fit_gradients=0,
        sample_gradients=row.sample_evals.gradients,
        fit_seconds=0.0,
        sample_seconds=row.sample_seconds,
        key=jax.random.fold_in(jax.random.key(row.seed), METRIC),
        with_costly=costly,
    )
    return replace(
        row,
        status="ok",
        reason=None,
        metrics=evaluation.metrics | UNKNOWN_METRICS,
        floors=evaluation.floors,
        errors=evaluation.errors,
        shown_draws=shown_draws(draws),
    )
