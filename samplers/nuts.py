"""The No-U-Turn sampler."""

from dataclasses import dataclass, replace
from typing import Any

import blackjax

from bridgemark.samplers.base import Limits, Sampler
from bridgemark.samplers.mcmc.window_adapted import WindowAdaptedChains


@dataclass(frozen=True, kw_only=True)
class NUTS(WindowAdaptedChains):
    """The No-U-Turn sampler (Hoffman and Gelman 2014), with multinomial draws and window adaptation.

    A trajectory has at most 2^`max_doublings` - 1 leapfrog steps.
    """

    max_doublings: int = 10

    def at_most(self, limits: Limits) -> Sampler:
        return replace(
            super().at_most(limits),
            max_doublings=min(self.max_doublings, (limits.steps + 1).bit_length() - 1),
        )

    def algorithm(self) -> Any:
        return blackjax.nuts

    def options(self) -> dict[str, Any]:
        return {"max_num_doublings": self.max_doublings}


SAMPLERS = {"nuts": NUTS()}
