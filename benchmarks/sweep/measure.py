"""Runs a cell: compiles once, then fits, draws, times and scores each seed and stores its row at once."""

import resource
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import NamedTuple, TypeAlias

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.cost import total
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.scores import metrics
from bridgemark.benchmarks.scores.shown_draws import shown_draws
from bridgemark.benchmarks.sweep.failures import failure_of
from bridgemark.benchmarks.sweep.plausible import (
    require_finite,
    require_moved,
    require_plausible_density,
    require_recovered,
)
from bridgemark.benchmarks.sweep.programs import Programs, timed
from bridgemark.benchmarks.sweep.sizing import prepare
from bridgemark.samplers.base import Draws, Fit, Sampler, State
from bridgemark.targets.base import Target

FIT, SAMPLE, METRIC, RETRACE = 0, 1, 2, 4  # folded into a seed's key, one per use; 3 belongs to trial runs
REPEATS = 3  # sets of draws of one fit
PILOT = "pilot_gradients"  # gradients of the fit that went into finding coordinates
MAX_STORED_DRAWS = 2_000
MAX_STORED_DIM = 10  # of a target of a larger dimension, only two coordinates are stored
MAX_INFO_SIZE = 20_000  # entries of an info array

Arrays: TypeAlias = dict[str, np.ndarray]
# Sends a report to the parent process: phase=TEXT when a phase begins, stored=IDENTITY when a row is stored.
Report: TypeAlias = Callable[..., None]


class Repeats(NamedTuple):
    """Further sets of draws of one fit: values of each metric, the first set included, and median seconds."""

    metrics: dict[str, list[float | None]]
    steady_seconds: float


def run_cell(
    sampler: Sampler, target: Target, rows: list[Row], store: Store, report: Report, costly: bool = False
) -> None:
    """Run and store every row. The rows differ by budget and seed.

    A seed that fails does not stop the others. Compilation happens once per budget, and all rows of that
    budget have the same `compile_seconds`.
    """
    rows = [replace(row, device=environment.device(), started=_now()) for row in rows]
    for _, group in groupby(rows, key=lambda row: (row.budget, row.budget_unit)):
        _run_seeds(sampler, target, list(group), store, report, costly)


def _run_seeds(
    sampler: Sampler, target: Target, rows: list[Row], store: Store, report: Report, costly: bool
) -> None:
    """Run and store rows that differ by seed alone."""
    budget = rows[0].budget
    report(phase="compiling" if budget is None else f"finding the size for a budget of {budget:g}")
    try:
        prepared = prepare(sampler, target, rows[0])
    except Exception as error:
        failure = failure_of(error)
        for row in rows:
            _store_row(store, report, replace(row, status=failure.status, reason=failure.reason), {})
        return
    for row in rows:
        row, arrays = run_seed(prepared.programs, target, replace(row, started=_now()), report, costly)
        if row.status == "ok":
            row = replace(row, met_by=prepared.met_by, note=prepared.note(row))
        _store_row(store, report, row, arrays)


def run_seed(
    programs: Programs, target: Target, row: Row, report: Report, costly: bool = False
) -> tuple[Row, Arrays]:
    """Run one seed. Returns the row with its results, and the arrays to store beside it.

    After an exception the row is a failure, with what was known by then. Seconds are wall seconds from the
    call of a compiled program until its last output is ready.
    """
    row, arrays = replace(row, compile_seconds=programs.seconds), {}
    key = jax.random.key(row.seed)
    try:
        report(phase=f"fitting seed {row.seed}")
        fit, seconds = timed(programs.fit, jax.random.fold_in(key, FIT))
        row = replace(row, fit_seconds=seconds, fit_evals=total(fit.evals))

        report(phase=f"sampling seed {row.seed}")
        (state, draws), seconds = timed(programs.sample, jax.random.fold_in(key, SAMPLE), fit.state)
        row = replace(row, sample_seconds=seconds, sample_evals=total(draws.evals))

        fit_on_host, draws = jax.device_get(fit._replace(state=())), jax.device_get(draws)
        arrays = arrays_to_store(fit_on_host, draws)
        require_recovered(fit_on_host)
        require_finite(draws)
        require_moved(draws)
        x = np.reshape(draws.x, (-1, draws.x.shape[-1]))
        require_plausible_density(np.asarray(programs.log_prob(x)), draws)

        report(phase=f"scoring seed {row.seed}")
        scores = score(target, draws, row, programs, fit.state, key, costly)
        pilot = {PILOT: float(fit_on_host.info[PILOT])} if PILOT in fit_on_host.info else {}
        row = replace(row, metrics=scores.metrics | pilot, floors=scores.floors, errors=scores.errors)
        row = replace(row, shown_draws=shown_draws(draws))

        report(phase=f"sampling seed {row.seed} again")
        repeats = repeat_draws(programs, target, key, state, row.metrics)
        row = replace(row, repeats=repeats.metrics, steady_seconds=repeats.steady_seconds)
        row = replace(row, status="ok", reason=None)
    except Exception as error:
        failure = failure_of(error)
        row = replace(row, status=failure.status, reason=failure.reason)
    return replace(row, peak_memory_mb=_peak_memory_mb()), arrays


def score(
    target: Target,
    draws: Draws,
    row: Row,
    programs: Programs,
    fit_state: State,
    key: PRNGKeyArray,
    costly: bool,
) -> metrics.Evaluation:
    """Score draws. `row` holds what they cost, `fit_state` is the state that `fit` returned.

    `key` is the seed's key.
    """
    assert row.fit_evals is not None
    assert row.sample_evals is not None
    assert row.fit_seconds is not None
    assert row.sample_seconds is not None
    log_weights = None
    if programs.retrace is not None:
        log_weights = np.asarray(programs.retrace(jax.random.fold_in(key, RETRACE), fit_state), np.float64)
    return metrics.evaluate(
        target,
        draws,
        fit_gradients=row.fit_evals.gradients,
        sample_gradients=row.sample_evals.gradients,
        fit_seconds=row.fit_seconds,
        sample_seconds=row.sample_seconds,
        key=jax.random.fold_in(key, METRIC),
        forward_log_weights=log_weights,
        with_costly=costly,
    )


def repeat_draws(
    programs: Programs,
    target: Target,
    key: PRNGKeyArray,
    state: State,
    first_metrics: dict[str, float | None],
) -> Repeats:
    """Draw again from the same fit, as often as REPEATS says; chains continue from `state`.

    `key` is the seed's key, `first_metrics` are those of the first set of draws. What the repetitions cost is
    not charged to the row.
    """
    values: dict[str, list[float | None]] = {}
    seconds = []
    for repeat in range(1, REPEATS):
        key_repeat = jax.random.fold_in(jax.random.fold_in(key, SAMPLE), repeat)
        (state, draws), draw_seconds = timed(programs.sample, key_repeat, state)
        seconds.append(draw_seconds)
        for name, value in metrics.evaluate_without_exact_draws(target, jax.device_get(draws)).items():
            values.setdefault(name, [first_metrics[name]]).append(value)
    return Repeats(values, float(np.median(seconds)))


def arrays_to_store(fit: Fit, draws: Draws) -> Arrays:
    """Arrays for the figures: draws evenly spaced over all chains, their log weights, small info arrays."""
    x = np.reshape(draws.x, (-1, draws.x.shape[-1]))
    chosen = np.linspace(0, len(x) - 1, min(MAX_STORED_DRAWS, len(x))).astype(int)
    coordinates = x.shape[1] if x.shape[1] <= MAX_STORED_DIM else 2
    arrays: Arrays = {"x": x[chosen, :coordinates]}
    if draws.log_weights is not None:
        arrays["log_weights"] = np.ravel(draws.log_weights)[chosen]
    for phase, info in (("fit", fit.info), ("sample", draws.info)):
        for name, values in info.items():
            if np.size(values) < MAX_INFO_SIZE:
                arrays[f"{phase}_{name}"] = np.asarray(values)
    return arrays


def _store_row(store: Store, report: Report, row: Row, arrays: Arrays) -> None:
    store.write(row, arrays)
    report(stored=row.identity)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _peak_memory_mb() -> float:
    """The largest memory that this process has occupied so far, earlier seeds included."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
