"""Schrödinger bridges to posteriors, amortised over y: conditional iterative proportional fitting."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PRNGKeyArray

from bridgemark.samplers.base import evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import normal
from bridgemark.samplers.common.learnt import Trace
from bridgemark.samplers.pathspace.control import Network
from bridgemark.samplers.pathspace.path_measure import Law, reverse
from bridgemark.samplers.pathspace.path_sampler import Trained, step_down, trace, untrained
from bridgemark.samplers.pathspace.paths import Path, backward_log_likelihood, simulate
from bridgemark.samplers.pathspace.posterior import PosteriorSampler, joint_of, observed, simulate_pairs
from bridgemark.samplers.pathspace.rounds import judge_of_round
from bridgemark.targets.base import Density, Joint


class BridgePosteriorState(NamedTuple):
    """Where y lies, both controls, the backward control of the current round, and updates made."""

    scale: Affine
    forward: Trained
    backward: Trained
    noising: Network
    updated: Int[Array, ""]


@dataclass(frozen=True, kw_only=True)
class BridgePosterior(PosteriorSampler):
    """Schrödinger bridge from N(0, I) to p(x | y) for all y (Shi et al. 2022; Heng et al. 2024).

    In each of `rounds` the forward control climbs the likelihood of noising paths, from pairs (x, y)
    along the backward control of the round before, and the backward control that of sampler paths, from
    N(0, I) with a y of its own. Both by maximum likelihood, which gives the true reversals.
    """

    horizon: float = 2.0
    rounds: int = 5
    updates: int = 2_000
    batch: int = 64
    learn_variance: bool = True

    def network(self, key: PRNGKeyArray, joint: Joint) -> Network:
        return Network(key, joint.dim, self.width, joint.dim_y, spreads=self.learn_variance)

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[BridgePosteriorState, Trace]:
        keys = jax.random.split(key, 3)
        joint = joint_of(density)
        scale, spent = self.measure(keys[0], joint)
        forward, backward = (untrained(self.network(k, joint), self.optimiser()) for k in keys[1:])
        state = BridgePosteriorState(scale, forward, backward, backward.parameters, jnp.asarray(0))
        return state, spent

    def update(
        self, key: PRNGKeyArray, density: Density, state: BridgePosteriorState
    ) -> tuple[BridgePosteriorState, Trace]:
        newest = state.backward.parameters
        noising = judge_of_round(self.rounds, self.updates, state.updated, newest, state.noising)
        key_pairs, key_noise = jax.random.split(key)
        x, y = simulate_pairs(key_pairs, joint_of(density), self.batch, state.scale)
        drawn = normal(key_noise, (self.batch, 2 * self.steps + 1, x.shape[1]))
        start, down, up = drawn[:, 0], drawn[:, 1 : self.steps + 1], drawn[:, self.steps + 1 :]

        def between(forward: Network, backward: Network, y: Array) -> Law:
            return self.law(self.ahead(forward, y), self.behind(backward, y))

        def noised(y: Array, x: Array, noise: Array) -> Path:
            return simulate(reverse(between(state.forward.parameters, noising, y)), x, noise)

        def sampled(y: Array, x: Array, noise: Array) -> Path:
            return simulate(between(state.forward.parameters, noising, y), x, noise)

        from_target, from_noise = jax.vmap(noised)(y, x, down), jax.vmap(sampled)(y, start, up)

        def forward_misfit(network: Network) -> Array:
            one = lambda y, path: backward_log_likelihood(reverse(between(network, noising, y)), path)  # noqa: E731
            return -jnp.mean(jax.vmap(one)(y, from_target))

        def backward_misfit(network: Network) -> Array:
            one = lambda y, path: backward_log_likelihood(between(noising, network, y), path)  # noqa: E731
            return -jnp.mean(jax.vmap(one)(y, from_noise))

        loss, gradient = jax.value_and_grad(forward_misfit)(state.forward.parameters)
        forward, step = step_down(self.optimiser(), state.forward, gradient)
        misfit, gradient = jax.value_and_grad(backward_misfit)(state.backward.parameters)
        backward, _ = step_down(self.optimiser(), state.backward, gradient)
        after = BridgePosteriorState(state.scale, forward, backward, noising, state.updated + 1)
        return after, trace(evals(simulations=self.batch), step, loss=loss, backward_misfit=misfit)

    def trained_law(self, state: BridgePosteriorState, density: Density) -> Law:
        y = observed(density, state.scale)
        return self.law(self.ahead(state.forward.parameters, y), self.behind(state.backward.parameters, y))


SAMPLERS = {"bridge-posterior": BridgePosterior()}
