"""The diffusion bridge sampler: both drifts are learnt, without the constraint of a Schrödinger bridge."""

from dataclasses import dataclass

import jax
from jaxtyping import PRNGKeyArray

from bridgemark.samplers.pathspace.control import Network, two_sided_measure
from bridgemark.samplers.pathspace.loss_sampler import LossSampler
from bridgemark.samplers.pathspace.losses import LogVariance, Loss
from bridgemark.samplers.pathspace.path_measure import PathMeasure
from bridgemark.targets.base import LogProb


@dataclass(frozen=True, kw_only=True)
class DBS(LossSampler):
    """Diffusion bridge sampler (Richter and Berner 2024; Blessing et al. 2025), by the log-variance loss.

    Variances are not learnt by default: with both controls and all variances free, that loss finds worse
    path measures on multimodal targets.
    """

    horizon: float = 2.0
    updates: int = 1_200
    learn_variance: bool = False
    loss_one_basin: Loss = LogVariance()

    def networks(self, key: PRNGKeyArray, dim: int) -> tuple[Network, Network]:
        forward, backward = (
            Network(key, dim, self.width, log_scales=self.learn_variance) for key in jax.random.split(key)
        )
        return forward, backward

    def path_measure(self, networks: tuple[Network, Network], log_target: LogProb) -> PathMeasure:
        return two_sided_measure(self.chain(), *networks, log_target, self.clip)


SAMPLERS = {"dbs": DBS()}
