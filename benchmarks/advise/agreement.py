"""Whether two families agree about means, standard deviations and quantiles, by the rule of `references`.

Two estimates agree unless they differ by more than MAX_GAP combined standard errors; an imprecise estimate
confirms nothing. Many numbers are compared at once, so the limit grows with their number such that two
families that agree are called apart as rarely as two single estimates are.
"""

from typing import NamedTuple

import numpy as np
import scipy.stats
from jaxtyping import Float

from bridgemark.benchmarks.advise.errors_of_means import error_of_means
from bridgemark.benchmarks.advise.family_draws import FamilyDraws
from bridgemark.benchmarks.references.log_z import MAX_GAP

QUANTILES = (0.05, 0.5, 0.95)
NAMES = ("mean", "sd", *(f"{100 * level:g} % quantile" for level in QUANTILES))
# In standard deviations: no difference is taken for better known, because errors of weighted draws are too
# small by a fifth or so where a few weights are large, and a smaller difference does not matter.
MIN_ERROR = 0.02
MAX_ERROR = 0.2  # of a mean, combined, in standard deviations: a vaguer estimate confirms nothing


class Summary(NamedTuple):
    """The statistics called NAMES of every coordinate, (statistics, dim), and their standard errors."""

    values: Float[np.ndarray, "statistics dim"]
    errors: Float[np.ndarray, "statistics dim"]


class Agreement(NamedTuple):
    """How two summaries differ.

    Attributes:
        worst: the largest difference, in combined standard errors of at least MIN_ERROR.
        limit: what it may be.
        statistic: the statistic that differs most, such as "mean".
        coordinate: its coordinate.
        largest_error: the largest combined standard error of a mean, in standard deviations.
    """

    worst: float
    limit: float
    statistic: str
    coordinate: int
    largest_error: float

    @property
    def agree(self) -> bool | None:
        """False where they differ; None where they do not differ but are too imprecise to confirm."""
        if not self.worst <= self.limit:
            return False
        return True if self.largest_error <= MAX_ERROR else None


def summarise(family: FamilyDraws) -> Summary:
    """The statistics of every coordinate of a family's draws, with Monte Carlo errors."""
    x, weights = family.weighted_sample()
    mean = weights @ x
    variance = np.maximum(weights @ (x - mean) ** 2, np.finfo(float).tiny)
    sd = np.sqrt(variance)
    mean_errors = error_of_means(family, x)
    sd_errors = error_of_means(family, (x - mean) ** 2) / (2 * sd)
    quantiles = [_quantiles(family, level) for level in QUANTILES]
    values = np.stack([mean, sd, *(value for value, _ in quantiles)])
    return Summary(values, np.stack([mean_errors, sd_errors, *(error for _, error in quantiles)]))


def compare(first: Summary, second: Summary) -> Agreement:
    """The largest difference between two summaries of the same model."""
    combined = np.hypot(first.errors, second.errors)
    sd = np.minimum(first.values[1], second.values[1])
    differences = np.abs(first.values - second.values)
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps = np.where(differences == 0, 0.0, differences / np.hypot(combined, MIN_ERROR * sd))
        relative = combined[0] / sd
    gaps = np.where(np.isnan(differences), np.inf, np.nan_to_num(gaps, posinf=np.inf))
    statistic, coordinate = np.unravel_index(np.argmax(gaps), gaps.shape)
    false_alarm = scipy.stats.norm.sf(MAX_GAP)
    limit = float(scipy.stats.norm.isf(false_alarm / gaps.size))
    largest = float(np.max(np.nan_to_num(relative, nan=np.inf)))
    return Agreement(float(gaps[statistic, coordinate]), limit, NAMES[statistic], int(coordinate), largest)


def _quantiles(family: FamilyDraws, level: float) -> tuple[np.ndarray, np.ndarray]:
    """A quantile of every coordinate and its error: half of what it moves when the level does by its error.

    Woodruff (1952): the share of draws below the quantile has an error like any mean.
    """
    x, weights = family.weighted_sample()
    order = np.argsort(x, axis=0)
    ordered = np.take_along_axis(x, order, axis=0)
    cumulated = np.cumsum(weights[order], axis=0)

    def at_levels(levels: Float[np.ndarray, " dim"]) -> Float[np.ndarray, " dim"]:
        below = np.sum(cumulated < np.clip(levels, 0, 1), axis=0)
        return np.take_along_axis(ordered, np.minimum(below, len(x) - 1)[None], axis=0)[0]

    value = at_levels(np.full(x.shape[1], level))
    share_error = np.minimum(error_of_means(family, (x <= value).astype(float)), 1.0)
    return value, (at_levels(level + share_error) - at_levels(level - share_error)) / 2
