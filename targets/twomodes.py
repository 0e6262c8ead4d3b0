"""Two Gaussian modes of unequal weight, far apart in many dimensions: do samplers find the weights?"""

from functools import partial

import numpy as np

from bridgemark.targets.base import About, Alias, Target
from bridgemark.targets.mixtures import mixture

SLIPS = (
    "Grenioux, Noble, Gabrié & Durmus (2024), Stochastic localization via iterative posterior sampling, ICML"
)
WEIGHTS = np.array([2 / 3, 1 / 3])
VARIANCE = 0.05


def twomodes(name: str, dim: int) -> Target:
    """2/3 N(-2/3 1, 0.05 I) + 1/3 N(4/3 1, 0.05 I): the mean is zero, the modes are 2 sqrt(dim) apart."""
    means = np.array([[-2 / 3], [4 / 3]]) * np.ones(dim)
    distance = 2 * np.sqrt(dim)
    about = About(
        source=SLIPS,
        definition=f"2/3 N(-2/3 1, 0.05 I) + 1/3 N(4/3 1, 0.05 I), 1 = (1, ..., 1) in {dim} dimensions, "
        f"0.05 the variance; the modes are 2 sqrt(d) = {distance:.4g} apart, "
        f"{distance / np.sqrt(VARIANCE):.3g} standard deviations; base N(0, I)",
        aliases=(
            Alias("two_modes", f"slips, a = 1, centred, d = {dim}", True),
            Alias("two_modes", "slips, not centred: means -1 and 1", False),
        ),
    )
    return mixture(name, WEIGHTS, means, np.full(2, np.sqrt(VARIANCE)), 1.0, about)


TARGETS = {f"twomodes-{dim}": partial(twomodes, f"twomodes-{dim}", dim) for dim in (8, 32, 128)}
