"""The path integral sampler: Brownian paths from one point, steered to the target."""

from dataclasses import dataclass

from jaxtyping import Array, PRNGKeyArray

from samplers.chain import Chain, pinned
from samplers.control import Network, guided, score_hint
from samplers.path_sampler import PathSampler
from samplers.paths import NO_CONTROL, Law
from targets.base import LogProb


@dataclass(frozen=True, kw_only=True)
class PIS(PathSampler):
    """Path integral sampler (Zhang and Chen 2022): x_0 = 0, so one half bridge is the exact bridge."""

    horizon: float = 1.0
    power: float = 1.5
    updates: int = 800

    def networks(self, key: PRNGKeyArray, dim: int) -> Network:
        return Network(key, dim, self.width)

    def chain(self) -> Chain:
        return pinned(self.horizon, self.steps, self.power)

    def start(self, noise: Array) -> Array:
        return 0.0 * noise  # zeros, a batch of them where the noise is one: each path pays for its own

    def law(self, networks: Network, log_gamma: LogProb) -> Law:
        chain = self.chain()
        hint = score_hint(chain, log_gamma, self.clip)
        return Law(chain, hint, guided(networks, chain), NO_CONTROL, chain.log_start)


SAMPLERS = {"pis": PIS(), "pis-plain": PIS(pilot=0)}
