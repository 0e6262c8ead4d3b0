"""The Metropolis-adjusted Langevin algorithm."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from blackjax.mcmc import hmc

from bridgemark.samplers.mcmc.thinning import thinned
from bridgemark.samplers.mcmc.window_adapted import Algorithm, WindowAdaptedChains


@dataclass(frozen=True, kw_only=True)
class MALA(WindowAdaptedChains):
    """MALA (Besag 1994) as Hamiltonian Monte Carlo with one leapfrog step, which is the same algorithm.

    A leapfrog step of size e is a Langevin step of size e^2 / 2 (Neal 2011, section 5.2); in this form window
    adaptation can give it a diagonal mass matrix, too. The acceptance rate aimed at is the optimal one of
    Roberts and Rosenthal (1998). One draw in `thinning` transitions is kept.
    """

    target_acceptance: float = 0.574
    thinning: int = 8

    def algorithm(self) -> Algorithm:
        kernel = partial(hmc.build_kernel(), num_integration_steps=1)
        return thinned(hmc.init, kernel, self.thinning)

    def options(self) -> dict[str, Any]:
        return {}


SAMPLERS = {"mala": MALA()}
