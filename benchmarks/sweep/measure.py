"""One cell's work: compile once, then fit, draw, time and judge each seed, and store its row at once."""

import resource
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.cost import total
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.scores import metrics
from bridgemark.benchmarks.sweep.programs import Programs, timed
from bridgemark.benchmarks.sweep.sizing import prepare
from bridgemark.samplers.base import Draws, Fit, Sampler, Unsupported
from bridgemark.targets.base import Target

FIT, SAMPLE, METRIC = 0, 1, 2  # what a seed's key is folded with; 3 is a trial's
REPEATS = 3  # sets of draws of one fit
PILOT = "pilot_gradients"  # of the fit, what finding coordinates took
KEPT_DRAWS = 2_000
KEPT_ALL_COORDINATES = 10  # up to this dimension; the first two of a larger target
KEPT_INFO = 20_000  # entries of an info array

Say = Callable[..., None]


def run_cell(
    sampler: Sampler, target: Target, rows: list[Row], store: Store, say: Say, costly: bool = False
) -> None:
    """Run and store every row (they differ by budget and seed). A seed that fails does not stop the others.

    Compiling happens once a budget: all its rows bear the same `compile_seconds`, so a sum over seeds
    must count them once.
    """
    rows = [replace(row, device=environment.device(), started=_now()) for row in rows]
    for _, group in groupby(rows, key=lambda row: (row.budget, row.budget_unit)):
        _run_seeds(sampler, target, list(group), store, say, costly)


def _run_seeds(
    sampler: Sampler, target: Target, rows: list[Row], store: Store, say: Say, costly: bool
) -> None:
    say(phase="compiling" if rows[0].budget is None else f"finding what {rows[0].budget:g} buys")
    try:
        prepared = prepare(sampler, target, rows[0])
    except Exception as error:
        for row in rows:
            _finish(store, say, replace(row, **_verdict(error)), {})
        return
    for row in rows:
        row, arrays = run_seed(prepared.programs, target, replace(row, started=_now()), say, costly)
        if row.status == "ok":
            row = replace(row, met_by=prepared.met_by, note=prepared.note(row))
        _finish(store, say, row, arrays)


def run_seed(
    programs: Programs, target: Target, row: Row, say: Say, costly: bool = False
) -> tuple[Row, dict[str, np.ndarray]]:
    """The finished row of one seed and the arrays worth keeping; an exception becomes a failed row.

    Seconds are wall seconds around the compiled call, until its last output is there.
    """
    done: dict[str, Any] = {"compile_seconds": programs.seconds}
    arrays: dict[str, np.ndarray] = {}
    key = jax.random.key(row.seed)
    try:
        say(phase=f"fitting seed {row.seed}")
        fit, done["fit_seconds"] = timed(programs.fit, jax.random.fold_in(key, FIT))
        done["fit_evals"] = total(fit.evals)
        say(phase=f"sampling seed {row.seed}")
        (state, draws), done["sample_seconds"] = timed(
            programs.sample, jax.random.fold_in(key, SAMPLE), fit.state
        )
        done["sample_evals"] = total(draws.evals)
        traces, draws = jax.device_get(fit._replace(state=())), jax.device_get(draws)
        arrays = kept(traces, draws)
        require_recovered(traces)
        require_finite(draws)
        say(phase=f"judging seed {row.seed}")
        done |= judge(target, draws, done, programs, fit.state, jax.random.fold_in(key, METRIC), costly)
        done["metrics"] |= {name: float(traces.info[name]) for name in (PILOT,) if name in traces.info}
        say(phase=f"sampling seed {row.seed} again")
        done |= again(programs, target, key, state, done["metrics"]) | {"status": "ok", "reason": None}
    except Exception as error:
        done |= _verdict(error)
    return replace(row, **done, peak_memory_mb=_peak_memory_mb()), arrays


def again(
    programs: Programs, target: Target, key: PRNGKeyArray, state: Any, first: dict[str, float | None]
) -> dict[str, Any]:
    """More draws of the same fit, as fields of a record: their metrics beside the first's, and seconds.

    Chains go on from where they were; what this costs is not the row's.
    """
    repeats = {}
    seconds = []
    for repeat in range(1, REPEATS):
        key_again = jax.random.fold_in(jax.random.fold_in(key, SAMPLE), repeat)
        (state, draws), took = timed(programs.sample, key_again, state)
        seconds.append(took)
        for name, value in metrics.brief(target, jax.device_get(draws)).items():
            repeats.setdefault(name, [first[name]]).append(value)
    return {"repeats": repeats, "steady_seconds": float(np.median(seconds))}


def judge(
    target: Target,
    draws: Draws,
    done: dict[str, Any],
    programs: Programs,
    state: Any,
    key: PRNGKeyArray,
    costly: bool,
) -> dict[str, Any]:
    """Metrics, floors and errors of finished draws, as fields of a record; `state` is that of the fit."""
    retraced = None if programs.retrace is None else np.asarray(programs.retrace(key, state), np.float64)
    evaluation = metrics.evaluate(
        target,
        draws,
        fit_gradients=done["fit_evals"].gradients,
        sample_gradients=done["sample_evals"].gradients,
        fit_seconds=done["fit_seconds"],
        sample_seconds=done["sample_seconds"],
        key=key,
        forward_log_weights=retraced,
        with_costly=costly,
    )
    return {"metrics": evaluation.metrics, "floors": evaluation.floors, "errors": evaluation.errors}


def require_recovered(fit: Fit) -> None:
    """Raise ValueError where training ended with a run of skipped updates, a twentieth of them or more."""
    skipped = np.asarray(fit.info.get("skipped", np.zeros(0, bool)), bool)
    since = int(np.argmin(skipped[::-1])) if not skipped.all() else skipped.size
    if skipped.size and since >= max(skipped.size // 20, 1):
        raise ValueError(
            f"training never recovered: the last {since} of {skipped.size} updates were skipped, because "
            "their gradient was not finite"
        )


def require_finite(draws: Draws) -> None:
    """Raise ValueError unless every draw and log Z is finite and the weights are weights (log 0 is one)."""
    broken = int(np.sum(~np.isfinite(draws.x).all(axis=-1)))
    if broken:
        raise ValueError(f"{broken} of {draws.x.shape[0] * draws.x.shape[1]} draws are not finite")
    weights = draws.log_weights
    if weights is not None and not (np.all(weights < np.inf) and np.any(weights > -np.inf)):
        raise ValueError("a log weight is NaN or infinite, or all weights are zero")
    if draws.log_z is not None and not np.all(np.isfinite(draws.log_z)):
        raise ValueError("a log Z estimate is not finite")


def kept(fit: Fit, draws: Draws) -> dict[str, np.ndarray]:
    """Arrays for the figures: draws evenly spaced over all chains, their log weights, small info arrays."""
    x = np.reshape(draws.x, (-1, draws.x.shape[-1]))
    chosen = np.linspace(0, len(x) - 1, min(KEPT_DRAWS, len(x))).astype(int)
    arrays: dict[str, np.ndarray] = {"x": x[chosen, : None if x.shape[1] <= KEPT_ALL_COORDINATES else 2]}
    if draws.log_weights is not None:
        arrays["log_weights"] = np.ravel(draws.log_weights)[chosen]
    for phase, info in (("fit", fit.info), ("sample", draws.info)):
        arrays |= {f"{phase}_{k}": np.asarray(v) for k, v in info.items() if np.size(v) < KEPT_INFO}
    return arrays


def _finish(store: Store, say: Say, row: Row, arrays: dict[str, np.ndarray]) -> None:
    store.write(row, arrays)
    say(done=row.identity)


def _verdict(error: Exception) -> dict[str, Any]:
    """Status and one-line reason of what was raised; the whole traceback goes to standard error."""
    if isinstance(error, Unsupported):
        return {"status": "unsupported", "reason": str(error)}
    traceback.print_exception(error)
    text = " ".join(f"{type(error).__name__}: {error}".split())
    short = "out of memory" if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in text else "failed"
    return {"status": short, "reason": text[:300]}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _peak_memory_mb() -> float:
    """Largest resident memory of this process so far, all seeds before included."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
