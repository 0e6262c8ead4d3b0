"""Denoising diffusion for posteriors, amortised over y: the score is learnt from simulations."""

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
from bridgemark.samplers.pathspace.path_measure import Law
from bridgemark.samplers.pathspace.path_sampler import Trained, step_down, trace, untrained
from bridgemark.samplers.pathspace.posterior import PosteriorSampler, joint_of, observed, simulate_pairs
from bridgemark.targets.base import Density


class DDSPosteriorState(NamedTuple):
    """Where y lies, and the control."""

    scale: Affine
    forward: Trained


@dataclass(frozen=True, kw_only=True)
class DDSPosterior(PosteriorSampler):
    """Denoising diffusion posterior sampler (Heng, De Bortoli, Doucet 2024), by denoising score matching.

    One fit serves every y of the joint. The backward kernels are the reference's, so the horizon must be
    long. The loss is a forward KL divergence: it covers, and needs no density.
    """

    horizon: float = 6.0
    updates: int = 4_000

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[DDSPosteriorState, Trace]:
        key_pilot, key_network = jax.random.split(key)
        joint = joint_of(density)
        scale, spent = self.measure(key_pilot, joint)
        return DDSPosteriorState(scale, untrained(self.network(key_network, joint), self.optimiser())), spent

    def update(
        self, key: PRNGKeyArray, density: Density, state: DDSPosteriorState
    ) -> tuple[DDSPosteriorState, Trace]:
        keys = jax.random.split(key, 3)
        pairs = simulate_pairs(keys[0], joint_of(density), self.batch, state.scale)
        noise = normal(keys[1], pairs.x.shape)
        times = jax.random.randint(keys[2], (self.batch,), 0, self.steps)
        chain = self.chain()
        memory = jnp.asarray(chain.memory(), float)[times, None]
        forgotten = jnp.sqrt(1.0 - memory**2)
        noised = memory * pairs.x + forgotten * noise

        def loss(network: Network) -> Array:
            features = jax.tree.map(lambda leaf: leaf[times], network.features(chain.times))
            inputs = jnp.concatenate([noised, pairs.y], axis=1)
            misses = jax.vmap(network)(features, inputs).control - (pairs.x - memory * noised) / forgotten
            return jnp.mean(jnp.sum(misses**2, axis=1))

        value, gradient = jax.value_and_grad(loss)(state.forward.parameters)
        forward, step = step_down(self.optimiser(), state.forward, gradient)
        return state._replace(forward=forward), trace(evals(simulations=self.batch), step, loss=value)

    def trained_law(self, state: DDSPosteriorState, density: Density) -> Law:
        return self.law(self.ahead(state.forward.parameters, observed(density, state.scale)))


SAMPLERS = {"dds-posterior": DDSPosterior()}
