"""Hamiltonian Monte Carlo with a fixed number of leapfrog steps of a random size."""

from dataclasses import dataclass
from typing import Any

from blackjax.mcmc import hmc

from bridgemark.samplers.mcmc.chains import HamiltonianChains
from bridgemark.samplers.mcmc.jittered import Jittered, jittered_kernel


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


SAMPLERS = {"hmc": HMC()}
