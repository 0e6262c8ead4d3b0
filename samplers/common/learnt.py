"""Samplers that are trained by a number of updates, and the optimiser step that all of them use."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from bridgemark.samplers.base import Evals, Fit, Info, Limits, Sampler, State, add_evals, scaled_size
from bridgemark.targets.base import Density


class Trace(NamedTuple):
    """The cost of one update and the numbers it reports; `fit` stacks them over the updates."""

    evals: Evals
    info: Info


@dataclass(frozen=True, kw_only=True)
class LearntSampler(Sampler):
    """A sampler trained by `updates` updates.

    A subclass defines `init` and `update` and inherits `fit`; a study of training can call them itself.
    """

    fit_share: ClassVar[float] = 0.8

    updates: int

    def updates_for(self, dim: int) -> int:
        """Number of updates made on a target of dimension `dim`."""
        return self.updates

    def scaled(self, effort: float) -> Sampler:
        return replace(self, updates=scaled_size(self.updates, effort))

    def at_most(self, limits: Limits) -> Sampler:
        return replace(self, updates=min(self.updates, limits.updates))

    @abstractmethod
    def init(self, key: PRNGKeyArray, density: Density) -> tuple[State, Trace]:
        """Return the state before training, and the cost of making it."""

    @abstractmethod
    def update(self, key: PRNGKeyArray, density: Density, state: State) -> tuple[State, Trace]:
        """Make one training update."""

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        key_init, key_train = jax.random.split(key)
        state, first = self.init(key_init, density)

        def step(state: State, key: PRNGKeyArray) -> tuple[State, Trace]:
            return self.update(key, density, state)

        state, trace = jax.lax.scan(step, state, jax.random.split(key_train, self.updates_for(density.dim)))
        return Fit(state, add_evals(first.evals, trace.evals), first.info | trace.info)


class OptimiserStep(NamedTuple):
    """The norm of the gradient of one optimiser step, and whether the step was skipped."""

    gradient_norm: Float[Array, ""]
    skipped: Bool[Array, ""]


def adam(learning_rate: float, updates: int) -> optax.GradientTransformation:
    """Adam on gradients clipped to norm one; a cosine schedule lowers the rate to a hundredth of it."""
    schedule = optax.cosine_decay_schedule(learning_rate, updates, alpha=0.01)
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))


def apply_gradient(
    optimiser: optax.GradientTransformation, parameters: State, optimiser_state: State, gradient: State
) -> tuple[State, State, OptimiserStep]:
    """Make one optimiser step and return the parameters and the optimiser's state after it.

    Where any entry of the gradient is not finite the step is skipped, and both are returned unchanged.
    """
    norm = optax.tree.norm(gradient)
    finite = jnp.isfinite(norm)
    changes, next_optimiser_state = optimiser.update(gradient, optimiser_state, parameters)
    next_parameters = eqx.apply_updates(parameters, changes)

    def unless_skipped(new: Array, old: Array) -> Array:
        return jnp.where(finite, new, old)

    return (
        jax.tree.map(unless_skipped, next_parameters, parameters),
        jax.tree.map(unless_skipped, next_optimiser_state, optimiser_state),
        OptimiserStep(norm, ~finite),
    )
