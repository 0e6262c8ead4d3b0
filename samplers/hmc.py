"""Hamiltonian Monte Carlo with a fixed number of leapfrog steps of a random size."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
from blackjax.mcmc import hmc
from blackjax.mcmc.integrators import velocity_verlet
from jaxtyping import Array, Float, PRNGKeyArray

from samplers.chains import HamiltonianChains
from targets.base import LogProb


@dataclass(frozen=True, kw_only=True)
class HMC(HamiltonianChains):
    """Hamiltonian Monte Carlo (Duane et al. 1987; Neal 2011) with window adaptation.

    Each transition scales the tuned step size by a uniform factor in 1 +- `jitter`: with one length for
    all, trajectories near a Gaussian mode are nearly periodic and a chain can come back to its start.
    """

    leapfrog_steps: int = 16
    jitter: float = 0.5

    def algorithm(self) -> Any:
        return Jittered(hmc.init, jittered_kernel)

    def options(self) -> dict[str, Any]:
        return {"num_integration_steps": self.leapfrog_steps, "jitter": self.jitter}


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


SAMPLERS = {"hmc": HMC()}
