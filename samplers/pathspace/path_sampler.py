"""What all learnt path samplers share: coordinates, time grid, batches, optimiser and weighted draws."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray

from bridgemark.samplers.base import Draws, Evals, Limits, Sampler, scaled_size
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import normal
from bridgemark.samplers.common.learnt import LearntSampler, OptimiserStep, Trace, adam, apply_gradient
from bridgemark.samplers.common.parallel import over_devices
from bridgemark.samplers.pathspace.chain import Chain, ornstein_uhlenbeck
from bridgemark.samplers.pathspace.draws import retraced_weights, weighted_draws
from bridgemark.samplers.pathspace.losses import Batch, Parameters
from bridgemark.samplers.pathspace.path_measure import PathMeasure
from bridgemark.samplers.pathspace.pilot import PilotResult, no_pilot, run_pilot
from bridgemark.targets.base import Density, LogProb

Networks = TypeVar("Networks")


class Trained(NamedTuple):
    """Parameters under training, and the state of their optimiser."""

    parameters: Any
    optimiser_state: optax.OptState


class PathState(NamedTuple):
    """Working coordinates, whether the target has one basin in them, and the trained parameters."""

    coordinates: Affine
    one_basin: Bool[Array, ""]
    trained: Trained


@dataclass(frozen=True, kw_only=True)
class PathSampler(LearntSampler):
    """A path measure with learnt controls.

    A subclass defines its networks, the path measure they make, and one training update. `horizon` is the
    final time of the reference chain, `steps` the number of steps of its grid, which is finer towards the
    target where `power` exceeds one.

    High-dimensional targets get smaller batches and fewer updates: a batch has batch_coordinates / dim
    paths (16 to 256), and update_coordinates / dim updates are made (at least one and a tenth of
    `updates`, at most `updates`). `width` is that of the networks; `clip` bounds the guidance, see
    `control_limit`. `pilot` is the number of particles of the pilot run that finds working coordinates; 0
    switches it off and keeps the coordinates of the base.
    """

    horizon: float
    steps: int = 32
    power: float = 2.5
    batch_coordinates: int = 2_560
    update_coordinates: int = 200_000
    learning_rate: float = 1e-2
    width: int = 64
    clip: float = 1.0
    pilot: int = 128

    def __post_init__(self) -> None:
        if self.pilot == 1:
            raise ValueError("the pilot proposes by half of its particles: give it at least 2, or 0 for none")

    @abstractmethod
    def networks(self, key: PRNGKeyArray, dim: int) -> Any:
        """Networks before training, for a target of dimension `dim`."""

    @abstractmethod
    def path_measure(self, networks: Any, log_target: LogProb) -> PathMeasure:
        """The path measure that these networks make."""

    def chain(self) -> Chain:
        """The reference chain on this sampler's grid."""
        return ornstein_uhlenbeck(self.horizon, self.steps, self.power)

    def initial_point(self, noise: Array) -> Array:
        """Map standard normal noise (..., dim) to starting points with log density `log_initial`."""
        return noise

    def updates_for(self, dim: int) -> int:
        return min(max(self.update_coordinates // dim, self.updates // 10, 1), self.updates)

    def batch_multiple(self) -> int:
        """The number of paths in a batch is a multiple of this, so that several devices can share it."""
        return 8

    def batch_size(self, dim: int) -> int:
        """The number of paths in a batch."""
        paths = min(max(self.batch_coordinates // dim, 16), 256)
        return paths // self.batch_multiple() * self.batch_multiple()

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[PathState, Trace]:
        key_pilot, key_networks = jax.random.split(key)
        pilot = self.find_coordinates(key_pilot, density)
        parameters = Parameters(self.networks(key_networks, density.dim), pilot.log_z)
        trained = init_trained(parameters, self.optimiser(density))
        return PathState(pilot.coordinates, pilot.one_basin, trained), Trace(pilot.evals, pilot.info)

    def scaled(self, effort: float) -> Sampler:
        """The same sampler with about `effort` times the updates.

        Below a hundredth of them the pilot run, which would otherwise dominate the cost, gets smaller too.
        """
        return replace(
            super().scaled(effort),
            update_coordinates=scaled_size(self.update_coordinates, effort),
            pilot=min(scaled_size(self.pilot, 100 * effort, at_least=8), self.pilot),
        )

    def at_most(self, limits: Limits) -> Sampler:
        return replace(
            super().at_most(limits),
            steps=min(self.steps, limits.steps),
            batch_coordinates=min(self.batch_coordinates, limits.batch),
            pilot=min(self.pilot, limits.pilot),
        )

    def trained_measure(self, state: Any, log_target: LogProb) -> PathMeasure:
        """The path measure that the trained networks make."""
        return self.path_measure(state.trained.parameters.networks, log_target)

    def gradients_per_path(self) -> int:
        """Gradients of log gamma that simulating a path costs: the score is guidance at every point."""
        return self.steps + 1

    def sample(self, key: PRNGKeyArray, density: Density, state: Any, n: int) -> tuple[Any, Draws]:
        log_target = state.coordinates.pull_back(density.log_prob)
        draws = weighted_draws(
            key,
            n,
            self.trained_measure(state, log_target),
            log_target,
            state.coordinates,
            self.gradients_per_path(),
            self.initial_point,
        )
        return state, draws

    def retrace(
        self, key: PRNGKeyArray, density: Density, state: Any, x: Float[Array, "n dim"]
    ) -> Float[Array, " n"]:
        log_target = state.coordinates.pull_back(density.log_prob)
        measure = self.trained_measure(state, log_target)
        return retraced_weights(key, x, measure, log_target, state.coordinates)

    def find_coordinates(self, key: PRNGKeyArray, density: Density) -> PilotResult:
        """Working coordinates: those that the pilot run finds, or those of the base without one."""
        return run_pilot(key, density, self.pilot) if self.pilot else no_pilot(density)

    def optimiser(self, density: Density) -> optax.GradientTransformation:
        """Adam, with a learning rate that decays over all updates."""
        return adam(self.learning_rate, self.updates_for(density.dim))

    def draw_batch(self, key: PRNGKeyArray, dim: int, paths_per_start: int = 1) -> Batch:
        """Draw everything random about a batch of paths; so many of them share each starting point."""

        def draw_noise(_: None, keys: Key[Array, " paths"]) -> Array:
            return jax.vmap(lambda key: normal(key, (self.steps + 1, dim)))(keys)

        noise = over_devices(draw_noise, None, jax.random.split(key, self.batch_size(dim)))
        start_noise = jnp.repeat(noise[: len(noise) // paths_per_start, 0], paths_per_start, axis=0)
        return Batch(self.initial_point(start_noise), noise[: len(start_noise), 1:])


def init_trained(parameters: Any, optimiser: optax.GradientTransformation) -> Trained:
    """Parameters before their first update."""
    return Trained(parameters, optimiser.init(eqx.filter(parameters, eqx.is_array)))


def optimiser_step(
    optimiser: optax.GradientTransformation, trained: Trained, gradient: Any
) -> tuple[Trained, OptimiserStep]:
    """Make one optimiser step, skipped where the gradient is not finite."""
    parameters, optimiser_state, step = apply_gradient(
        optimiser, trained.parameters, trained.optimiser_state, gradient
    )
    return Trained(parameters, optimiser_state), step


def update_trace(spent: Evals, step: OptimiserStep, **values: Array) -> Trace:
    """The trace of an update: its cost, its optimiser step and other `values` by name."""
    return Trace(spent, values | {"gradient_norm": step.gradient_norm, "skipped": step.skipped})


def backward_of_round(
    rounds: int, updates: int, updates_made: Int[Array, ""], newest: Networks, frozen: Networks
) -> Networks:
    """The backward network that a round of iterative proportional fitting is trained against.

    Training is divided into `rounds` equal parts of `updates` updates. Where the next update is the first
    of a round, this is the `newest` backward network; within a round it stays the `frozen` one.
    """
    begins_round = updates_made * rounds % updates < rounds
    return jax.tree.map(lambda new, old: jnp.where(begins_round, new, old), newest, frozen)
