"""The constants that distances are measured with: of the target alone, never of a sampler's draws."""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import pdist

from bridgemark.benchmarks.scores.histogram import Grid, grid
from bridgemark.benchmarks.scores.weighted_sample import exact
from bridgemark.targets.base import Target

SEED = 141421  # every sampler, seed and machine is measured with the same constants
DRAWS = 50_000
PAIRED = 2_000  # of the draws, those whose pairwise distances are looked at
AXES = 10
SHARE = 0.01  # of the mean squared distance: the entropic smoothing of a Sinkhorn divergence


class Scales(NamedTuple):
    """Of exact draws y of a fixed key.

    `bandwidth`: median pairwise distance; `epsilon`: SHARE of the mean squared pairwise distance, in
    squared units of x; `sd`: of each coordinate; `axes`: unit vectors, the directions of largest variance.
    """

    bandwidth: float
    epsilon: float
    sd: Float[np.ndarray, " dim"]
    axes: Float[np.ndarray, "axes dim"]
    grid: Grid | None


def scales(target: Target) -> Scales:
    """The constants of a target that has exact draws; the grid is None in one dimension."""
    identity = (target.name, target.version)
    if identity not in _known:
        _known[identity] = _measured(target)
    return _known[identity]


_known: dict[tuple[str, int], Scales] = {}


def _measured(target: Target) -> Scales:
    assert target.sample is not None
    y = exact(target.sample, jax.random.key(SEED), DRAWS)
    covariance = np.atleast_2d(np.cov(y.T))
    return Scales(
        bandwidth=float(np.median(pdist(y[:PAIRED]))),
        epsilon=SHARE * 2 * float(np.trace(covariance)),  # E|y - y'|^2 is twice the total variance
        sd=np.sqrt(np.diag(covariance)),
        axes=np.linalg.eigh(covariance)[1].T[::-1][:AXES],
        grid=grid(y[:, :2]) if target.density.dim > 1 else None,
    )
