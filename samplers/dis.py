"""The time-reversed diffusion sampler: the score of the noised target is what is learnt."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.chain import Chain, brownian
from bridgemark.samplers.pathspace.control import Network, free, noise_limit, score
from bridgemark.samplers.pathspace.loss_sampler import LossSampler
from bridgemark.samplers.pathspace.path_measure import Hint, Law, steered
from bridgemark.targets.base import LogProb


@dataclass(frozen=True, kw_only=True)
class DIS(LossSampler):
    """Time-reversed diffusion sampler (Berner, Richter, Ullrich 2024), on an Euler pair of kernels.

    Backward drift -x/2, forward drift x/2 + s with s the score of the noised target, started at the
    interpolation of the scores of N(0, I) and of the target that the paper uses.
    """

    horizon: float = 3.0
    updates: int = 1_200

    def networks(self, key: PRNGKeyArray, dim: int) -> Network:
        return Network(key, dim, self.width)

    def chain(self) -> Chain:
        return brownian(self.horizon, self.steps, self.power)

    def law(self, networks: Network, log_gamma: LogProb) -> Law:
        chain = self.chain()
        learnt = free(networks, chain)
        limit = noise_limit(chain, self.clip)

        def forward(features: Any, x: Array, hint: Array) -> Array:
            time, limit, features = features
            start = (1.0 - time) * -x + time * jnp.clip(hint, -limit, limit)
            return 0.5 * x + start + learnt.control(features, x, start)

        times = jnp.asarray(chain.times / self.horizon, float)
        ahead = steered(forward, (times, limit, learnt.features))
        behind = steered(lambda features, x, hint: -0.5 * x, None)
        return Law(chain, Hint(score(log_gamma), None), ahead, behind, log_standard_normal)


SAMPLERS = {"dis": DIS()}
