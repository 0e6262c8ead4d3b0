"""Controlled Monte Carlo diffusions: annealed Langevin paths with a learnt correction."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.chain import Chain, brownian
from bridgemark.samplers.pathspace.control import Network, free, noise_limit, score
from bridgemark.samplers.pathspace.loss_sampler import LossSampler
from bridgemark.samplers.pathspace.path_measure import Hint, Law, Side, steered
from bridgemark.targets.base import LogProb


class Annealed(NamedTuple):
    """The correction and the schedule of temperatures: `rises` (steps,) are logits of its increments."""

    network: Network
    rises: Float[Array, " steps"]

    def temperatures(self) -> Float[Array, " points"]:
        """From 0 to 1."""
        return jnp.append(0.0, jnp.cumsum(jax.nn.softmax(self.rises)))


def annealed_law(chain: Chain, learnt: Annealed, log_gamma: LogProb, clip: float) -> Law:
    """F has drift grad log pi_t / 2 + c, B has grad log pi_t / 2 - c, for pi_t between N(0, I) and gamma.

    The two drifts add up to grad log pi_t, as those of a process with marginals pi_t and its reversal do.
    """
    correction = free(learnt.network, chain)
    features = (learnt.temperatures(), noise_limit(chain, clip), correction.features)

    def drift(sign: float) -> Side:
        def control(features: Any, x: Array, hint: Array) -> Array:
            temperature, limit, features = features
            annealed = jnp.clip((1.0 - temperature) * -x + temperature * hint, -limit, limit)
            return 0.5 * annealed + sign * correction.control(features, x, annealed)

        return steered(control, features)

    return Law(chain, Hint(score(log_gamma), None), drift(1.0), drift(-1.0), log_standard_normal)


@dataclass(frozen=True, kw_only=True)
class CMCD(LossSampler):
    """First-order controlled Monte Carlo diffusion (Vargas et al. 2024), its schedule learnt too.

    Without correction it is annealed importance sampling by unadjusted Langevin steps.
    """

    horizon: float = 2.0
    updates: int = 1_200

    def networks(self, key: PRNGKeyArray, dim: int) -> Annealed:
        return Annealed(Network(key, dim, self.width), jnp.zeros(self.steps))

    def chain(self) -> Chain:
        return brownian(self.horizon, self.steps, self.power)

    def law(self, networks: Annealed, log_gamma: LogProb) -> Law:
        return annealed_law(self.chain(), networks, log_gamma, self.clip)


SAMPLERS = {"cmcd": CMCD(), "cmcd-long": CMCD(steps=128, updates=4_000)}
