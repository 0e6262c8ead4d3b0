"""A test of whether a density has one basin: points ascend it, and no dip may lie between their tops."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float

from bridgemark.targets.base import LogProb

ASCENT_STEPS = 64
STEP_SIZE = 0.1  # of the first ascent steps, in working coordinates whose scale is about one
FRACTIONS = (0.25, 0.5, 0.75)  # of a segment between two tops, where the density is evaluated
LARGEST_DIP = 1.0  # nats


def gradients_spent(points: int) -> int:
    """Gradients of log gamma that `one_basin` costs for so many points."""
    return points * ASCENT_STEPS


def values_spent(points: int) -> int:
    """Evaluations of log gamma without a gradient that `one_basin` costs for so many points."""
    return points * (1 + len(FRACTIONS))


def one_basin(log_target: LogProb, z: Float[Array, "points dim"]) -> Bool[Array, ""]:
    """Whether the tops that points ascend to from z are connected without a dip of log gamma.

    Between each top and the next, log gamma must not fall by `LARGEST_DIP` or more below both. A loss that
    favours one mode is safe then. A mode that no point starts near is not seen, and a curved ridge may be
    taken for two basins.
    """
    tops = jax.vmap(lambda start: _ascend(log_target, start))(z)
    heights = jax.vmap(log_target)(tops)
    next_tops = jnp.roll(tops, 1, axis=0)
    fractions = jnp.asarray(np.array(FRACTIONS), z.dtype)[:, None, None]
    offsets = fractions * (next_tops - tops)[None]
    heights_between = jax.vmap(jax.vmap(log_target))(tops[None] + offsets)
    lower_top = jnp.minimum(heights, jnp.roll(heights, 1))
    return jnp.all(jnp.min(heights_between, axis=0) > lower_top - LARGEST_DIP)


def _ascend(log_target: LogProb, start: Float[Array, " dim"]) -> Float[Array, " dim"]:
    """The point reached by Adam's steps up the density."""
    optimiser = optax.adam(optax.cosine_decay_schedule(STEP_SIZE, ASCENT_STEPS))
    downhill = jax.grad(lambda z: -log_target(z))

    def step(carry: tuple, _: None) -> tuple[tuple, None]:
        z, optimiser_state = carry
        change, optimiser_state = optimiser.update(downhill(z), optimiser_state)
        return (optax.apply_updates(z, change), optimiser_state), None

    (top, _), _ = jax.lax.scan(step, (start, optimiser.init(start)), length=ASCENT_STEPS)
    return top
