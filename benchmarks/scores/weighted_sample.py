"""Weighted points, the exact draws they are held against, and how many are too many."""

import functools
from typing import Any, NamedTuple, TypeAlias

import jax
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from bridgemark.targets.base import Sample

Values: TypeAlias = dict[str, Any]  # numbers or None


class Points(NamedTuple):
    """All chains together: weights sum to 1."""

    x: Float[np.ndarray, "n dim"]
    weights: Float[np.ndarray, " n"]


def thinned(points: Points, most: int) -> Points:
    """The points of weight, at most so many of them, evenly spaced; the weights sum to 1 again."""
    heavy = np.flatnonzero(points.weights != 0)
    chosen = heavy[np.linspace(0, len(heavy) - 1, min(most, len(heavy))).astype(int)]
    return Points(points.x[chosen], points.weights[chosen] / np.sum(points.weights[chosen]))


def finite(points: Points) -> bool:
    """Whether every point of weight, and every weight, is a number."""
    heavy = points.weights != 0
    return bool(np.isfinite(points.x[heavy]).all() and np.isfinite(points.weights).all())


def exact(sample: Sample, key: PRNGKeyArray, n: int) -> Float[np.ndarray, "n dim"]:
    """Exact draws in double precision."""
    with jax.enable_x64(True):
        return np.asarray(_compiled(sample)(key, n), np.float64)


@functools.cache
def _compiled(sample: Sample) -> Sample:
    return jax.jit(sample, static_argnums=1)
