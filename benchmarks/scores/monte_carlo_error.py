"""Monte Carlo errors of weighted means, and of what is made of them."""

from math import isqrt

import numpy as np
from jaxtyping import Float, Int

MANY = 30  # chains or runs from which on each counts as one independent piece


def pieces(chains: int, length: int, whole: bool) -> Int[np.ndarray, " pieces"]:
    """Where the nearly independent pieces start among all draws, chain after chain.

    Each chain is one, where they are many or where `whole` forbids to cut them (the particles of one run);
    else each is cut into sqrt(length) batches.
    """
    batches = 1 if whole or chains >= MANY else isqrt(length)
    within = np.linspace(0, length, batches, endpoint=False).astype(int)
    return (length * np.arange(chains)[:, None] + within).ravel()


def mean_error(
    values: Float[np.ndarray, "n k"], weights: Float[np.ndarray, " n"], starts: Int[np.ndarray, " pieces"]
) -> Float[np.ndarray, " k"] | None:
    """Standard error of the self-normalised means weights @ values; None of a single piece.

    Delta method: a piece moves a mean by its weighted deviations from it (infinitesimal jackknife).
    """
    if len(starts) == 1:
        return None
    deviations = weights[:, None] * (values - weights @ values)
    moves = np.add.reduceat(deviations, starts, axis=0)
    return np.sqrt(len(starts) / (len(starts) - 1) * np.sum(moves**2, axis=0))


def square_error(mean: Float[np.ndarray, " k"], error: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    """Standard error of the square of a Gaussian estimate: variance 4 b^2 s^2 + 2 s^4, b^2 freed of its bias.

    For estimates far from zero it is the delta method's 2 |b| s; at zero sqrt(2) s^2.
    """
    return np.sqrt(np.maximum(4 * mean**2 * error**2 - 2 * error**4, 2 * error**4))
