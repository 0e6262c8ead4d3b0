"""What every learnt path sampler shares: coordinates, batches, one training step, weighted draws."""

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, PRNGKeyArray

from samplers.affine import Affine
from samplers.base import Draws, Evals, evals
from samplers.chain import Chain, ornstein_uhlenbeck
from samplers.draws import weighted_draws
from samplers.gaussian import normal
from samplers.learnt import Learnt, Step, Trace, adam, descend
from samplers.losses import Batch, LogVariance, Loss, Outcome, Parameters, Problem, ReverseKL
from samplers.parallel import over_devices
from samplers.paths import Law
from samplers.pilot import Pilot, no_pilot, run_pilot
from targets.base import LogProb, Target


class Trained(NamedTuple):
    """Parameters and their optimiser's memory."""

    parameters: Any
    memory: optax.OptState


class PathState(NamedTuple):
    """Working coordinates, whether the target looks Gaussian in them, and what was learnt."""

    coordinates: Affine
    near_gaussian: Bool[Array, ""]
    trained: Trained


@dataclass(frozen=True, kw_only=True)
class PathSampler(Learnt):
    """A path law with learnt controls: a sampler says which law its networks make.

    `horizon` is the reference's time, `steps` its grid, finer towards the target where `power` exceeds
    one. Large targets get smaller batches and fewer updates, by the dimension alone: a batch has
    batch_coordinates / dim paths (16 to 256), and update_coordinates / dim updates (at least a tenth of
    `updates`, at most all) are made. `pilot` is the number of particles that look for coordinates (0:
    those of the base). Where it finds the target near a Gaussian, the path loss has the smaller variance;
    elsewhere it would seek one mode, so `loss` is used.
    """

    horizon: float
    steps: int = 32
    power: float = 2.5
    batch_coordinates: int = 2_560
    update_coordinates: int = 200_000
    learning_rate: float = 3e-3
    width: int = 64
    clip: float = 1.0
    loss: Loss = LogVariance()
    loss_near_gaussian: Loss = ReverseKL()
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
        return min(max(self.update_coordinates // dim, self.updates // 10), self.updates)

    def batch_size(self, dim: int) -> int:
        """Paths in a batch: whole groups of those that share a start, and a number devices can share."""
        group = math.lcm(8, self.loss.per_start, self.loss_near_gaussian.per_start)
        return min(max(self.batch_coordinates // dim, 16), 256) // group * group

    def init(self, key: PRNGKeyArray, target: Target) -> tuple[PathState, Trace]:
        key_pilot, key_networks = jax.random.split(key)
        pilot = self.find_coordinates(key_pilot, target)
        parameters = Parameters(self.networks(key_networks, target.dim), pilot.log_z)
        trained = untrained(parameters, self.optimiser(target))
        return PathState(pilot.coordinates, pilot.near_gaussian, trained), Trace(pilot.evals, pilot.info)

    def update(self, key: PRNGKeyArray, target: Target, state: PathState) -> tuple[PathState, Trace]:
        log_gamma = state.coordinates.pull_back(target.log_prob)
        make = lambda networks: self.law(networks, log_gamma)  # noqa: E731
        trained, trace, _ = self.improve(key, target, log_gamma, make, state.trained, state.near_gaussian)
        return state._replace(trained=trained), trace

    def sample(self, key: PRNGKeyArray, target: Target, state: PathState, n: int) -> tuple[PathState, Draws]:
        log_gamma = state.coordinates.pull_back(target.log_prob)
        law = self.law(state.trained.parameters.networks, log_gamma)
        return state, self.draw(key, n, law, state.coordinates, log_gamma)

    def find_coordinates(self, key: PRNGKeyArray, target: Target) -> Pilot:
        """Working coordinates, by the pilot unless it is switched off."""
        return run_pilot(key, target, self.pilot) if self.pilot else no_pilot(target)

    def optimiser(self, target: Target) -> optax.GradientTransformation:
        """Adam over all updates."""
        return adam(self.learning_rate, self.updates_for(target.dim))

    def draw_batch(self, key: PRNGKeyArray, dim: int, per_start: int = 1) -> Batch:
        """Everything random about a batch of paths, drawn at once."""
        keys = jax.random.split(key, self.batch_size(dim))
        one = jax.vmap(lambda key: normal(key, (self.steps + 1, dim)))
        drawn = over_devices(lambda _, keys: one(keys), None, keys)
        starts = jnp.repeat(drawn[: len(drawn) // per_start, 0], per_start, axis=0)
        return Batch(self.start(starts), drawn[: len(starts), 1:])

    def improve(
        self,
        key: PRNGKeyArray,
        target: Target,
        log_gamma: LogProb,
        make: Callable[[Any], Law],
        trained: Trained,
        near_gaussian: Bool[Array, ""],
    ) -> tuple[Trained, Trace, Outcome]:
        """One step of the parameters towards a law whose weights are constant."""

        def by(loss: Loss) -> Callable[[], tuple[Trained, Trace, Outcome]]:
            def step() -> tuple[Trained, Trace, Outcome]:
                problem = Problem(make, log_gamma, self.draw_batch(key, target.dim, loss.per_start))
                slope = jax.value_and_grad(loss, has_aux=True)
                (value, outcome), gradient = slope(trained.parameters, problem)
                after, step = step_down(self.optimiser(target), trained, gradient)
                paths = outcome.log_weights.shape[0]
                spent = evals(gradients=paths * loss.gradients(self.steps), values=paths * loss.values)
                return after, trace(spent, step, loss=value, elbo=jnp.mean(outcome.log_weights)), outcome

            return step

        if self.loss == self.loss_near_gaussian:  # two equal branches would both be compiled
            return by(self.loss)()
        return jax.lax.cond(near_gaussian, by(self.loss_near_gaussian), by(self.loss))

    def draw(self, key: PRNGKeyArray, n: int, law: Law, coordinates: Affine, log_gamma: LogProb) -> Draws:
        """n independent weighted draws; the score is looked at at every point of a path."""
        return weighted_draws(key, n, law, log_gamma, coordinates, self.steps + 1, self.start)


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
