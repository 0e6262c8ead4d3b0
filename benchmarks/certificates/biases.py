"""Estimated biases of a sampler, with errors that know how slowly its chains move."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import stats

from bridgemark.benchmarks.certificates.replicates import FIRST_SETS, MAX_LOOKS, Replicates
from bridgemark.benchmarks.scores.diagnostics import ess_bulk
from bridgemark.benchmarks.scores.pareto import MAX_TRUSTED_K

LEVEL = 7e-4  # the probability of a false alarm of one test; a dozen of them stay below .01
POWER = 0.9  # with which the smallest resolved bias is seen
MIN_ERROR = 1e-6  # of a mean: rounding in single precision is no evidence against a sampler
# An estimate that is only consistent may have a bias of order 1 / n: less than this share of the standard
# deviation of a set, which is of order 1 / sqrt(n).
MAX_RELATIVE_BIAS = 0.25
MAX_DISCRETISATION_BIAS = 0.1  # in standard deviations, of samplers that do not claim to be exact
RESOLUTION = 0.01  # the bias, in standard deviations of the statistic, at which no more sets are drawn
MIN_SETS = 192  # that are drawn where there is time, for the test of independence


@dataclass(frozen=True)
class Biases:
    """Estimated biases of all statistics, and of Z where it is estimated.

    Attributes:
        names: of the statistics; the last is "Z" where Z is estimated.
        means: estimated biases, in standard deviations of the statistic, and of Z relative to it.
        errors: their standard errors.
        limits: how many standard errors a bias must be off to be seen, at LEVEL for all of them together.
        allowed: biases that are no fault.
        effective: the number of independent means that each standard error was computed from.
    """

    names: tuple[str, ...]
    means: Float[np.ndarray, " k"]
    errors: Float[np.ndarray, " k"]
    limits: Float[np.ndarray, " k"]
    allowed: Float[np.ndarray, " k"]
    effective: Float[np.ndarray, " k"]

    @property
    def scores(self) -> Float[np.ndarray, " k"]:
        """Standard errors by which each bias exceeds what is allowed."""
        return np.maximum(np.abs(self.means) - self.allowed, 0) / self.errors

    @property
    def resolved(self) -> Float[np.ndarray, " k"]:
        """Biases that would be seen with probability POWER."""
        return self.allowed + (self.limits + stats.norm.ppf(POWER)) * self.errors


def estimate_biases(replicates: Replicates) -> Biases:
    """Estimate the biases from the means of sets.

    Means of weighted sets are independent. Without weights, a set may go on where the chains of the one
    before stopped: there the means of a few groups of chains are followed from set to set as Markov chains
    are, and the effective number of means takes their autocorrelation into account.
    """
    names = [f"{s.name}_{i}" for s in replicates.target.statistics for i in range(len(s.mean))]
    series = [replicates.errors]
    if replicates.z_ratios is not None:
        names.append("Z")
        series.append(replicates.z_ratios[:, :, None] - 1)
    if replicates.is_weighted:
        series = [np.mean(part, axis=1, keepdims=True) for part in series]
    effective = np.concatenate([effective_means(part, replicates.is_weighted) for part in series])
    deviations = np.concatenate([np.std(part, axis=(0, 1), ddof=1) for part in series])
    errors = np.maximum(deviations / np.sqrt(effective), MIN_ERROR)
    if replicates.is_weighted:
        errors += _beyond_the_largest(replicates)
    may_be_biased = (replicates.log_z is not None) | (np.array(names) == "Z") & (not replicates.is_weighted)
    may_be_biased &= not replicates.claims_unbiased_z
    of_discretisation = 0.0 if replicates.claims_exactness else MAX_DISCRETISATION_BIAS
    set_deviations = np.concatenate([np.std(np.mean(part, axis=1), axis=0, ddof=1) for part in series])
    return Biases(
        names=tuple(names),
        means=np.concatenate([np.mean(part, axis=(0, 1)) for part in series]),
        errors=errors,
        limits=stats.t.isf(LEVEL / (2 * MAX_LOOKS * len(names)), np.maximum(effective - 1, 1)),
        allowed=np.where(may_be_biased, MAX_RELATIVE_BIAS * set_deviations, 0.0) + of_discretisation,
        effective=effective,
    )


def _beyond_the_largest(replicates: Replicates) -> Float[np.ndarray, " k"]:
    """What draws that are larger than all those that were made contribute to each mean.

    N values of a Pareto tail, P(W > t) = (s / t)^(1 / k), reach t = s N^k, and what lies beyond has the mean
    E[W; W > t] = t / (N (1 - k)). Here k is the largest shape that is judged. For light tails this is much
    less than the standard error, which a tail of k > 1/2 does not have.
    """
    largest = [np.max(replicates.largest, axis=0)]
    if replicates.largest_ratio is not None:
        largest.append(np.max(replicates.largest_ratio, keepdims=True))
    draws = replicates.chains * len(replicates.errors)
    return np.concatenate(largest) / (draws * (1 - MAX_TRUSTED_K))


def effective_means(
    series: Float[np.ndarray, "sets groups k"], are_independent: bool
) -> Float[np.ndarray, " k"]:
    """The effective number of means; one where they do not change at all.

    Where a group of chains stands still, only the mean of all groups is followed.
    """
    sets, groups, k = series.shape
    if are_independent:
        return np.full(k, float(groups * sets))
    mean = np.mean(series, axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # of means that do not change
        effective, together = (ess_bulk(np.swapaxes(means, 0, 1)) for means in (series, mean))
    effective = np.where(effective == 0, together, effective)
    return np.clip(effective, 1, groups * sets)


def is_settled(replicates: Replicates) -> bool:
    """Whether no more sets are needed: a bias was seen, or all that are not small would have been seen."""
    biases = estimate_biases(replicates)
    if not np.isfinite(biases.means).all():
        return True
    if np.min(biases.effective) < FIRST_SETS:
        return False
    if np.any(biases.scores > biases.limits):
        return True
    if len(replicates.errors) < MIN_SETS:
        return False
    return np.max(biases.resolved - biases.allowed) <= RESOLUTION or replicates.has_heavy_tail()
