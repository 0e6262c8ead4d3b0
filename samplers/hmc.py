"""Hamiltonian Monte Carlo with a fixed number of leapfrog steps."""

from dataclasses import dataclass
from typing import Any

import blackjax

from samplers.chains import HamiltonianChains


@dataclass(frozen=True, kw_only=True)
class HMC(HamiltonianChains):
    """Hamiltonian Monte Carlo (Duane et al. 1987; Neal 2011) with window adaptation."""

    leapfrog_steps: int = 16

    def algorithm(self) -> Any:
        return blackjax.hmc

    def options(self) -> dict[str, Any]:
        return {"num_integration_steps": self.leapfrog_steps}


SAMPLERS = {"hmc": HMC()}
