"""The Adjoint Schrödinger Bridge Sampler: adjoint and corrector matching on stored ends."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.common.learnt import Trace
from bridgemark.samplers.pathspace.control import Network
from bridgemark.samplers.pathspace.endpoints import Between, Ends, bridges
from bridgemark.samplers.pathspace.path_measure import Law, Side
from bridgemark.samplers.pathspace.replay import ReplaySampler, ReplayState, at, unaided
from bridgemark.samplers.pathspace.rounds import judge_of_round
from bridgemark.targets.base import Density, LogProb

Pull: TypeAlias = Callable[[Law, Between], tuple[Array, Array]]  # where one path pulls v, and how surely


@dataclass(frozen=True, kw_only=True)
class ASBS(ReplaySampler):
    """Adjoint Schrödinger Bridge Sampler (Liu et al. 2025) from N(0, I), with weights, which it lacked.

    Each of `rounds` is two half bridges: adjoint matching of the forward control, corrected by the backward
    control of the round before (at first the reference's), and corrector matching of the backward one on
    evenly drawn ends. Both regressions share every optimiser step. The published corrector lives at the
    end; here it is learnt at all times, a backward control. `symmetric`: it is matched to the adjoint of
    reversed paths, at their start, which has less noise than the reference's pull to the start, published.
    """

    horizon: float = 2.0
    rounds: int = 8
    symmetric: bool = True

    def networks(self, key: PRNGKeyArray, dim: int) -> tuple[Network, Network]:
        forward, backward = (Network(key, dim, self.width) for key in jax.random.split(key))
        return forward, backward

    def law(self, networks: tuple[Network, Network], log_gamma: LogProb) -> Law:
        chain, (forward, backward) = self.chain(), networks
        return Law(chain, *self.ahead(forward, log_gamma), unaided(backward, chain), log_standard_normal)

    def update(self, key: PRNGKeyArray, density: Density, state: ReplayState) -> tuple[ReplayState, Trace]:
        updates, newest = self.updates_for(density.dim), state.trained.parameters[1]
        judge = judge_of_round(self.rounds, updates, state.updated, newest, state.judge)
        return super().update(key, density, state._replace(judge=judge))

    def misses(
        self, law: Law, judge: Side, key: PRNGKeyArray, stored: Ends, drawn_by: Float[Array, " n"]
    ) -> Float[Array, " points"]:
        key_forward, key_backward = jax.random.split(key)
        forward = super().misses(law, judge, key_forward, stored, drawn_by)
        drawn = self.draw_between(key_backward, law.chain, stored, None, first=1)
        pull = start_adjoint if self.symmetric else start_pull
        return forward + jax.vmap(lambda one: corrector_miss(law, pull, one))(drawn)


def corrector_miss(law: Law, pull: Pull, drawn: Between) -> Float[Array, ""]:
    """|v - pull|^2 / 2 at a point and at the end, whose mean is least at grad log phi-hat on bridges."""

    def miss(one: Between) -> Array:
        target, weight = pull(law, one)
        control = law.backward.control(at(one.k, law.backward.features), one.x, None)
        return 0.5 * weight * jnp.sum((control - target) ** 2)

    last = jnp.asarray(len(law.chain.times) - 1)
    return miss(drawn) + miss(Between(drawn.ends, last, drawn.ends.end))


def start_pull(law: Law, drawn: Between) -> tuple[Array, Array]:
    """grad log(R(x | X_0) / R(x)), and its variance's inverse (Liu et al. 2025, theorem 4.2).

    The reference's own density R is taken to be the same at all times.
    """
    reach, variance, *_ = (jnp.asarray(array, drawn.x.dtype)[drawn.k] for array in bridges(law.chain))
    return (reach * drawn.ends.start - drawn.x) / variance - jax.grad(law.chain.log_end)(drawn.x), variance


def start_adjoint(law: Law, drawn: Between) -> tuple[Array, Array]:
    """b grad log(mu / (R_0 phi))(X_0), with b the reference's memory of its start, and weight one.

    Adjoint matching from the other end: its mean given X_t is grad log phi-hat.
    """
    start, features = drawn.ends.start, at(0, law.forward.features)
    control = jax.lax.stop_gradient(law.forward.control(features, start, drawn.ends.hint))
    excess = jax.grad(lambda x: law.log_mu(x) - law.chain.log_start(x))(start)
    reach = jnp.asarray(bridges(law.chain).reach, start.dtype)[drawn.k]
    return reach * (excess - control), jnp.ones((), start.dtype)


SAMPLERS = {
    "asbs": ASBS(),
    "asbs-plain": ASBS(pilot=0),
    "asbs-published": ASBS(lean=False, share=1.0, symmetric=False),
}
