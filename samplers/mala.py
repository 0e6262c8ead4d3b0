"""The Metropolis-adjusted Langevin algorithm."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from blackjax.mcmc import hmc

from bridgemark.samplers.mcmc.chains import HamiltonianChains
from bridgemark.samplers.mcmc.thinning import thinned


@dataclass(frozen=True, kw_only=True)
class MALA(HamiltonianChains):
    """MALA (Besag 1994) as Hamiltonian Monte Carlo with one leapfrog step, which is the same law.

    A leapfrog step of size e is a Langevin step of size e^2 / 2 (Neal 2011, 5.2), and so can have the
    diagonal mass matrix of window adaptation. The acceptance aimed at is that of Roberts and Rosenthal
    (1998); a draw is kept of `thinning`.
    """

    acceptance: float = 0.574
    thinning: int = 8

    def algorithm(self) -> Any:
        kernel = partial(hmc.build_kernel(), num_integration_steps=1)
        return thinned(hmc.init, kernel, self.thinning)

    def options(self) -> dict[str, Any]:
        return {}


SAMPLERS = {"mala": MALA()}
