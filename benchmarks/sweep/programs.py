"""The compiled phases of a sampler on a target, and how one is run against the clock."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from benchmarks.rows.record import Cost
from samplers.base import Draws, Evals, Fit, Sampler, State, Unsupported
from targets.base import Target

MOST_RETRACED = 2_000
Retrace = Callable[[PRNGKeyArray, State], Float[Array, " n"]]


class Programs(NamedTuple):
    """The compiled phases, and the seconds that tracing and compiling both took.

    `retrace`: log weights of paths that end at exact draws, where the sampler has any; not timed.
    """

    fit: Callable[[PRNGKeyArray], Fit]
    sample: Callable[[PRNGKeyArray, State], tuple[State, Draws]]
    retrace: Retrace | None
    seconds: float


def compile_phases(sampler: Sampler, target: Target, n: int) -> Programs:
    """Trace and compile `fit` and `sample` for `n` draws."""
    begun = time.perf_counter()
    key = jax.random.key(0)
    fit = jax.jit(partial(sampler.fit, target=target)).trace(key)
    sample = jax.jit(lambda key, state: sampler.sample(key, target, state, n)).trace(key, fit.out_info.state)
    compiled = fit.lower().compile(), sample.lower().compile()
    seconds = time.perf_counter() - begun
    _, draws = sample.out_info
    proper = draws.log_weights is not None and draws.log_z is None
    return Programs(*compiled, _retrace(sampler, target, fit.out_info.state, n) if proper else None, seconds)


def _retrace(sampler: Sampler, target: Target, state: Any, n: int) -> Retrace | None:
    exact = target.sample
    if exact is None:
        return None

    def retrace(key: PRNGKeyArray, state: State) -> Float[Array, " n"]:
        key_exact, key_paths = jax.random.split(key)
        return sampler.retrace(key_paths, target, state, exact(key_exact, min(n, MOST_RETRACED)))

    try:
        return jax.jit(retrace).lower(jax.random.key(0), state).compile()
    except Unsupported:
        return None


def timed(program: Callable[..., Any], *inputs: Any) -> tuple[Any, float]:
    """What a program returns and the wall seconds until its last output is there."""
    begun = time.perf_counter()
    outputs = jax.block_until_ready(program(*inputs))
    return outputs, time.perf_counter() - begun


def total(evals: Evals) -> Cost:
    """The sum of the parts, each below 2^32, in 64 bits."""
    values, gradients, simulations = (int(np.sum(np.asarray(part), dtype=np.int64)) for part in evals)
    return Cost(values=values, gradients=gradients, simulations=simulations)
