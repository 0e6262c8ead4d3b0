"""One cell's work: compile once, then fit, draw, time and judge each seed, and store its row at once."""

import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from benchmarks import environment, metrics
from benchmarks.record import Cost, Record
from benchmarks.store import Store
from samplers.base import Draws, Evals, Fit, Sampler, Unsupported
from targets.base import Target

FIT, SAMPLE, METRIC = 0, 1, 2  # what a seed's key is folded with
PILOT = "pilot_gradients"  # of the fit, what finding coordinates took
KEPT_DRAWS = 2_000
KEPT_ALL_COORDINATES = 10  # up to this dimension; the first two of a larger target
KEPT_INFO = 20_000  # entries of an info array

Say = Callable[..., None]


class Programs(NamedTuple):
    """The two compiled phases, and the seconds that tracing and compiling both took."""

    fit: Callable[[PRNGKeyArray], Fit]
    sample: Callable[[PRNGKeyArray, Any], tuple[Any, Draws]]
    seconds: float


def run_cell(sampler: Sampler, target: Target, rows: list[Record], store: Store, say: Say) -> None:
    """Run and store every row (they differ by seed). A seed that fails does not stop the others.

    Compiling happens once: all rows bear the same `compile_seconds`, the cell's, so a sum over seeds
    must count them once.
    """
    say(phase="compiling")
    rows = [replace(row, device=environment.device(), started=_now()) for row in rows]
    try:
        programs = compile_phases(sampler, target, rows[0].draws)
    except Exception as error:
        for row in rows:
            _finish(store, say, replace(row, **_verdict(error)), {})
        return
    for row in rows:
        row, arrays = run_seed(programs, target, replace(row, started=_now()), say)
        _finish(store, say, row, arrays)


def compile_phases(sampler: Sampler, target: Target, n: int) -> Programs:
    """Trace and compile `fit` and `sample` for `n` draws."""
    begun = time.perf_counter()
    key = jax.random.key(0)
    fit = jax.jit(partial(sampler.fit, target=target)).trace(key)
    sample = jax.jit(lambda key, state: sampler.sample(key, target, state, n))
    compiled_sample = sample.lower(key, fit.out_info.state).compile()
    return Programs(fit.lower().compile(), compiled_sample, time.perf_counter() - begun)


def run_seed(
    programs: Programs, target: Target, row: Record, say: Say
) -> tuple[Record, dict[str, np.ndarray]]:
    """The finished row of one seed and the arrays worth keeping; an exception becomes a failed row.

    Seconds are wall seconds around the compiled call, until its last output is there.
    """
    done: dict[str, Any] = {"compile_seconds": programs.seconds}
    arrays: dict[str, np.ndarray] = {}
    key = jax.random.key(row.seed)
    try:
        say(phase=f"fitting seed {row.seed}")
        with _timed(done, "fit_seconds") as block:
            fit = block(programs.fit(jax.random.fold_in(key, FIT)))
        done["fit_evals"] = total(fit.evals)
        say(phase=f"sampling seed {row.seed}")
        with _timed(done, "sample_seconds") as block:
            _, draws = block(programs.sample(jax.random.fold_in(key, SAMPLE), fit.state))
        done["sample_evals"] = total(draws.evals)
        fit, draws = jax.device_get(fit._replace(state=())), jax.device_get(draws)
        arrays = kept(fit, draws)
        require_recovered(fit)
        require_finite(draws)
        say(phase=f"judging seed {row.seed}")
        done |= judge(target, draws, done, jax.random.fold_in(key, METRIC))
        if PILOT in fit.info:
            done["metrics"][PILOT] = float(fit.info[PILOT])
        done |= {"status": "ok", "reason": None}
    except Exception as error:
        done |= _verdict(error)
    return replace(row, **done, peak_memory_mb=_peak_memory_mb()), arrays


def judge(target: Target, draws: Draws, done: dict[str, Any], key: PRNGKeyArray) -> dict[str, Any]:
    """Metrics, floors and errors of finished draws, as fields of a record."""
    evaluation = metrics.evaluate(
        target,
        draws,
        fit_gradients=done["fit_evals"].gradients,
        sample_gradients=done["sample_evals"].gradients,
        fit_seconds=done["fit_seconds"],
        sample_seconds=done["sample_seconds"],
        key=key,
    )
    return {"metrics": evaluation.metrics, "floors": evaluation.floors, "errors": evaluation.errors}


def total(evals: Evals) -> Cost:
    """The sum of the parts, each below 2^32, in 64 bits."""
    values, gradients, simulations = (int(np.sum(np.asarray(part), dtype=np.int64)) for part in evals)
    return Cost(values=values, gradients=gradients, simulations=simulations)


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


@contextmanager
def _timed(done: dict[str, Any], name: str) -> Iterator[Callable[[Any], Any]]:
    begun = time.perf_counter()
    yield jax.block_until_ready
    done[name] = time.perf_counter() - begun


def _finish(store: Store, say: Say, row: Record, arrays: dict[str, np.ndarray]) -> None:
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
