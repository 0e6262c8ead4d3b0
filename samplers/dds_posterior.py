"""Denoising diffusion for posteriors, amortised over observations: the score is learnt from simulations."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from bridgemark.samplers.base import evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import normal
from bridgemark.samplers.common.learnt import Trace
from bridgemark.samplers.pathspace.control import Network
from bridgemark.samplers.pathspace.path_measure import PathMeasure, features_at
from bridgemark.samplers.pathspace.path_sampler import Trained, init_trained, optimiser_step, update_trace
from bridgemark.samplers.pathspace.posterior import (
    PosteriorSampler,
    joint_of,
    simulate_pairs,
    standardised_observation,
)
from bridgemark.targets.base import Density


class DDSPosteriorState(NamedTuple):
    """The working coordinates of y, and the trained forward network."""

    y_coordinates: Affine
    forward: Trained


@dataclass(frozen=True, kw_only=True)
class DDSPosterior(PosteriorSampler):
    """Denoising diffusion posterior sampler (Heng, De Bortoli, Doucet 2024), by denoising score matching.

    One fit serves every y of the joint. The backward kernels are those of the reference chain, so the
    horizon must be long. The loss is a forward KL divergence: it covers all modes of the posterior and
    needs no density.
    """

    horizon: float = 6.0
    updates: int = 4_000

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[DDSPosteriorState, Trace]:
        key_pilot, key_network = jax.random.split(key)
        joint = joint_of(density)
        y_coordinates, trace = self.find_y_coordinates(key_pilot, joint)
        forward = init_trained(self.network(key_network, joint), self.optimiser())
        return DDSPosteriorState(y_coordinates, forward), trace

    def update(
        self, key: PRNGKeyArray, density: Density, state: DDSPosteriorState
    ) -> tuple[DDSPosteriorState, Trace]:
        keys = jax.random.split(key, 3)
        pairs = simulate_pairs(keys[0], joint_of(density), self.batch, state.y_coordinates)
        noise = normal(keys[1], pairs.x.shape)
        indices = jax.random.randint(keys[2], (self.batch,), 0, self.steps)
        chain = self.chain()
        decay = jnp.asarray(chain.decay_to_end(), float)[indices, None]
        deviation = jnp.sqrt(1.0 - decay**2)
        noised = decay * pairs.x + deviation * noise

        def loss(network: Network) -> Array:
            """Mean squared error of NN as a prediction of (x - decay noised) / deviation."""
            features = features_at(network.features(chain.times), indices)
            inputs = jnp.concatenate([noised, pairs.y], axis=1)
            errors = jax.vmap(network)(features, inputs).control - (pairs.x - decay * noised) / deviation
            return jnp.mean(jnp.sum(errors**2, axis=1))

        value, gradient = jax.value_and_grad(loss)(state.forward.parameters)
        forward, step = optimiser_step(self.optimiser(), state.forward, gradient)
        return state._replace(forward=forward), update_trace(evals(simulations=self.batch), step, loss=value)

    def trained_measure(self, state: DDSPosteriorState, density: Density) -> PathMeasure:
        y = standardised_observation(density, state.y_coordinates)
        return self.path_measure(self.forward_direction(state.forward.parameters, y))


SAMPLERS = {"dds-posterior": DDSPosterior()}
