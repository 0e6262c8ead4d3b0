"""Controlled Monte Carlo diffusions: annealed Langevin paths with a learnt correction."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
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
from bridgemark.samplers.pathspace.path_measure import Direction, PathMeasure, with_control
from bridgemark.targets.base import LogProb


class AnnealedNetworks(NamedTuple):
    """The network of the correction, and the logits (steps,) of the increments of the temperatures."""

    network: Network
    schedule_logits: Float[Array, " steps"]

    def temperatures(self) -> Float[Array, " points"]:
        """The temperatures at the points of the grid, increasing from 0 to 1."""
        return jnp.append(0.0, jnp.cumsum(jax.nn.softmax(self.schedule_logits)))


def annealed_measure(
    chain: Chain, networks: AnnealedNetworks, log_target: LogProb, clip: float
) -> PathMeasure:
    """Forward drift grad log pi_t / 2 + c and backward drift grad log pi_t / 2 - c, with c the correction.

    pi_t is the geometric path from N(0, I) to gamma. The two drifts add up to grad log pi_t, as those of a
    process with marginals pi_t and of its time reversal do.
    """
    correction = score_guided(networks.network, chain, initial_scale=0.0)
    features = (networks.temperatures(), control_limit(chain, clip), correction.features)

    def direction(sign: float) -> Direction:
        def drift(
            features: tuple[Array, Array, Features], x: Float[Array, " dim"], score: Float[Array, " dim"]
        ) -> Float[Array, " dim"]:
            temperature, limit, correction_features = features
            annealed_score = jnp.clip((1.0 - temperature) * -x + temperature * score, -limit, limit)
            return 0.5 * annealed_score + sign * correction.control(correction_features, x, annealed_score)

        return with_control(drift, features)

    return PathMeasure(
        chain, plain_score_guidance(log_target), direction(1.0), direction(-1.0), log_standard_normal
    )


@dataclass(frozen=True, kw_only=True)
class CMCD(LossSampler):
    """Controlled Monte Carlo diffusion of first order (Vargas et al. 2024), with a learnt schedule, too.

    Before training it is annealed importance sampling by unadjusted Langevin steps.
    """

    horizon: float = 2.0
    updates: int = 1_200

    def networks(self, key: PRNGKeyArray, dim: int) -> AnnealedNetworks:
        return AnnealedNetworks(Network(key, dim, self.width), jnp.zeros(self.steps))

    def chain(self) -> Chain:
        return brownian(self.horizon, self.steps, self.power)

    def path_measure(self, networks: AnnealedNetworks, log_target: LogProb) -> PathMeasure:
        return annealed_measure(self.chain(), networks, log_target, self.clip)


SAMPLERS = {"cmcd": CMCD(), "cmcd-long": CMCD(steps=128, updates=4_000)}
