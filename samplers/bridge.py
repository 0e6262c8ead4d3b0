"""The Schrödinger-bridge sampler: iterative proportional fitting from the log-density alone."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, PRNGKeyArray

from bridgemark.samplers.base import add_evals, evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.learnt import Trace
from bridgemark.samplers.common.parallel import over_devices
from bridgemark.samplers.pathspace.control import Network, between
from bridgemark.samplers.pathspace.loss_sampler import LossSampler
from bridgemark.samplers.pathspace.path_measure import Law
from bridgemark.samplers.pathspace.path_sampler import Trained, step_down, untrained
from bridgemark.samplers.pathspace.paths import Path, backward_log_likelihood
from bridgemark.samplers.pathspace.rounds import judge_of_round
from bridgemark.targets.base import Density, LogProb


class BridgeState(NamedTuple):
    """Both controls, the backward control that the current round is judged by, and updates made."""

    coordinates: Affine
    one_basin: Bool[Array, ""]
    forward: Trained
    backward: Trained
    judge: Network
    updated: Int[Array, ""]


@dataclass(frozen=True, kw_only=True)
class Bridge(LossSampler):
    """Schrödinger bridge between N(0, I) and a general target (Heng, De Bortoli, Doucet 2024).

    Each of `rounds` is two half bridges. The forward control fits the target with the backward kernels
    of the round before (at first the reference's: round one is the diffusion sampler's); the backward
    control climbs the likelihood of the forward paths, which needs no draw of the target; where variances
    are not learnt that is mean matching. Both are trained on the same paths, so the second half costs no
    evaluation, and the log weights are those of the newest backward kernels, proper in every round.
    """

    horizon: float = 2.0
    rounds: int = 8
    updates: int = 1_200
    learn_variance: bool = True

    def networks(self, key: PRNGKeyArray, dim: int) -> Network:
        return Network(key, dim, self.width, spreads=self.learn_variance)

    def law(self, networks: tuple[Network, Network], log_gamma: LogProb) -> Law:
        return between(self.chain(), *networks, log_gamma, self.clip)

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[BridgeState, Trace]:
        key_forward, key_backward = jax.random.split(key)
        state, trace = super().init(key_forward, density)
        judge = self.networks(key_backward, density.dim)
        backward = untrained(judge, self.optimiser(density))
        return BridgeState(*state, backward, judge, jnp.asarray(0)), trace

    def update(self, key: PRNGKeyArray, density: Density, state: BridgeState) -> tuple[BridgeState, Trace]:
        log_gamma = state.coordinates.pull_back(density.log_prob)
        updates, newest = self.updates_for(density.dim), state.backward.parameters
        judge = judge_of_round(self.rounds, updates, state.updated, newest, state.judge)
        make = lambda network: self.law((network, judge), log_gamma)  # noqa: E731
        forward, trace, outcome = self.improve(key, density, log_gamma, make, state.forward, state.one_basin)
        paths = jax.lax.stop_gradient(outcome.paths)
        backward, misfit = self.reverse(density, log_gamma, state, paths)
        state = state._replace(forward=forward, backward=backward, judge=judge, updated=state.updated + 1)
        return state, Trace(add_evals(trace.evals, misfit.evals), trace.info | misfit.info)

    def reverse(
        self, density: Density, log_gamma: LogProb, state: BridgeState, paths: Path
    ) -> tuple[Trained, Trace]:
        """One step of the backward control up the likelihood of the sampler's own paths."""

        def log_likelihoods(network: Network, paths: Path) -> Array:
            law = self.law((state.forward.parameters.networks, network), log_gamma)
            return jax.vmap(lambda path: backward_log_likelihood(law, path))(paths)

        def misfit(network: Network) -> Array:
            return -jnp.mean(over_devices(log_likelihoods, network, paths))

        value, gradient = jax.value_and_grad(misfit)(state.backward.parameters)
        backward, step = step_down(self.optimiser(density), state.backward, gradient)
        return backward, Trace(evals(), {"backward_misfit": value, "backward_skipped": step.skipped})

    def trained_law(self, state: BridgeState, log_gamma: LogProb) -> Law:
        return self.law((state.forward.parameters.networks, state.backward.parameters), log_gamma)


SAMPLERS = {
    "bridge": Bridge(),
    "bridge-1": Bridge(rounds=1),
    "bridge-5": Bridge(rounds=5),
    "bridge-plain": Bridge(pilot=0, learn_variance=False),
    "bridge-long": Bridge(steps=128, updates=4_000),
}
