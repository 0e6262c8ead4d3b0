"""Several transitions for each draw that is kept, so that cheap kernels compare with costly ones."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from bridgemark.samplers.mcmc.window_adapted import Algorithm, TransitionInfo


def thinned(init: Callable, kernel: Callable, thinning: int) -> Algorithm:
    """An algorithm whose transition is `thinning` transitions of `kernel`.

    It reports the sum of their evaluations, the mean of their acceptance rates, and whether any diverged.
    """

    def build_kernel() -> Callable:
        def thinned_transition(key: PRNGKeyArray, state: Any, *arguments: Any) -> tuple[Any, TransitionInfo]:
            def transition(state: Any, key: PRNGKeyArray) -> tuple[Any, TransitionInfo]:
                state, info = kernel(key, state, *arguments)
                return state, TransitionInfo(
                    info.num_integration_steps, info.acceptance_rate, info.is_divergent
                )

            state, info = jax.lax.scan(transition, state, jax.random.split(key, thinning))
            return state, TransitionInfo(
                jnp.sum(info.num_integration_steps),
                jnp.mean(info.acceptance_rate),
                jnp.any(info.is_divergent),
            )

        return thinned_transition

    return Algorithm(init, build_kernel)
