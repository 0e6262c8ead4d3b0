"""The Schrödinger-bridge sampler: iterative proportional fitting from the log-density alone."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Int, PRNGKeyArray

from samplers.affine import Affine
from samplers.base import Draws
from samplers.half_bridge import HalfBridges, Trained
from samplers.learnt import Trace, adam
from targets.base import Target


class BridgeState(NamedTuple):
    """Working coordinates, whether the target looks Gaussian in them, both controls, and updates made."""

    coordinates: Affine
    near_gaussian: Bool[Array, ""]
    forward: Trained
    backward: Trained
    updated: Int[Array, ""]


@dataclass(frozen=True, kw_only=True)
class Bridge(HalfBridges):
    """Schrödinger bridge between N(0, I) and a general target (Heng, De Bortoli, Doucet 2024).

    Rounds of two half bridges: the forward control fits the target with the backward kernels, the
    backward control climbs the likelihood of the forward paths, which needs no draw of the target. The
    backward control starts at zero, so the first half round is the diffusion sampler's. Every round
    ends with a backward half, after which log weights are those of the best backward kernels known.
    """

    horizon: float = 2.0
    steps: int = 32
    rounds: int = 5
    updates: int = 1_000

    def init(self, key: PRNGKeyArray, target: Target) -> tuple[BridgeState, Trace]:
        keys = jax.random.split(key, 3)
        pilot = self.find_coordinates(keys[0], target)
        forward, backward = (self.untrained(key, target.dim, self.optimiser(target)) for key in keys[1:])
        state = BridgeState(pilot.coordinates, pilot.near_gaussian, forward, backward, jnp.asarray(0))
        return state, Trace(pilot.evals, pilot.info)

    def update(self, key: PRNGKeyArray, target: Target, state: BridgeState) -> tuple[BridgeState, Trace]:
        log_gamma = state.coordinates.pull_back(target.log_prob)
        batch = self.draw_batch(key, target.dim)
        optimiser = self.optimiser(target)

        def forward_half(state: BridgeState) -> tuple[BridgeState, Trace]:
            problem = self.problem(self.free(state.backward.network), log_gamma, batch)
            forward, trace = self.improve_forward(optimiser, state.forward, state.near_gaussian, problem)
            return state._replace(forward=forward), trace

        def backward_half(state: BridgeState) -> tuple[BridgeState, Trace]:
            forward = self.guided(state.forward.network, log_gamma)
            backward, trace = self.improve_backward(optimiser, state.backward, forward, batch)
            return state._replace(backward=backward), trace

        half = state.updated * 2 * self.rounds // self.updates_for(target.dim)
        state, trace = jax.lax.cond(half % 2 == 0, forward_half, backward_half, state)
        return state._replace(updated=state.updated + 1), trace

    def optimiser(self, target: Target) -> optax.GradientTransformation:
        """Adam over the half of the updates that each control gets."""
        return adam(self.learning_rate, self.updates_for(target.dim) // 2)

    def sample(
        self, key: PRNGKeyArray, target: Target, state: BridgeState, n: int
    ) -> tuple[BridgeState, Draws]:
        log_gamma = state.coordinates.pull_back(target.log_prob)
        forward = self.guided(state.forward.network, log_gamma)
        backward = self.free(state.backward.network)
        return state, self.draw(key, n, forward, backward, state.coordinates, log_gamma)


SAMPLERS = {"bridge": Bridge()}
