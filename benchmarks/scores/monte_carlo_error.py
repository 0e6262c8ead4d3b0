"""Monte Carlo standard errors of weighted means and of their squares."""

from math import isqrt

import numpy as np
from jaxtyping import Float, Int

MANY_CHAINS = 30  # from this number of chains or runs on, each of them is one batch


def batch_starts(chains: int, length: int, whole_chains: bool) -> Int[np.ndarray, " batches"]:
    """Index of the first draw of every batch, where the draws are listed chain after chain.

    Batches are nearly independent of each other. A chain is one batch where there are many chains, or where
    `whole_chains` forbids cutting it, as for the particles of one run; otherwise it is cut into
    sqrt(length) batches.
    """
    batches = 1 if whole_chains or chains >= MANY_CHAINS else isqrt(length)
    within_chain = np.linspace(0, length, batches, endpoint=False).astype(int)
    return (length * np.arange(chains)[:, None] + within_chain).ravel()


def mean_error(
    values: Float[np.ndarray, "n k"], weights: Float[np.ndarray, " n"], starts: Int[np.ndarray, " batches"]
) -> Float[np.ndarray, " k"] | None:
    """Standard error of the self-normalised means `weights @ values`; None for a single batch.

    It is the delta method's: a batch moves a mean by the weighted deviations of its draws from that mean
    (infinitesimal jackknife). `starts` are the first indices of the batches.
    """
    if len(starts) == 1:
        return None
    deviations = weights[:, None] * (values - weights @ values)
    moves = np.add.reduceat(deviations, starts, axis=0)
    return np.sqrt(len(starts) / (len(starts) - 1) * np.sum(moves**2, axis=0))


def square_error(mean: Float[np.ndarray, " k"], error: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    """Standard error of the square of a Gaussian estimate b with standard error s.

    Its variance is 4 beta^2 s^2 + 2 s^4 with the true value beta, whose square is estimated by b^2 - s^2
    and taken as zero where that is negative. Far from zero this is the delta method's 2 |b| s, at zero it is
    sqrt(2) s^2.
    """
    return np.sqrt(np.maximum(4 * mean**2 * error**2 - 2 * error**4, 2 * error**4))
