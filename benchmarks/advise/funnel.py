"""Whether the scale of a coordinate changes with another one, as in a funnel.

In a Gaussian, and in any density that is symmetric about its centre, the size of a slope says nothing of the
sign of a coordinate. Where the logarithm of |d_j log p| falls along x_i, coordinate j is narrower where x_i
is lower: Neal's funnel, or centred effects of a hierarchical model.
"""

from typing import NamedTuple

import numpy as np

from bridgemark.benchmarks.advise.family_draws import FamilyDraws

MIN_CORRELATION = 0.35  # in absolute value, for a scale that changes much


class ScaleDependence(NamedTuple):
    """The strongest dependence of a scale on a coordinate.

    Attributes:
        correlation: of log |d_narrow log p| with the coordinate `along`.
        narrow: the coordinate whose scale changes.
        along: the coordinate that it changes with.
    """

    correlation: float
    narrow: int
    along: int


def scale_dependence(family: FamilyDraws) -> ScaleDependence | None:
    """The strongest dependence that equally weighted draws show; None where there is none to speak of."""
    dim = family.draws.x.shape[2]
    slopes = np.abs(family.gradient.reshape(-1, dim))
    logs = _standardised(np.log(np.maximum(slopes, np.finfo(float).tiny)))
    correlations = logs.T @ _standardised(family.draws.x.reshape(-1, dim)) / len(slopes)
    np.fill_diagonal(correlations, 0.0)
    narrow, along = np.unravel_index(np.argmax(np.abs(correlations)), correlations.shape)
    strongest = float(correlations[narrow, along])
    if not abs(strongest) >= MIN_CORRELATION:
        return None
    return ScaleDependence(strongest, int(narrow), int(along))


def _standardised(values: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and variance 1; 0 where a column is constant."""
    centred = values - values.mean(axis=0)
    sd = centred.std(axis=0)
    return np.divide(centred, sd, out=np.zeros_like(centred), where=sd > 0)
