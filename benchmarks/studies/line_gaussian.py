"""The Gaussian target on the line of which studies know every drift in closed form."""

import numpy as np

from bridgemark.targets.base import About, Density
from bridgemark.targets.mixtures import mixture

MEAN, VARIANCE = 2.0, 0.25
ABOUT = About(source="bridgemark", definition="N(2, 0.25)")


def line_gaussian() -> Density:
    """N(MEAN, VARIANCE), normalised."""
    mean, sd = np.full((1, 1), MEAN), np.full(1, np.sqrt(VARIANCE))
    return mixture("line-gaussian", np.ones(1), mean, sd, 1.0, ABOUT).density
