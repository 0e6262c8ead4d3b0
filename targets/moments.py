"""The statistics "x" and "x2", the first two moments of every coordinate, which most targets have."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.targets.base import PointFunction, Statistic


def identity(x: Float[Array, " dim"]) -> Float[Array, " dim"]:
    """Return the point itself: the function of the statistic "x"."""
    return x


def coordinate_moments() -> dict[str, PointFunction]:
    """Return the functions of the statistics "x" and "x2": every coordinate, and its square."""
    return {"x": identity, "x2": jnp.square}


def coordinate_statistics(
    first: np.ndarray, second: np.ndarray, fourth: np.ndarray, standard_error: np.ndarray
) -> tuple[Statistic, ...]:
    """Return the statistics "x" and "x2" from E x, E x^2 and E x^4 of every coordinate (dim,).

    `standard_error` (dim,) is that of both means.
    """
    return (
        Statistic("x", identity, first, np.sqrt(second - first**2), standard_error),
        Statistic("x2", jnp.square, second, np.sqrt(fourth - second**2), standard_error),
    )
