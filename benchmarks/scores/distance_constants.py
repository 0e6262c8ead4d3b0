"""Constants that distances are measured with, of a target alone: the same for every sampler and seed."""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import pdist

from bridgemark.benchmarks.scores.histogram import Histogram, equal_mass_histogram
from bridgemark.benchmarks.scores.weighted_sample import draw_exactly
from bridgemark.targets.base import Sample, Target

SEED = 141421  # of the exact draws that the constants are estimated from
DRAWS = 50_000
BANDWIDTH_DRAWS = 2_000  # the first of the draws: all their pairwise distances are computed
AXES = 10
EPSILON_SHARE = 0.01  # of the mean squared pairwise distance


class DistanceConstants(NamedTuple):
    """Constants of one target's distances, estimated from exact draws with a fixed key.

    Attributes:
        bandwidth: median pairwise distance, for the kernels of the MMD.
        epsilon: entropic smoothing of a Sinkhorn divergence, in squared units of x.
        sd: standard deviation of each coordinate.
        axes: unit vectors, the directions of largest variance.
        histogram: bins of the first two coordinates; None in one dimension.
        has_variance: whether second moments are finite, without which no transport distance has a meaning.
        is_posterior: whether the density has a joint with data; C2ST is computed for these targets only.
    """

    bandwidth: float
    epsilon: float
    sd: Float[np.ndarray, " dim"]
    axes: Float[np.ndarray, "axes dim"]
    histogram: Histogram | None
    has_variance: bool
    is_posterior: bool


def distance_constants(target: Target, exact_sampler: Sample) -> DistanceConstants:
    """The constants of a target, estimated once in a process; `exact_sampler` is the target's own."""
    identity = (target.name, target.version)
    if identity not in _known_constants:
        _known_constants[identity] = _estimate_constants(target, exact_sampler)
    return _known_constants[identity]


_known_constants: dict[tuple[str, int], DistanceConstants] = {}


def _estimate_constants(target: Target, exact_sampler: Sample) -> DistanceConstants:
    y = draw_exactly(exact_sampler, jax.random.key(SEED), DRAWS)
    covariance = np.atleast_2d(np.cov(y.T))
    mean_squared_distance = 2 * float(np.trace(covariance))  # E|y - y'|^2 is twice the total variance
    return DistanceConstants(
        bandwidth=float(np.median(pdist(y[:BANDWIDTH_DRAWS]))),
        epsilon=EPSILON_SHARE * mean_squared_distance,
        sd=np.sqrt(np.diag(covariance)),
        axes=np.linalg.eigh(covariance)[1].T[::-1][:AXES],
        histogram=equal_mass_histogram(y[:, :2]) if target.density.dim > 1 else None,
        has_variance=target.about.finite_moment > 2,
        is_posterior=target.density.joint is not None,
    )
