"""Schrödinger bridges to posteriors for all observations: conditional iterative proportional fitting."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bridgemark.samplers.base import evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import normal
from bridgemark.samplers.common.learnt import Trace
from bridgemark.samplers.pathspace.control import Network
from bridgemark.samplers.pathspace.path_measure import PathMeasure, reverse
from bridgemark.samplers.pathspace.path_sampler import (
    Trained,
    backward_of_round,
    init_trained,
    optimiser_step,
    update_trace,
)
from bridgemark.samplers.pathspace.paths import Path, backward_log_likelihood, simulate
from bridgemark.samplers.pathspace.posterior import (
    Pairs,
    PosteriorSampler,
    joint_of,
    simulate_pairs,
    standardised_observation,
)
from bridgemark.targets.base import Density, Joint


class BridgePosteriorState(NamedTuple):
    """The working coordinates of y, both trained networks, and the number of updates made.

    `frozen_backward` is the backward network that the current round is trained against.
    """

    y_coordinates: Affine
    forward: Trained
    backward: Trained
    frozen_backward: Network
    updates_made: Int[Array, ""]


class TrainingPaths(NamedTuple):
    """Paths of a batch: from the target by the backward kernels, and from N(0, I) by the forward kernels."""

    noising: Path
    sampling: Path


@dataclass(frozen=True, kw_only=True)
class BridgePosterior(PosteriorSampler):
    """Schrödinger bridge from N(0, I) to p(x | y) for all y (Shi et al. 2022; Heng et al. 2024).

    In each of `rounds` the forward control maximises the likelihood of noising paths, which start at
    simulated pairs (x, y) and follow the backward control of the round before. The backward control
    maximises the likelihood of sampling paths, which start from N(0, I) with the y of another simulation.
    Maximum likelihood gives the true time reversals.
    """

    horizon: float = 2.0
    rounds: int = 5
    updates: int = 2_000
    batch: int = 64
    learn_variance: bool = True

    def network(self, key: PRNGKeyArray, joint: Joint) -> Network:
        return Network(key, joint.dim, self.width, observed=joint.dim_y, log_scales=self.learn_variance)

    def conditional_measure(
        self, forward: Network, backward: Network, y: Float[Array, " dim_y"]
    ) -> PathMeasure:
        """The path measure that two networks make for one y."""
        return self.path_measure(self.forward_direction(forward, y), self.backward_direction(backward, y))

    def trained_measure(self, state: BridgePosteriorState, density: Density) -> PathMeasure:
        y = standardised_observation(density, state.y_coordinates)
        return self.conditional_measure(state.forward.parameters, state.backward.parameters, y)

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[BridgePosteriorState, Trace]:
        keys = jax.random.split(key, 3)
        joint = joint_of(density)
        y_coordinates, trace = self.find_y_coordinates(keys[0], joint)
        forward, backward = (init_trained(self.network(key, joint), self.optimiser()) for key in keys[1:])
        state = BridgePosteriorState(
            y_coordinates, forward, backward, frozen_backward=backward.parameters, updates_made=jnp.asarray(0)
        )
        return state, trace

    def update(
        self, key: PRNGKeyArray, density: Density, state: BridgePosteriorState
    ) -> tuple[BridgePosteriorState, Trace]:
        frozen_backward = backward_of_round(
            self.rounds,
            self.updates,
            state.updates_made,
            newest=state.backward.parameters,
            frozen=state.frozen_backward,
        )
        key_pairs, key_noise = jax.random.split(key)
        pairs = simulate_pairs(key_pairs, joint_of(density), self.batch, state.y_coordinates)
        paths = self.simulate_paths(key_noise, state.forward.parameters, frozen_backward, pairs)

        def forward_loss(network: Network) -> Array:
            # In reversed time the forward direction is the backward one.
            def log_likelihood(y: Array, path: Path) -> Array:
                measure = self.conditional_measure(network, frozen_backward, y)
                return backward_log_likelihood(reverse(measure), path)

            return -jnp.mean(jax.vmap(log_likelihood)(pairs.y, paths.noising))

        def backward_loss(network: Network) -> Array:
            # The forward network does not enter this likelihood: any will do.
            def log_likelihood(y: Array, path: Path) -> Array:
                measure = self.conditional_measure(frozen_backward, network, y)
                return backward_log_likelihood(measure, path)

            return -jnp.mean(jax.vmap(log_likelihood)(pairs.y, paths.sampling))

        loss, gradient = jax.value_and_grad(forward_loss)(state.forward.parameters)
        forward, step = optimiser_step(self.optimiser(), state.forward, gradient)
        backward_misfit, gradient = jax.value_and_grad(backward_loss)(state.backward.parameters)
        backward, _ = optimiser_step(self.optimiser(), state.backward, gradient)
        next_state = state._replace(
            forward=forward,
            backward=backward,
            frozen_backward=frozen_backward,
            updates_made=state.updates_made + 1,
        )
        spent = evals(simulations=self.batch)
        return next_state, update_trace(spent, step, loss=loss, backward_misfit=backward_misfit)

    def simulate_paths(
        self, key: PRNGKeyArray, forward: Network, backward: Network, pairs: Pairs
    ) -> TrainingPaths:
        """Simulate noising paths from the pairs' x, and sampling paths for the pairs' y."""
        noise = normal(key, (self.batch, 2 * self.steps + 1, pairs.x.shape[1]))
        start = noise[:, 0]
        noising_noise, sampling_noise = noise[:, 1 : self.steps + 1], noise[:, self.steps + 1 :]

        def noising_path(y: Array, x: Array, noise: Array) -> Path:
            return simulate(reverse(self.conditional_measure(forward, backward, y)), x, noise)

        def sampling_path(y: Array, start: Array, noise: Array) -> Path:
            return simulate(self.conditional_measure(forward, backward, y), start, noise)

        return TrainingPaths(
            noising=jax.vmap(noising_path)(pairs.y, pairs.x, noising_noise),
            sampling=jax.vmap(sampling_path)(pairs.y, start, sampling_noise),
        )


SAMPLERS = {"bridge-posterior": BridgePosterior()}
