"""Adjoint Sampling: Brownian paths from one point, whose control is regressed on the score at their ends."""

from dataclasses import dataclass

from jaxtyping import Array, PRNGKeyArray

from bridgemark.samplers.pathspace.chain import Chain, pinned
from bridgemark.samplers.pathspace.control import Network
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, Law
from bridgemark.samplers.pathspace.replay import ReplaySampler
from bridgemark.targets.base import LogProb


@dataclass(frozen=True, kw_only=True)
class Adjoint(ReplaySampler):
    """Adjoint Sampling (Havens et al. 2025): x_0 = 0, so one half bridge is the exact bridge.

    The backward kernels are the reference's exact bridges to 0, so that paths have weights.
    """

    def networks(self, key: PRNGKeyArray, dim: int) -> tuple[Network, None]:
        return Network(key, dim, self.width), None

    def chain(self) -> Chain:
        return pinned(self.horizon, self.steps, self.power)

    def start(self, noise: Array) -> Array:
        return 0.0 * noise  # zeros, a batch of them where the noise is one: each path pays for its own

    def law(self, networks: tuple[Network, None], log_gamma: LogProb) -> Law:
        chain = self.chain()
        return Law(chain, *self.ahead(networks[0], log_gamma), NO_CONTROL, chain.log_start)


SAMPLERS = {
    "adjoint": Adjoint(),
    "adjoint-plain": Adjoint(pilot=0),
    "adjoint-published": Adjoint(lean=False, share=1.0),
}
