"""BlackJAX's HMC kernel with a step size that varies from transition to transition."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from blackjax.mcmc import hmc
from blackjax.mcmc.integrators import velocity_verlet
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.targets.base import LogProb


class Jittered(NamedTuple):
    """BlackJAX's HMC with a step size that varies from transition to transition."""

    init: Callable
    build_kernel: Callable


def jittered_kernel(integrator: Callable = velocity_verlet) -> Callable:
    """BlackJAX's HMC kernel with one more argument, `jitter`."""
    kernel = hmc.build_kernel(integrator)

    def transition(
        key: PRNGKeyArray,
        state: hmc.HMCState,
        log_prob: LogProb,
        step_size: Float[Array, ""],
        inverse_mass: Float[Array, " dim"],
        num_integration_steps: int,
        jitter: float,
    ) -> tuple[hmc.HMCState, hmc.HMCInfo]:
        key_jitter, key_transition = jax.random.split(key)
        factor = jax.random.uniform(key_jitter, minval=1 - jitter, maxval=1 + jitter)
        size: Any = step_size * factor
        return kernel(key_transition, state, log_prob, size, inverse_mass, num_integration_steps)

    return transition
