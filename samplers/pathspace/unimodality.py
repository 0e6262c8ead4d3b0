"""Whether a density has one basin: points climb it, and no dip may lie between where they arrive."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float

from bridgemark.targets.base import LogProb

CLIMB = 64  # gradient steps of a climb
BETWEEN = (0.25, 0.5, 0.75)  # where a segment is looked at
DIP = 1.0  # nats


def gradients_spent(points: int) -> int:
    """Gradients of log gamma that `one_basin` costs."""
    return points * CLIMB


def values_spent(points: int) -> int:
    """Evaluations without a gradient that it costs."""
    return points * (1 + len(BETWEEN))


def one_basin(log_gamma: LogProb, z: Float[Array, "points dim"]) -> Bool[Array, ""]:
    """Whether log gamma falls by less than `DIP` below both ends between neighbours that climbed from z.

    A loss that seeks one mode is safe then. Modes that no point starts near are not seen; a curved ridge
    may pass for two.
    """
    tops = jax.vmap(lambda start: _climb(log_gamma, start))(z)
    heights = jax.vmap(log_gamma)(tops)
    following = jnp.roll(tops, 1, axis=0)
    shares = jnp.asarray(np.array(BETWEEN), z.dtype)[:, None, None]
    between = jax.vmap(jax.vmap(log_gamma))(tops + shares * (following - tops))
    lower = jnp.minimum(heights, jnp.roll(heights, 1))
    return jnp.all(jnp.min(between, axis=0) > lower - DIP)


def _climb(log_gamma: LogProb, start: Float[Array, " dim"]) -> Float[Array, " dim"]:
    """Adam's steps up, a tenth long at first: the coordinates' scale is about one."""
    adam = optax.adam(optax.cosine_decay_schedule(0.1, CLIMB))
    downhill = jax.grad(lambda z: -log_gamma(z))

    def step(carry: tuple, _: None) -> tuple[tuple, None]:
        z, memory = carry
        change, memory = adam.update(downhill(z), memory)
        return (optax.apply_updates(z, change), memory), None

    (top, _), _ = jax.lax.scan(step, (start, adam.init(start)), length=CLIMB)
    return top
