"""What every learnt path sampler shares: coordinates, grid, batches, weighted draws."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from bridgemark.samplers.base import Draws, Evals, Sampler
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import normal
from bridgemark.samplers.common.learnt import Learnt, Step, Trace, adam, descend
from bridgemark.samplers.common.parallel import over_devices
from bridgemark.samplers.pathspace.chain import Chain, ornstein_uhlenbeck
from bridgemark.samplers.pathspace.draws import retraced_weights, weighted_draws
from bridgemark.samplers.pathspace.losses import Batch, Parameters
from bridgemark.samplers.pathspace.path_measure import Law
from bridgemark.samplers.pathspace.pilot import Pilot, no_pilot, run_pilot
from bridgemark.targets.base import Density, LogProb


class Trained(NamedTuple):
    """Parameters and their optimiser's memory."""

    parameters: Any
    memory: optax.OptState


class PathState(NamedTuple):
    """Working coordinates, whether the target has one basin in them, and what was learnt."""

    coordinates: Affine
    one_basin: Bool[Array, ""]
    trained: Trained


@dataclass(frozen=True, kw_only=True)
class PathSampler(Learnt):
    """A path law with learnt controls: a sampler says which law its networks make, and how they learn.

    `horizon` is the reference's time, `steps` its grid, finer towards the target where `power` exceeds
    one. Large targets get smaller batches and fewer updates, by the dimension alone: a batch has
    batch_coordinates / dim paths (16 to 256), and update_coordinates / dim updates (at least a tenth of
    `updates` and one, at most all) are made. `pilot` is the number of particles that look for coordinates (0:
    those of the base).
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
        """Fresh networks."""

    @abstractmethod
    def law(self, networks: Any, log_gamma: LogProb) -> Law:
        """The path law that they make."""

    def chain(self) -> Chain:
        """The reference chain on this sampler's grid."""
        return ornstein_uhlenbeck(self.horizon, self.steps, self.power)

    def start(self, noise: Array) -> Array:
        """Starting points made of standard normal noise; their law is `log_mu` of the path law."""
        return noise

    def updates_for(self, dim: int) -> int:
        return min(max(self.update_coordinates // dim, self.updates // 10, 1), self.updates)

    def group(self) -> int:
        """Batches are whole groups of this many paths, which devices can share."""
        return 8

    def batch_size(self, dim: int) -> int:
        """Paths in a batch."""
        return min(max(self.batch_coordinates // dim, 16), 256) // self.group() * self.group()

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[PathState, Trace]:
        key_pilot, key_networks = jax.random.split(key)
        pilot = self.find_coordinates(key_pilot, density)
        parameters = Parameters(self.networks(key_networks, density.dim), pilot.log_z)
        trained = untrained(parameters, self.optimiser(density))
        return PathState(pilot.coordinates, pilot.one_basin, trained), Trace(pilot.evals, pilot.info)

    def scaled(self, effort: float) -> Sampler:
        """Fewer updates; below a hundredth of them a smaller pilot too, which would take all of it."""
        return replace(
            self,
            updates=max(round(effort * self.updates), 1),
            update_coordinates=max(round(effort * self.update_coordinates), 1),
            pilot=min(max(round(100 * effort * self.pilot), 8), self.pilot),
        )

    def trained_law(self, state: Any, log_gamma: LogProb) -> Law:
        """The path law that was learnt."""
        return self.law(state.trained.parameters.networks, log_gamma)

    def looks(self) -> int:
        """Gradients of log gamma that a path costs: the score is looked at at every point."""
        return self.steps + 1

    def sample(self, key: PRNGKeyArray, density: Density, state: Any, n: int) -> tuple[Any, Draws]:
        log_gamma = state.coordinates.pull_back(density.log_prob)
        law = self.trained_law(state, log_gamma)
        return state, weighted_draws(key, n, law, log_gamma, state.coordinates, self.looks(), self.start)

    def retrace(
        self, key: PRNGKeyArray, density: Density, state: Any, x: Float[Array, "n dim"]
    ) -> Float[Array, " n"]:
        log_gamma = state.coordinates.pull_back(density.log_prob)
        return retraced_weights(key, x, self.trained_law(state, log_gamma), log_gamma, state.coordinates)

    def find_coordinates(self, key: PRNGKeyArray, density: Density) -> Pilot:
        """Working coordinates, by the pilot unless it is switched off."""
        return run_pilot(key, density, self.pilot) if self.pilot else no_pilot(density)

    def optimiser(self, density: Density) -> optax.GradientTransformation:
        """Adam over all updates."""
        return adam(self.learning_rate, self.updates_for(density.dim))

    def draw_batch(self, key: PRNGKeyArray, dim: int, per_start: int = 1) -> Batch:
        """Everything random about a batch of paths, drawn at once."""
        keys = jax.random.split(key, self.batch_size(dim))
        one = jax.vmap(lambda key: normal(key, (self.steps + 1, dim)))
        drawn = over_devices(lambda _, keys: one(keys), None, keys)
        starts = jnp.repeat(drawn[: len(drawn) // per_start, 0], per_start, axis=0)
        return Batch(self.start(starts), drawn[: len(starts), 1:])


def untrained(parameters: Any, optimiser: optax.GradientTransformation) -> Trained:
    """Fresh parameters and an empty memory."""
    return Trained(parameters, optimiser.init(eqx.filter(parameters, eqx.is_array)))


def step_down(
    optimiser: optax.GradientTransformation, trained: Trained, gradient: Any
) -> tuple[Trained, Step]:
    """One optimiser step."""
    parameters, memory, step = descend(optimiser, trained.parameters, trained.memory, gradient)
    return Trained(parameters, memory), step


def trace(spent: Evals, step: Step, **values: Array) -> Trace:
    """What an update leaves behind."""
    return Trace(spent, values | {"gradient_norm": step.norm, "skipped": step.skipped})
