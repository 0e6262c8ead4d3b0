"""The path integral sampler: Brownian paths from one point, steered to the target."""

from dataclasses import dataclass

from jaxtyping import Array, PRNGKeyArray

from bridgemark.samplers.pathspace.chain import Chain, pinned
from bridgemark.samplers.pathspace.control import Network, guided, score_hint
from bridgemark.samplers.pathspace.loss_sampler import LossSampler
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, Law
from bridgemark.targets.base import LogProb


@dataclass(frozen=True, kw_only=True)
class PIS(LossSampler):
    """Path integral sampler (Zhang and Chen 2022): x_0 = 0, so one half bridge is the exact bridge."""

    horizon: float = 1.0
    power: float = 1.5
    updates: int = 1_200
    learn_variance: bool = True

    def networks(self, key: PRNGKeyArray, dim: int) -> Network:
        return Network(key, dim, self.width, spreads=self.learn_variance)

    def chain(self) -> Chain:
        return pinned(self.horizon, self.steps, self.power)

    def start(self, noise: Array) -> Array:
        return 0.0 * noise  # zeros, a batch of them where the noise is one: each path pays for its own

    def law(self, networks: Network, log_gamma: LogProb) -> Law:
        chain = self.chain()
        hint = score_hint(chain, log_gamma, self.clip)
        return Law(chain, hint, guided(networks, chain), NO_CONTROL, chain.log_start)


SAMPLERS = {"pis": PIS(), "pis-plain": PIS(pilot=0, learn_variance=False)}
