"""The steps of a family as compiled functions, which serve many densities of one form."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Draws, Sampler, State
from bridgemark.targets.base import Density

BATCH = 1_000  # points whose density is computed at the same time

Numbers: TypeAlias = Any  # a pytree of arrays; data or constants that tell densities of one form apart


class Programs(NamedTuple):
    """What a family computes. The first argument of every function says for which density.

    Attributes:
        density_of: the density that numbers stand for.
        fit: fits the sampler to it.
        draw: the next round of draws, and the state that the one after it starts from.
        evaluate: log densities (n,) and their gradients (n, dim) at points (n, dim).
        retrace: log weights of paths that end at points; Unsupported for a sampler without such paths.
    """

    density_of: Callable[[Numbers], Density]
    fit: Callable[[Numbers, PRNGKeyArray], State]
    draw: Callable[[Numbers, PRNGKeyArray, State], tuple[State, Draws]]
    evaluate: Callable[[Numbers, Float[Array, "n dim"]], tuple[Array, Array]]
    retrace: Callable[[Numbers, PRNGKeyArray, State, Float[Array, "n dim"]], Float[Array, " n"]]


def compile_steps(sampler: Sampler, draws: int, density_of: Callable[[Numbers], Density]) -> Programs:
    """The steps of a sampler that makes so many draws in a round; each is compiled at its first call."""

    def fit(numbers: Numbers, key: PRNGKeyArray) -> State:
        return sampler.fit(key, density_of(numbers)).state

    def draw(numbers: Numbers, key: PRNGKeyArray, state: State) -> tuple[State, Draws]:
        return sampler.sample(key, density_of(numbers), state, draws)

    def evaluate(numbers: Numbers, points: Float[Array, "n dim"]) -> tuple[Array, Array]:
        function: Callable[[Any], Any] = jax.value_and_grad(density_of(numbers).log_prob)
        return jax.lax.map(function, points, batch_size=BATCH)

    def retrace(numbers: Numbers, key: PRNGKeyArray, state: State, x: Float[Array, "n dim"]) -> Array:
        return sampler.retrace(key, density_of(numbers), state, x)

    return Programs(density_of, *map(jax.jit, (fit, draw, evaluate, retrace)))
