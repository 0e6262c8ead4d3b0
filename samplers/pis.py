"""The path integral sampler: Brownian paths from one point, controlled to end at the target."""

from dataclasses import dataclass

from jaxtyping import Array, PRNGKeyArray

from bridgemark.samplers.pathspace.chain import Chain, pinned
from bridgemark.samplers.pathspace.control import Network, score_guidance, score_guided
from bridgemark.samplers.pathspace.loss_sampler import LossSampler
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, PathMeasure
from bridgemark.targets.base import LogProb


@dataclass(frozen=True, kw_only=True)
class PIS(LossSampler):
    """Path integral sampler (Zhang and Chen 2022).

    All paths start at 0, so that one half bridge is the exact Schrödinger bridge. With `learn_variance`
    the forward kernels learn their variances, too.
    """

    horizon: float = 1.0
    power: float = 1.5
    updates: int = 1_200
    learn_variance: bool = True

    def networks(self, key: PRNGKeyArray, dim: int) -> Network:
        return Network(key, dim, self.width, log_scales=self.learn_variance)

    def chain(self) -> Chain:
        return pinned(self.horizon, self.steps, self.power)

    def initial_point(self, noise: Array) -> Array:
        # Zeros that depend on the noise: constant zeros would not be batched, and the score at the start
        # would be evaluated once for all paths, against the count of one evaluation per path.
        return 0.0 * noise

    def path_measure(self, networks: Network, log_target: LogProb) -> PathMeasure:
        chain = self.chain()
        guidance = score_guidance(chain, log_target, self.clip)
        return PathMeasure(chain, guidance, score_guided(networks, chain), NO_CONTROL, chain.log_start)


SAMPLERS = {"pis": PIS(), "pis-plain": PIS(pilot=0, learn_variance=False)}
