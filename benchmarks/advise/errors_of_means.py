"""Standard errors of means over dependent or weighted draws, never smaller than the draws can support."""

import numpy as np
import scipy.stats
from jaxtyping import Float

from bridgemark.benchmarks.advise.family_draws import FamilyDraws
from bridgemark.benchmarks.scores.diagnostics import MIN_LENGTH, ess_bulk
from bridgemark.benchmarks.scores.monte_carlo_error import mean_error

# An error that comes from few batches is itself uncertain. It is enlarged so that Student's quantile at this
# level, where agreement is decided, becomes the normal one.
LEVEL = 1e-4


def error_of_means(family: FamilyDraws, values: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " k"]:
    """Standard errors of the means of k functions of the draws; infinite where there is one batch only.

    That of batch means. For Markov chains it is at least that of the autocorrelation, because batches may be
    shorter than the time that a chain remembers.
    """
    weights, starts = family.weighted_sample().weights, family.batch_starts()
    by_batches = mean_error(values, weights, starts)
    if by_batches is None:
        return np.full(values.shape[1], np.inf)
    error = by_batches * _student_factor(len(starts))
    if not family.are_chains or family.draws.x.shape[1] < MIN_LENGTH:
        return error
    chains = values.reshape(*family.draws.x.shape[:2], -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_autocorrelation = np.std(values, axis=0) / np.sqrt(ess_bulk(chains))
    # A function that is constant over a chain has no effective draws; over all chains it has no error.
    return np.fmax(error, by_autocorrelation)


def _student_factor(batches: int) -> float:
    """The quantile of Student's distribution over the normal one, for an error from so many batches."""
    return float(scipy.stats.t.isf(LEVEL / 2, batches - 1) / scipy.stats.norm.isf(LEVEL / 2))
