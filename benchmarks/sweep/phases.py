"""The phases of a sampler on a target as functions of random keys."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Draws, Fit, Sampler, State, Unsupported
from bridgemark.targets.base import Sample, Target

MAX_RETRACED = 2_000  # paths that are retraced from exact draws
RunFit: TypeAlias = Callable[[PRNGKeyArray], Fit]
RunSample: TypeAlias = Callable[[PRNGKeyArray, State], tuple[State, Draws]]
Retrace: TypeAlias = Callable[[PRNGKeyArray, State], Float[Array, " n"]]


class Phases(NamedTuple):
    """The phases of a sampler on a target as functions of random keys, not compiled.

    `retrace` gives the log weights (n,) of paths that end at exact draws of the target. It is None where the
    target has no exact draws, and raises Unsupported where the sampler has no such paths.
    """

    fit: RunFit
    sample: RunSample
    retrace: Retrace | None


def require_served(sampler: Sampler, name: str) -> None:
    """Raise Unsupported where the sampler's settings were published for other targets than the one named."""
    served = sampler.serves()
    if served is not None and name not in served:
        raise Unsupported(f"these are the published settings for {', '.join(served)}, not for {name}")


def with_exact_draws(sampler: Sampler, exact: Sample | None) -> Sampler:
    """Hand the target's exact sampler, or None, to a sampler that needs it; leave any other as it is."""
    return replace(sampler, exact_draws=exact) if sampler.needs_exact_draws else sampler


def bind_phases(sampler: Sampler, target: Target, n: int) -> Phases:
    """The phases of a sampler on a target, with `sample` for `n` draws."""
    sampler = with_exact_draws(sampler, target.sample)
    density, exact = target.density, target.sample

    def fit(key: PRNGKeyArray) -> Fit:
        return sampler.fit(key, density)

    def sample(key: PRNGKeyArray, state: State) -> tuple[State, Draws]:
        return sampler.sample(key, density, state, n)

    if exact is None:
        return Phases(fit, sample, None)

    def retrace(key: PRNGKeyArray, state: State) -> Float[Array, " n"]:
        key_exact, key_paths = jax.random.split(key)
        x = exact(key_exact, min(n, MAX_RETRACED))
        return sampler.retrace(key_paths, density, state, x)

    return Phases(fit, sample, retrace)
