"""Hamiltonian Monte Carlo with a fixed number of leapfrog steps of a random size."""

from dataclasses import dataclass, replace
from typing import Any

from blackjax.mcmc import hmc

from bridgemark.samplers.base import Limits, Sampler
from bridgemark.samplers.mcmc.jittered import jittered_hmc_kernel
from bridgemark.samplers.mcmc.window_adapted import Algorithm, WindowAdaptedChains


@dataclass(frozen=True, kw_only=True)
class HMC(WindowAdaptedChains):
    """Hamiltonian Monte Carlo (Duane et al. 1987; Neal 2011) with window adaptation.

    In each transition the tuned step size is multiplied by a uniform number in 1 +- `jitter`, because with
    one trajectory length throughout a chain near a Gaussian mode can come back to its start.
    """

    leapfrog_steps: int = 16
    jitter: float = 0.5

    def at_most(self, limits: Limits) -> Sampler:
        return replace(super().at_most(limits), leapfrog_steps=min(self.leapfrog_steps, limits.steps))

    def algorithm(self) -> Algorithm:
        return Algorithm(hmc.init, jittered_hmc_kernel)

    def options(self) -> dict[str, Any]:
        return {"num_integration_steps": self.leapfrog_steps, "jitter": self.jitter}


SAMPLERS = {"hmc": HMC()}
