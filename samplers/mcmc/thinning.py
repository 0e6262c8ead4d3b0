"""Several transitions for each draw that is kept: what cheap kernels need to compare with costly ones."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray


class Told(NamedTuple):
    """What a transition tells its adaptation; `num_integration_steps` is the evaluations it cost."""

    num_integration_steps: Int[Array, ""]
    acceptance_rate: Float[Array, ""]
    is_divergent: Bool[Array, ""]


class Thinned(NamedTuple):
    """An algorithm as window adaptation takes it, whose transition is several of another's."""

    init: Callable
    build_kernel: Callable


def thinned(init: Callable, kernel: Callable, times: int) -> Thinned:
    """`times` transitions of `kernel` as one: evaluations added up, acceptance averaged."""

    def build_kernel() -> Callable:
        def transitions(key: PRNGKeyArray, state: Any, *arguments: Any) -> tuple[Any, Told]:
            def transition(state: Any, key: PRNGKeyArray) -> tuple[Any, Told]:
                state, info = kernel(key, state, *arguments)
                return state, Told(info.num_integration_steps, info.acceptance_rate, info.is_divergent)

            state, told = jax.lax.scan(transition, state, jax.random.split(key, times))
            steps, rates, divergent = told
            return state, Told(jnp.sum(steps), jnp.mean(rates), jnp.any(divergent))

        return transitions

    return Thinned(init, build_kernel)
