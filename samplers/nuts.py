"""The No-U-Turn sampler."""

from dataclasses import dataclass
from typing import Any

import blackjax

from bridgemark.samplers.mcmc.chains import HamiltonianChains


@dataclass(frozen=True, kw_only=True)
class NUTS(HamiltonianChains):
    """No-U-Turn sampler (Hoffman and Gelman 2014), multinomial, with window adaptation."""

    max_doublings: int = 10

    def algorithm(self) -> Any:
        return blackjax.nuts

    def options(self) -> dict[str, Any]:
        return {"max_num_doublings": self.max_doublings}


SAMPLERS = {"nuts": NUTS()}
