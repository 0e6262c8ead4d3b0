"""Maximum mean discrepancy of weighted points to equally weighted ones, unbiased, and its jackknife error."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.distance import cdist

WIDEST, WIDTHS = 4, 5  # bandwidths h times 4, 2, 1, 1/2, 1/4
BLOCKS = 10
ALONE = 1e-9  # share of weight in pairs of different points, below which there are none


class _Sums(NamedTuple):
    """Sums over blocks of weighted kernel values, equal points left out; and of weights and their squares."""

    xx: Float[np.ndarray, "blocks blocks"]
    yy: Float[np.ndarray, "blocks blocks"]
    xy: Float[np.ndarray, "blocks blocks"]
    x: Float[np.ndarray, "2 blocks"]
    y: Float[np.ndarray, "2 blocks"]


def mmd2(
    x: Float[np.ndarray, "n dim"],
    weights: Float[np.ndarray, " n"],
    y: Float[np.ndarray, "m dim"],
    bandwidth: float,
) -> float | None:
    """Squared MMD in the mean of five Gaussian kernels; signed, its mean is 0 for independent exact draws.

    A U-statistic (Gretton et al. 2012, equation 3), weighted: exactly unbiased for fixed weights, consistent
    for self-normalised ones; of a Markov chain's draws it is too large by their autocorrelation. None where
    one point on either side has all the weight: it needs pairs.
    """
    if len(y) == 1 or np.sum(weights) ** 2 - np.sum(weights**2) <= ALONE * np.sum(weights) ** 2:
        return None
    return _unbiased(_sums(x, weights, y, bandwidth, 1), np.ones(1, bool))


def mmd2_error(
    x: Float[np.ndarray, "n dim"],
    weights: Float[np.ndarray, " n"],
    y: Float[np.ndarray, "m dim"],
    bandwidth: float,
) -> float | None:
    """Standard error by leaving out each tenth of x with the same tenth of y; None below 20 points, and
    where a tenth left out leaves no pair with a weight.

    The tenths are contiguous, so that they are nearly independent of each other for Markov chains too.
    Where the two laws are equal the statistic is degenerate and this is too large, by less than 2.
    """
    if min(len(x), len(y)) < 2 * BLOCKS:
        return None
    sums = _sums(x, weights, y, bandwidth, BLOCKS)
    with np.errstate(divide="ignore", invalid="ignore"):
        without = [_unbiased(sums, np.arange(BLOCKS) != one) for one in range(BLOCKS)]
        error = float(np.sqrt((BLOCKS - 1) * np.var(without)))
    return error if np.isfinite(error) else None


def kernel(squares: Float[np.ndarray, "n m"], bandwidth: float) -> Float[np.ndarray, "n m"]:
    """Mean of the Gaussian kernels exp(-squares / 2 h^2) over the five bandwidths."""
    term = np.exp(-squares / (2 * (WIDEST * bandwidth) ** 2))
    total = term.copy()
    for _ in range(WIDTHS - 1):  # half as wide is the fourth power: one exponential serves all
        np.square(term, out=term)
        np.square(term, out=term)
        total += term
    return total / WIDTHS


def _sums(x: np.ndarray, weights: np.ndarray, y: np.ndarray, bandwidth: float, blocks: int) -> _Sums:
    even = np.full(len(y), 1 / len(y))
    of_x, of_y = (np.linspace(0, len(points), blocks, endpoint=False).astype(int) for points in (x, y))
    xx, yy, xy = (kernel(cdist(a, b, "sqeuclidean"), bandwidth) for a, b in ((x, x), (y, y), (x, y)))
    np.fill_diagonal(xx, 0)
    np.fill_diagonal(yy, 0)
    return _Sums(
        _blocked(xx, weights, weights, of_x, of_x),
        _blocked(yy, even, even, of_y, of_y),
        _blocked(xy, weights, even, of_x, of_y),
        np.add.reduceat(np.stack([weights, weights**2]), of_x, axis=1),
        np.add.reduceat(np.stack([even, even**2]), of_y, axis=1),
    )


def _blocked(
    values: Float[np.ndarray, "n m"],
    left: Float[np.ndarray, " n"],
    right: Float[np.ndarray, " m"],
    rows: Int[np.ndarray, " blocks"],
    columns: Int[np.ndarray, " blocks"],
) -> Float[np.ndarray, "blocks blocks"]:
    of_rows = np.add.reduceat(left[:, None] * values, rows, axis=0)
    return np.add.reduceat(of_rows * right, columns, axis=1)


def _unbiased(sums: _Sums, kept: Bool[np.ndarray, " blocks"]) -> float:
    pairs = np.ix_(kept, kept)
    (x, x_squares), (y, y_squares) = (side[:, kept].sum(axis=1) for side in (sums.x, sums.y))
    within = sums.xx[pairs].sum() / (x**2 - x_squares) + sums.yy[pairs].sum() / (y**2 - y_squares)
    return float(within - 2 * sums.xy[pairs].sum() / (x * y))
