"""Adjoint Sampling: Brownian paths from one point, whose control is regressed on the score at their ends."""

from dataclasses import dataclass

from jaxtyping import Array, PRNGKeyArray

from bridgemark.samplers.pathspace.chain import Chain, pinned
from bridgemark.samplers.pathspace.control import Network
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, PathMeasure
from bridgemark.samplers.pathspace.replay import ReplaySampler
from bridgemark.targets.base import LogProb


@dataclass(frozen=True, kw_only=True)
class Adjoint(ReplaySampler):
    """Adjoint Sampling (Havens et al. 2025).

    All paths start at 0, so that one half bridge is the exact Schrödinger bridge. The backward kernels are
    the reference's own bridges back to 0, which gives paths weights.
    """

    def networks(self, key: PRNGKeyArray, dim: int) -> tuple[Network, None]:
        return Network(key, dim, self.width), None

    def chain(self) -> Chain:
        return pinned(self.horizon, self.steps, self.power)

    def initial_point(self, noise: Array) -> Array:
        return 0.0 * noise  # zeros that depend on the noise, see `PIS.initial_point`

    def path_measure(self, networks: tuple[Network, None], log_target: LogProb) -> PathMeasure:
        chain = self.chain()
        guidance, forward = self.forward_direction(networks[0], log_target)
        return PathMeasure(chain, guidance, forward, NO_CONTROL, chain.log_start)


SAMPLERS = {
    "adjoint": Adjoint(),
    "adjoint-plain": Adjoint(pilot=0),
    "adjoint-published": Adjoint(use_score=False, least_share=1.0),
}
