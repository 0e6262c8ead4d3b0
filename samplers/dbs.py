"""The general learnt bridge: both drifts free, neither of them a Schrödinger bridge's."""

from dataclasses import dataclass

import jax
from jaxtyping import PRNGKeyArray

from bridgemark.samplers.pathspace.control import Network, between
from bridgemark.samplers.pathspace.loss_sampler import LossSampler
from bridgemark.samplers.pathspace.losses import LogVariance, Loss
from bridgemark.samplers.pathspace.path_measure import Law
from bridgemark.targets.base import LogProb


@dataclass(frozen=True, kw_only=True)
class DBS(LossSampler):
    """Diffusion bridge sampler (Richter and Berner 2024; Blessing et al. 2025), by log-variance.

    With both sides free and their variances too, that loss finds worse laws on multimodal targets.
    """

    horizon: float = 2.0
    updates: int = 1_200
    learn_variance: bool = False
    loss_one_basin: Loss = LogVariance()

    def networks(self, key: PRNGKeyArray, dim: int) -> tuple[Network, Network]:
        forward, backward = (
            Network(key, dim, self.width, spreads=self.learn_variance) for key in jax.random.split(key)
        )
        return forward, backward

    def law(self, networks: tuple[Network, Network], log_gamma: LogProb) -> Law:
        return between(self.chain(), *networks, log_gamma, self.clip)


SAMPLERS = {"dbs": DBS()}
