"""Step sizes that vary at random from transition to transition, and BlackJAX's HMC kernel with them.

With one trajectory length throughout, trajectories near a Gaussian mode are nearly periodic and a chain can
come back to its start (Neal 2011, section 3.2).
"""

from collections.abc import Callable
from typing import Any

import jax
from blackjax.mcmc import hmc
from blackjax.mcmc.integrators import velocity_verlet
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.targets.base import LogProb


def jittered_step_size(key: PRNGKeyArray, step_size: Float[Array, ""], jitter: float) -> Float[Array, ""]:
    """The step size times a uniform number between 1 - jitter and 1 + jitter."""
    return step_size * jax.random.uniform(key, minval=1 - jitter, maxval=1 + jitter)


def jittered_hmc_kernel(integrator: Callable = velocity_verlet) -> Callable:
    """BlackJAX's HMC kernel with one more argument, `jitter`: see `jittered_step_size`."""
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
        jittered: Any = jittered_step_size(key_jitter, step_size, jitter)
        return kernel(key_transition, state, log_prob, jittered, inverse_mass, num_integration_steps)

    return transition
