"""Samplers that are trained: they say how a state is made and improved, and inherit `fit`."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from bridgemark.samplers.base import Evals, Fit, Info, Sampler, State, add_evals
from bridgemark.targets.base import Density


class Trace(NamedTuple):
    """What one update leaves behind; `fit` stacks them."""

    evals: Evals
    info: Info


@dataclass(frozen=True, kw_only=True)
class Learnt(Sampler):
    """A sampler trained by `updates` updates, so that others can drive the same training in pieces."""

    fit_share: ClassVar[float] = 0.8

    updates: int

    def updates_for(self, dim: int) -> int:
        """Updates made on a target of this dimension."""
        return self.updates

    def scaled(self, effort: float) -> Sampler:
        return replace(self, updates=max(round(effort * self.updates), 1))

    @abstractmethod
    def init(self, key: PRNGKeyArray, density: Density) -> tuple[State, Trace]:
        """The untrained state, and what finding it cost."""

    @abstractmethod
    def update(self, key: PRNGKeyArray, density: Density, state: State) -> tuple[State, Trace]:
        """One training update."""

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        key_init, key_train = jax.random.split(key)
        state, first = self.init(key_init, density)

        def step(state: State, key: PRNGKeyArray) -> tuple[State, Trace]:
            return self.update(key, density, state)

        state, trace = jax.lax.scan(step, state, jax.random.split(key_train, self.updates_for(density.dim)))
        return Fit(state, add_evals(first.evals, trace.evals), first.info | trace.info)


class Step(NamedTuple):
    """The outcome of an optimiser step: whether it was taken, and the size of the gradient."""

    norm: Float[Array, ""]
    skipped: Bool[Array, ""]


def adam(learning_rate: float, updates: int) -> optax.GradientTransformation:
    """Adam on gradients clipped to norm one, the rate falling to a hundredth along a cosine."""
    schedule = optax.cosine_decay_schedule(learning_rate, updates, alpha=0.01)
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))


def descend(
    optimiser: optax.GradientTransformation, parameters: State, memory: State, gradient: State
) -> tuple[State, State, Step]:
    """One optimiser step, skipped where any entry of the gradient is not finite."""
    norm = optax.tree.norm(gradient)
    finite = jnp.isfinite(norm)
    changes, after = optimiser.update(gradient, memory, parameters)
    moved = eqx.apply_updates(parameters, changes)
    keep = lambda new, old: jnp.where(finite, new, old)  # noqa: E731
    return jax.tree.map(keep, moved, parameters), jax.tree.map(keep, after, memory), Step(norm, ~finite)
