"""Compiles the phases of a sampler on a target, checks what they return, and times them."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

from bridgemark.benchmarks.sweep.contract import require_fit, require_retraced, require_sampled
from bridgemark.benchmarks.sweep.phases import (
    MAX_RETRACED,
    Retrace,
    RunFit,
    RunSample,
    bind_phases,
    require_served,
)
from bridgemark.samplers.base import Sampler, State, Unsupported
from bridgemark.targets.base import Target

BATCH = 1_000  # points whose density is computed at the same time


class Programs(NamedTuple):
    """The compiled phases of a sampler on a target, and the seconds that compiling both took.

    `retrace` gives the log weights (n,) of paths that end at exact draws of the target. It is None where the
    sampler has no such paths or the target no exact draws. `log_prob` gives the log densities (n,) of points
    (n, dim), and is compiled when it is first called. The compilation of both is not timed.
    """

    fit: RunFit
    sample: RunSample
    retrace: Retrace | None
    log_prob: Callable[[Float[np.ndarray, "n dim"]], Float[Array, " n"]]
    seconds: float


def compile_phases(sampler: Sampler, target: Target, n: int) -> Programs:
    """Trace and compile `fit` and `sample` for `n` draws.

    Raises Unsupported where sampler and target do not go together, and BrokenContract where a phase does not
    return what the contract of samplers says.
    """
    require_served(sampler, target.name)
    phases = bind_phases(sampler, target, n)
    start = time.perf_counter()
    key = jax.random.key(0)
    traced_fit = jax.jit(phases.fit).trace(key)
    require_fit(traced_fit.out_info)
    state = traced_fit.out_info.state
    traced_sample = jax.jit(phases.sample).trace(key, state)

    def sample_least() -> Any:
        return jax.eval_shape(bind_phases(sampler, target, 1).sample, key, state)

    require_sampled(traced_sample.out_info, state, target.density.dim, n, sample_least)
    fit, sample = traced_fit.lower().compile(), traced_sample.lower().compile()
    seconds = time.perf_counter() - start
    _, draws = traced_sample.out_info
    has_path_weights = draws.log_weights is not None and draws.log_z is None
    retrace = _compile_retrace(phases.retrace, state, n) if has_path_weights else None
    log_prob = jax.jit(lambda x: jax.lax.map(target.density.log_prob, x, batch_size=BATCH))
    return Programs(fit, sample, retrace, log_prob, seconds)


def _compile_retrace(retrace: Retrace | None, state: State, n: int) -> Retrace | None:
    """The compiled program, or None where the sampler has no paths that end at exact draws."""
    if retrace is None:
        return None
    try:
        traced = jax.jit(retrace).trace(jax.random.key(0), state)
    except Unsupported:
        return None
    require_retraced(traced.out_info, min(n, MAX_RETRACED))
    return traced.lower().compile()


def timed(program: Callable[..., Any], *inputs: Any) -> tuple[Any, float]:
    """Run a program; return its outputs and the wall seconds until the last of them was ready."""
    start = time.perf_counter()
    outputs = jax.block_until_ready(program(*inputs))
    return outputs, time.perf_counter() - start
