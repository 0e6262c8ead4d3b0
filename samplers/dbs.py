"""The general learnt bridge: both drifts free, neither of them a Schrödinger bridge's."""

from dataclasses import dataclass

import jax
from jaxtyping import PRNGKeyArray

from samplers.control import Network, free, guided, score_hint
from samplers.gaussian import log_standard_normal
from samplers.losses import LogVariance, Loss
from samplers.path_sampler import PathSampler
from samplers.paths import Law
from targets.base import LogProb


@dataclass(frozen=True, kw_only=True)
class DBS(PathSampler):
    """Diffusion bridge sampler (Richter and Berner 2024; Blessing et al. 2025), by log-variance."""

    horizon: float = 2.0
    updates: int = 800
    loss_near_gaussian: Loss = LogVariance()

    def networks(self, key: PRNGKeyArray, dim: int) -> tuple[Network, Network]:
        forward, backward = (Network(key, dim, self.width) for key in jax.random.split(key))
        return forward, backward

    def law(self, networks: tuple[Network, Network], log_gamma: LogProb) -> Law:
        forward, backward = networks
        chain = self.chain()
        hint = score_hint(chain, log_gamma, self.clip)
        return Law(chain, hint, guided(forward, chain), free(backward, chain), log_standard_normal)


SAMPLERS = {"dbs": DBS()}
