"""Exact optimal transport between weighted points on a line, over many projections of a sample."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from bridgemark.benchmarks.scores.weighted_sample import WeightedSample

DIRECTIONS = 128
SEED = 1729  # of the directions, which depend on the dimension alone


class ProjectedDistances(NamedTuple):
    """2-Wasserstein distances between projections of a sample and of exact draws.

    `sliced` is the root mean square over the fixed directions, and `largest` the maximum over these, the
    coordinates and the principal axes, both in units of x. `marginal` is the maximum over the coordinates,
    each in units of its standard deviation; None where every coordinate is constant.
    """

    sliced: float
    largest: float
    marginal: float | None


def directions(dim: int) -> Float[np.ndarray, "directions dim"]:
    """The fixed unit vectors of a dimension, uniform on the sphere."""
    normal = np.random.default_rng((SEED, dim)).normal(size=(DIRECTIONS, dim))
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)


def projected_distances(
    sample: WeightedSample,
    y: Float[np.ndarray, "m dim"],
    sd: Float[np.ndarray, " dim"],
    axes: Float[np.ndarray, "axes dim"],
) -> ProjectedDistances:
    """Distances between a sample and equally weighted exact draws y, which have the deviations `sd`."""
    dim = y.shape[1]
    vectors = np.concatenate([directions(dim), np.eye(dim), axes])
    squares = squared_w2(vectors @ sample.x.T, sample.weights, vectors @ y.T)
    marginal_squares = squares[DIRECTIONS : DIRECTIONS + dim]
    varies = sd > 0
    marginal = None
    if varies.any():
        marginal = float(np.max(np.sqrt(marginal_squares[varies]) / sd[varies]))
    return ProjectedDistances(
        sliced=float(np.sqrt(np.mean(squares[:DIRECTIONS]))),
        largest=float(np.sqrt(np.max(squares))),
        marginal=marginal,
    )


def squared_w2(
    x: Float[np.ndarray, "lines n"], weights: Float[np.ndarray, " n"], y: Float[np.ndarray, "lines m"]
) -> Float[np.ndarray, " lines"]:
    """Squared 2-Wasserstein distance on each line: the integral of (Q_x(u) - Q_y(u))^2 over u in (0, 1).

    Both quantile functions are step functions, so the integral is a sum over the merged levels of the two.
    The weights sum to 1 and are the same on every line; the points y have equal weights.
    """
    if x.shape == y.shape and np.ptp(weights) == 0:  # the levels coincide: six times faster
        return np.mean((np.sort(x, axis=1) - np.sort(y, axis=1)) ** 2, axis=1)
    order = np.argsort(x, axis=1)
    y_sorted = np.sort(y, axis=1)
    y_levels = np.arange(1, y.shape[1] + 1) / y.shape[1]
    squares = np.empty(len(x))
    for i, ascending in enumerate(order):
        # Example: weights (1/4, 3/4) and two points y have the levels (1/4, 1) and (1/2, 1). Merged they are
        # 1/4, 1/2, 1, 1. Up to each, the quantiles are x_0, x_1, x_1, x_1 and y_0, y_0, y_1, y_1.
        levels = np.concatenate([np.cumsum(weights[ascending]), y_levels])
        merged = np.argsort(levels, kind="stable")  # both halves are ascending, so this is a merge
        from_x = merged < len(ascending)
        x_step = np.cumsum(from_x) - from_x  # number of steps of x that end before each level
        y_step = np.arange(len(merged)) - x_step
        # Rounding can put the last level of one side beyond that of the other: stay at the last point there.
        x_quantile = x[i, ascending[np.minimum(x_step, len(ascending) - 1)]]
        y_quantile = y_sorted[i, np.minimum(y_step, len(y_levels) - 1)]
        squares[i] = np.diff(levels[merged], prepend=0.0) @ (x_quantile - y_quantile) ** 2
    return squares
