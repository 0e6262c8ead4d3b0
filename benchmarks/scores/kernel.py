"""Unbiased maximum mean discrepancy between weighted and equally weighted points, and its jackknife error."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.distance import cdist

WIDEST, WIDTHS = 4, 5  # the kernel's widths are 4, 2, 1, 1/2 and 1/4 times the bandwidth
BLOCKS = 10  # of the jackknife
MIN_PAIR_SHARE = 1e-9  # share of the weight in pairs of different points; rounding gives less


class _BlockSums(NamedTuple):
    """Sums over pairs of blocks of weighted kernel values, without a point's pair with itself.

    `x_weights` and `y_weights` have two rows: sums of the weights and of their squares in each block.
    """

    xx: Float[np.ndarray, "blocks blocks"]
    yy: Float[np.ndarray, "blocks blocks"]
    xy: Float[np.ndarray, "blocks blocks"]
    x_weights: Float[np.ndarray, "2 blocks"]
    y_weights: Float[np.ndarray, "2 blocks"]


def mmd2(
    x: Float[np.ndarray, "n dim"],
    weights: Float[np.ndarray, " n"],
    y: Float[np.ndarray, "m dim"],
    bandwidth: float,
) -> float | None:
    """Squared MMD between weighted points x and equally weighted points y, for a mean of Gaussian kernels.

    It is a weighted U-statistic (Gretton et al. 2012, equation 3), and can be negative: its mean is 0 for
    independent exact draws. It is exactly unbiased for fixed weights and consistent for self-normalised ones;
    for draws of a Markov chain their autocorrelation makes it too large. None where one point on either side
    has all the weight, because the statistic needs pairs.
    """
    if len(y) == 1 or np.sum(weights) ** 2 - np.sum(weights**2) <= MIN_PAIR_SHARE * np.sum(weights) ** 2:
        return None
    return _unbiased_mmd2(_block_sums(x, weights, y, bandwidth, 1), np.ones(1, bool))


def mmd2_error(
    x: Float[np.ndarray, "n dim"],
    weights: Float[np.ndarray, " n"],
    y: Float[np.ndarray, "m dim"],
    bandwidth: float,
) -> float | None:
    """Standard error of `mmd2` by the jackknife: each tenth of x is left out with the same tenth of y.

    The tenths are contiguous, so that they are nearly independent of each other for Markov chains too. Where
    both distributions are equal the statistic is degenerate and this error too large, by a factor below 2.
    None below 20 points, and where the points that are left have no pair with a weight.
    """
    if min(len(x), len(y)) < 2 * BLOCKS:
        return None
    sums = _block_sums(x, weights, y, bandwidth, BLOCKS)
    with np.errstate(divide="ignore", invalid="ignore"):
        without = [_unbiased_mmd2(sums, np.arange(BLOCKS) != block) for block in range(BLOCKS)]
        error = float(np.sqrt((BLOCKS - 1) * np.var(without)))
    return error if np.isfinite(error) else None


def kernel(squares: Float[np.ndarray, "n m"], bandwidth: float) -> Float[np.ndarray, "n m"]:
    """Mean over the five widths h of the Gaussian kernels exp(-squares / 2 h^2)."""
    term = np.exp(-squares / (2 * (WIDEST * bandwidth) ** 2))
    total = term.copy()
    for _ in range(WIDTHS - 1):  # half the width is the fourth power, so one exponential serves all widths
        np.square(term, out=term)
        np.square(term, out=term)
        total += term
    return total / WIDTHS


def _block_sums(
    x: np.ndarray, weights: np.ndarray, y: np.ndarray, bandwidth: float, blocks: int
) -> _BlockSums:
    y_weights = np.full(len(y), 1 / len(y))
    x_starts = np.linspace(0, len(x), blocks, endpoint=False).astype(int)
    y_starts = np.linspace(0, len(y), blocks, endpoint=False).astype(int)
    xx = kernel(cdist(x, x, "sqeuclidean"), bandwidth)
    yy = kernel(cdist(y, y, "sqeuclidean"), bandwidth)
    xy = kernel(cdist(x, y, "sqeuclidean"), bandwidth)
    np.fill_diagonal(xx, 0)
    np.fill_diagonal(yy, 0)
    return _BlockSums(
        xx=_sum_blocks(xx, weights, weights, x_starts, x_starts),
        yy=_sum_blocks(yy, y_weights, y_weights, y_starts, y_starts),
        xy=_sum_blocks(xy, weights, y_weights, x_starts, y_starts),
        x_weights=np.add.reduceat(np.stack([weights, weights**2]), x_starts, axis=1),
        y_weights=np.add.reduceat(np.stack([y_weights, y_weights**2]), y_starts, axis=1),
    )


def _sum_blocks(
    values: Float[np.ndarray, "n m"],
    row_weights: Float[np.ndarray, " n"],
    column_weights: Float[np.ndarray, " m"],
    row_starts: Int[np.ndarray, " blocks"],
    column_starts: Int[np.ndarray, " blocks"],
) -> Float[np.ndarray, "blocks blocks"]:
    """Weighted sums of a matrix over the rectangles that the blocks of rows and of columns form."""
    row_sums = np.add.reduceat(row_weights[:, None] * values, row_starts, axis=0)
    return np.add.reduceat(row_sums * column_weights, column_starts, axis=1)


def _unbiased_mmd2(sums: _BlockSums, kept: Bool[np.ndarray, " blocks"]) -> float:
    """The U-statistic of the points in the blocks that are `kept`."""
    pairs = np.ix_(kept, kept)
    x, x_squares = sums.x_weights[:, kept].sum(axis=1)
    y, y_squares = sums.y_weights[:, kept].sum(axis=1)
    within = sums.xx[pairs].sum() / (x**2 - x_squares) + sums.yy[pairs].sum() / (y**2 - y_squares)
    return float(within - 2 * sums.xy[pairs].sum() / (x * y))
