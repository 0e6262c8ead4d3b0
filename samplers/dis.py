"""The time-reversed diffusion sampler: it learns the score of the noised target."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.chain import Chain, brownian
from bridgemark.samplers.pathspace.control import (
    Features,
    Network,
    control_limit,
    plain_score_guidance,
    score_guided,
)
from bridgemark.samplers.pathspace.loss_sampler import LossSampler
from bridgemark.samplers.pathspace.path_measure import PathMeasure, with_control
from bridgemark.targets.base import LogProb


@dataclass(frozen=True, kw_only=True)
class DIS(LossSampler):
    """Time-reversed diffusion sampler (Berner, Richter, Ullrich 2024), with Euler-Maruyama kernels.

    The backward drift is -x/2, the forward drift x/2 + s, with s the score of the noised target. Before
    training s is the interpolation of the scores of N(0, I) and of the target that the paper uses.
    """

    horizon: float = 3.0
    updates: int = 1_200

    def networks(self, key: PRNGKeyArray, dim: int) -> Network:
        return Network(key, dim, self.width)

    def chain(self) -> Chain:
        return brownian(self.horizon, self.steps, self.power)

    def path_measure(self, networks: Network, log_target: LogProb) -> PathMeasure:
        chain = self.chain()
        correction = score_guided(networks, chain, initial_scale=0.0)
        limit = control_limit(chain, self.clip)

        def forward_drift(
            features: tuple[Array, Array, Features], x: Float[Array, " dim"], score: Float[Array, " dim"]
        ) -> Float[Array, " dim"]:
            time, limit, correction_features = features
            interpolated_score = (1.0 - time) * -x + time * jnp.clip(score, -limit, limit)
            uncorrected = 0.5 * x + interpolated_score
            return uncorrected + correction.control(correction_features, x, interpolated_score)

        def backward_drift(features: None, x: Float[Array, " dim"], score: Any) -> Float[Array, " dim"]:
            return -0.5 * x

        times = jnp.asarray(chain.times / self.horizon, float)
        return PathMeasure(
            chain,
            plain_score_guidance(log_target),
            with_control(forward_drift, (times, limit, correction.features)),
            with_control(backward_drift, None),
            log_standard_normal,
        )


SAMPLERS = {"dis": DIS()}
