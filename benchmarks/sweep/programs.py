"""The compiled phases of a sampler on a target, and how one is run against the clock."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Draws, Fit, Sampler, State, Unsupported
from bridgemark.targets.base import Sample, Target

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


def require_served(sampler: Sampler, name: str) -> None:
    """Raise Unsupported where the sampler's settings were published for other targets than this one."""
    served = sampler.serves()
    if served is not None and name not in served:
        raise Unsupported(f"these are the published settings for {', '.join(served)}, not for {name}")


def with_exact_draws(sampler: Sampler, exact: Sample | None) -> Sampler:
    """The sampler as it is, or with the exact sampler of the target where it declares that it needs one."""
    return replace(sampler, exact_draws=exact) if sampler.needs_exact_draws else sampler


def compile_phases(sampler: Sampler, target: Target, n: int) -> Programs:
    """Trace and compile `fit` and `sample` for `n` draws. Raises Unsupported where they cannot be had."""
    require_served(sampler, target.name)
    sampler, density = with_exact_draws(sampler, target.sample), target.density
    begun = time.perf_counter()
    key = jax.random.key(0)
    fit = jax.jit(partial(sampler.fit, density=density)).trace(key)
    sample = jax.jit(lambda key, state: sampler.sample(key, density, state, n)).trace(key, fit.out_info.state)
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
        return sampler.retrace(key_paths, target.density, state, exact(key_exact, min(n, MOST_RETRACED)))

    try:
        return jax.jit(retrace).lower(jax.random.key(0), state).compile()
    except Unsupported:
        return None


def timed(program: Callable[..., Any], *inputs: Any) -> tuple[Any, float]:
    """What a program returns and the wall seconds until its last output is there."""
    begun = time.perf_counter()
    outputs = jax.block_until_ready(program(*inputs))
    return outputs, time.perf_counter() - begun
