"""Looks for basins from many points near and far at once, by steps that would reach the top of a round one.

A climb from far away ends in the widest basin that it meets. From x, a round bowl whose top has log density h
has its centre at x + 2 (h - log p(x)) g / |g|^2, where g is the gradient: Polyak (1987), section 5.3.2, twice
the step. A narrow basin therefore draws points from as far as its slope is the steeper one.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.targets.base import Density

POINTS = 8_192
LARGEST_RADIUS = 100.0  # from the centre of the base, in its scales
ITERATIONS = 12
LONG_STEPS = 4  # at first, which are exact for a round bowl; half as long ones do not overshoot others
GRADIENTS = POINTS * ITERATIONS
SEED = 141421


def search(
    density: Density, centre: Float[np.ndarray, " dim"], top: float
) -> tuple[Float[np.ndarray, "n dim"], Float[np.ndarray, " n"]]:
    """Where points end that climb towards log density `top`, and the log densities there, highest first."""

    def step(number: Array, x: Float[Array, " dim"]) -> Float[Array, " dim"]:
        value, gradient = jax.value_and_grad(density.log_prob)(x)
        below = jnp.maximum(top - value, 0.0)
        factor = jnp.where(number < LONG_STEPS, 2.0, 1.0)
        moved = x + factor * below * gradient / jnp.sum(gradient**2)
        return jnp.where(jnp.all(jnp.isfinite(moved)), moved, x)

    def climb(x: Float[Array, " dim"]) -> tuple[Float[Array, " dim"], Float[Array, ""]]:
        end: Any = jax.lax.fori_loop(0, ITERATIONS, step, x)
        return end, density.log_prob(end)

    ends, heights = map(np.asarray, jax.jit(jax.vmap(climb))(jnp.asarray(_starts(density, centre))))
    order = np.argsort(-np.nan_to_num(heights, nan=-np.inf))
    return ends[order], heights[order]


def _starts(density: Density, centre: Float[np.ndarray, " dim"]) -> Float[np.ndarray, "n dim"]:
    """Draws of the base, at logarithmically equidistant radii up to the largest."""
    draws = np.asarray(density.base.sample(jax.random.key(SEED), POINTS), float)
    radii = np.geomspace(1.0, LARGEST_RADIUS, POINTS) / np.sqrt(density.dim)
    return centre + radii[:, None] * (draws - centre)
