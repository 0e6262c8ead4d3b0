"""Exact optimal transport on a line between weighted points, and what it is over many directions."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

DIRECTIONS = 128
SEED = 1729  # the directions belong to the dimension, never to a sampler


def directions(dim: int) -> Float[np.ndarray, "directions dim"]:
    """The fixed unit vectors of a dimension."""
    normal = np.random.default_rng((SEED, dim)).normal(size=(DIRECTIONS, dim))
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)


class OnLines(NamedTuple):
    """2-Wasserstein distances in units of x: root mean square over the fixed directions; the largest over
    these, the coordinates and the principal axes; the largest over coordinates, in units of `sd`.
    """

    sliced: float
    largest: float
    marginal: float | None


def on_lines(
    x: Float[np.ndarray, "n dim"],
    weights: Float[np.ndarray, " n"],
    y: Float[np.ndarray, "m dim"],
    sd: Float[np.ndarray, " dim"],
    axes: Float[np.ndarray, "axes dim"],
) -> OnLines:
    """Weighted points x (weights sum to 1) against equally weighted y; a coordinate of no sd has no unit."""
    lines = np.concatenate([directions(x.shape[1]), np.eye(x.shape[1]), axes])
    squares = squared_w2(lines @ x.T, weights, lines @ y.T)
    marginal, varies = squares[DIRECTIONS : DIRECTIONS + x.shape[1]], sd > 0
    return OnLines(
        float(np.sqrt(np.mean(squares[:DIRECTIONS]))),
        float(np.sqrt(np.max(squares))),
        float(np.max(np.sqrt(marginal[varies]) / sd[varies])) if varies.any() else None,
    )


def sliced_w2(
    x: Float[np.ndarray, "n dim"], weights: Float[np.ndarray, " n"], y: Float[np.ndarray, "m dim"]
) -> float:
    """Sliced 2-Wasserstein distance of weighted points x (weights sum to 1) to equally weighted points y."""
    if not (np.isfinite(x).all() and np.isfinite(weights).all()):
        return np.nan
    axes = directions(x.shape[1])
    squares = squared_w2(axes @ x.T, weights, axes @ y.T)
    return float(np.sqrt(np.mean(squares)))


def squared_w2(
    x: Float[np.ndarray, "lines n"], weights: Float[np.ndarray, " n"], y: Float[np.ndarray, "lines m"]
) -> Float[np.ndarray, " lines"]:
    """Squared 2-Wasserstein distance on each line: the integral of (Q_x(u) - Q_y(u))^2 over u in (0, 1).

    Both quantile functions are steps, so the integral is a sum over the merged levels of the two.
    """
    if x.shape == y.shape and np.ptp(weights) == 0:  # the levels coincide; six times faster
        return np.mean((np.sort(x, axis=1) - np.sort(y, axis=1)) ** 2, axis=1)
    order = np.argsort(x, axis=1)
    y_sorted = np.sort(y, axis=1)
    y_levels = np.arange(1, y.shape[1] + 1) / y.shape[1]
    squares = np.empty(len(x))
    for line, by_size in enumerate(order):
        levels = np.concatenate([np.cumsum(weights[by_size]), y_levels])
        merged = np.argsort(levels, kind="stable")  # two ascending runs: a merge
        from_x = merged < len(by_size)
        x_step = np.cumsum(from_x) - from_x  # how many steps of x ended before
        y_step = np.arange(len(merged)) - x_step
        x_at = x[line, by_size[np.minimum(x_step, len(by_size) - 1)]]  # the last level may lie beyond 1
        y_at = y_sorted[line, np.minimum(y_step, len(y_levels) - 1)]
        squares[line] = np.diff(levels[merged], prepend=0.0) @ (x_at - y_at) ** 2
    return squares
