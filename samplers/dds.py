"""The denoising diffusion sampler: paths from noise to the target, judged against a fixed noising chain."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import optax
from jaxtyping import Array, Bool, PRNGKeyArray

from samplers.affine import Affine
from samplers.base import Draws
from samplers.half_bridge import HalfBridges, Trained
from samplers.learnt import Trace, adam
from targets.base import Target


class DDSState(NamedTuple):
    """Working coordinates, whether the target looks Gaussian in them, and the forward control."""

    coordinates: Affine
    near_gaussian: Bool[Array, ""]
    forward: Trained


@dataclass(frozen=True, kw_only=True)
class DDS(HalfBridges):
    """Denoising diffusion sampler for general targets (Vargas, Grathwohl, Doucet 2023).

    The backward kernels are the reference's own, so the horizon must be long enough for noise to
    forget the target: KL(N(0, I) || noised target) remains as an error however long one trains.
    """

    horizon: float = 4.0
    steps: int = 32
    updates: int = 800

    def init(self, key: PRNGKeyArray, target: Target) -> tuple[DDSState, Trace]:
        key_pilot, key_network = jax.random.split(key)
        pilot = self.find_coordinates(key_pilot, target)
        forward = self.untrained(key_network, target.dim, self.optimiser(target))
        state = DDSState(pilot.coordinates, pilot.near_gaussian, forward)
        return state, Trace(pilot.evals, pilot.info)

    def update(self, key: PRNGKeyArray, target: Target, state: DDSState) -> tuple[DDSState, Trace]:
        log_gamma = state.coordinates.pull_back(target.log_prob)
        problem = self.problem(self.reference(), log_gamma, self.draw_batch(key, target.dim))
        optimiser = self.optimiser(target)
        forward, trace = self.improve_forward(optimiser, state.forward, state.near_gaussian, problem)
        return state._replace(forward=forward), trace

    def optimiser(self, target: Target) -> optax.GradientTransformation:
        """Adam over all updates."""
        return adam(self.learning_rate, self.updates_for(target.dim))

    def sample(self, key: PRNGKeyArray, target: Target, state: DDSState, n: int) -> tuple[DDSState, Draws]:
        log_gamma = state.coordinates.pull_back(target.log_prob)
        forward = self.guided(state.forward.network, log_gamma)
        return state, self.draw(key, n, forward, self.reference(), state.coordinates, log_gamma)


SAMPLERS = {"dds": DDS()}
