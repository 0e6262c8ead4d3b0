"""Stein's identities: draws of a density p on R^dim have E[grad log p] = 0 and E[x . grad log p] = -dim.

They hold where p is continuous and falls fast enough, and they need no constant and no truth: a wrong
gradient, a jump of the density, a flat direction and draws of another density break them. A density that is
seen in one of two far modes only keeps them.
"""

from typing import NamedTuple

import numpy as np
import scipy.stats
from jaxtyping import Float

from bridgemark.benchmarks.advise.errors_of_means import LEVEL, error_of_means
from bridgemark.benchmarks.advise.family_draws import FamilyDraws

DRAWS_PER_DIM = 5  # effective draws, for a covariance whose factor can be used
MIN_ERROR = 1e-9  # of a mean, so that a constant is not judged by its rounding


class Identities(NamedTuple):
    """How well the identities hold.

    Attributes:
        worst: the largest deviation, in standard errors.
        limit: what it exceeds with probability LEVEL where all identities hold.
        name: which identity deviates most.
        largest_error: the largest standard error of E[z_i d_i log p] = -1. Where it is not well below 1 the
            identities show nothing.
    """

    worst: float
    limit: float
    name: str
    largest_error: float


def stein_identities(family: FamilyDraws) -> Identities:
    """Compare the means with what they must be, coordinate by coordinate.

    In coordinates z in which the draws have covariance I, because there the errors are small; the identities
    hold in all linear coordinates.
    """
    sample = family.weighted_sample()
    dim = sample.x.shape[1]
    centred = sample.x - sample.weights @ sample.x
    factor = _factor(centred, sample.weights)
    z = np.linalg.solve(factor, centred.T).T
    slope = family.gradient.reshape(-1, dim) @ factor
    values = np.concatenate([slope, z * slope], axis=1)
    expected = np.concatenate([np.zeros(dim), -np.ones(dim)])
    errors = np.maximum(error_of_means(family, values), MIN_ERROR)
    deviations = np.abs(sample.weights @ values - expected) / errors
    # What is not a number is as bad as it can be.
    deviations = np.where(np.isnan(deviations), np.inf, deviations)
    worst = int(np.argmax(deviations))
    kind = "E[grad log p] = 0" if worst < dim else "E[x . grad log p] = -dim"
    limit = float(scipy.stats.norm.isf(LEVEL / 2 / len(expected)))
    return Identities(float(deviations[worst]), limit, kind, float(np.max(errors[dim:])))


def _factor(centred: Float[np.ndarray, "n dim"], weights: Float[np.ndarray, " n"]) -> np.ndarray:
    """A lower factor of the covariance of the draws; only its diagonal where the draws are too few."""
    dim = centred.shape[1]
    covariance = (weights[:, None] * centred).T @ centred
    diagonal = np.diag(np.sqrt(np.maximum(np.diag(covariance), np.finfo(float).tiny)))
    if 1 / np.sum(weights**2) < DRAWS_PER_DIM * dim:
        return diagonal
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        return diagonal
