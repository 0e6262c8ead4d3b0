"""The Schrödinger-bridge sampler: iterative proportional fitting from the log density alone."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, PRNGKeyArray

from bridgemark.samplers.base import add_evals, evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.learnt import Trace
from bridgemark.samplers.common.parallel import over_devices
from bridgemark.samplers.pathspace.control import Network, two_sided_measure
from bridgemark.samplers.pathspace.loss_sampler import LossSampler
from bridgemark.samplers.pathspace.path_measure import PathMeasure
from bridgemark.samplers.pathspace.path_sampler import (
    Trained,
    backward_of_round,
    init_trained,
    optimiser_step,
)
from bridgemark.samplers.pathspace.paths import Path, backward_log_likelihood
from bridgemark.targets.base import Density, LogProb


class BridgeState(NamedTuple):
    """Working coordinates, both trained networks, and the number of updates made.

    `frozen_backward` is the backward network that the current round is trained against.
    """

    coordinates: Affine
    one_basin: Bool[Array, ""]
    forward: Trained
    backward: Trained
    frozen_backward: Network
    updates_made: Int[Array, ""]


@dataclass(frozen=True, kw_only=True)
class Bridge(LossSampler):
    """Schrödinger bridge between N(0, I) and a general target (Heng, De Bortoli, Doucet 2024).

    Each of `rounds` is two half bridges. The forward control fits the target with the backward kernels
    of the round before (at first the reference's: round one is the diffusion sampler's); the backward
    control maximises the likelihood of the forward paths, which needs no draw of the target; where
    variances are not learnt that is mean matching. Both are trained on the same paths, so the second half
    costs no evaluation, and the log weights are those of the newest backward kernels, proper in every
    round.
    """

    horizon: float = 2.0
    rounds: int = 8
    updates: int = 1_200
    learn_variance: bool = True

    def networks(self, key: PRNGKeyArray, dim: int) -> Network:
        return Network(key, dim, self.width, log_scales=self.learn_variance)

    def path_measure(self, networks: tuple[Network, Network], log_target: LogProb) -> PathMeasure:
        return two_sided_measure(self.chain(), *networks, log_target, self.clip)

    def trained_measure(self, state: BridgeState, log_target: LogProb) -> PathMeasure:
        networks = (state.forward.parameters.networks, state.backward.parameters)
        return self.path_measure(networks, log_target)

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[BridgeState, Trace]:
        key_forward, key_backward = jax.random.split(key)
        path_state, trace = super().init(key_forward, density)
        backward_network = self.networks(key_backward, density.dim)
        state = BridgeState(
            coordinates=path_state.coordinates,
            one_basin=path_state.one_basin,
            forward=path_state.trained,
            backward=init_trained(backward_network, self.optimiser(density)),
            frozen_backward=backward_network,
            updates_made=jnp.asarray(0),
        )
        return state, trace

    def update(self, key: PRNGKeyArray, density: Density, state: BridgeState) -> tuple[BridgeState, Trace]:
        log_target = state.coordinates.pull_back(density.log_prob)
        frozen_backward = backward_of_round(
            self.rounds,
            self.updates_for(density.dim),
            state.updates_made,
            newest=state.backward.parameters,
            frozen=state.frozen_backward,
        )

        def path_measure(forward: Network) -> PathMeasure:
            return self.path_measure((forward, frozen_backward), log_target)

        forward, forward_trace, weighted_paths = self.train_step(
            key, density, log_target, path_measure, state.forward, state.one_basin
        )
        paths = jax.lax.stop_gradient(weighted_paths.paths)
        backward, backward_trace = self.backward_step(density, log_target, state, paths)
        state = state._replace(
            forward=forward,
            backward=backward,
            frozen_backward=frozen_backward,
            updates_made=state.updates_made + 1,
        )
        spent = add_evals(forward_trace.evals, backward_trace.evals)
        return state, Trace(spent, forward_trace.info | backward_trace.info)

    def backward_step(
        self, density: Density, log_target: LogProb, state: BridgeState, paths: Path
    ) -> tuple[Trained, Trace]:
        """Make one optimiser step of the backward network up the likelihood of forward paths."""

        def log_likelihoods(network: Network, paths: Path) -> Array:
            networks = (state.forward.parameters.networks, network)
            measure = self.path_measure(networks, log_target)
            return jax.vmap(lambda path: backward_log_likelihood(measure, path))(paths)

        def loss(network: Network) -> Array:
            return -jnp.mean(over_devices(log_likelihoods, network, paths))

        value, gradient = jax.value_and_grad(loss)(state.backward.parameters)
        backward, step = optimiser_step(self.optimiser(density), state.backward, gradient)
        return backward, Trace(evals(), {"backward_misfit": value, "backward_skipped": step.skipped})


SAMPLERS = {
    "bridge": Bridge(),
    "bridge-1": Bridge(rounds=1),
    "bridge-5": Bridge(rounds=5),
    "bridge-plain": Bridge(pilot=0, learn_variance=False),
    "bridge-long": Bridge(steps=128, updates=4_000),
}
