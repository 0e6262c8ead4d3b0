"""The bridge between mixtures against printed numbers."""

import numpy as np
import pytest

from oracles.mixture_bridge import MASS, THERE, euler_paths, marginal
from support.monte_carlo import LIMIT

pytestmark = pytest.mark.usefixtures("x64")


def test_the_constants_are_those_of_the_instance():
    np.testing.assert_allclose(MASS, 0.081608217505, atol=5e-13)
    np.testing.assert_allclose(marginal(0.0).mean_and_variance(), (0.419511, 1.363200), atol=5e-7)
    np.testing.assert_allclose(marginal(1.0).mean_and_variance(), (0.685130, 3.000892), atol=5e-7)
    printed = [0.123246, 0.323049, 0.045410, 0.003125, 0.278682, 0.226489]
    np.testing.assert_allclose(marginal(0.0).weights, printed, atol=5e-7)
    np.testing.assert_allclose(marginal(1.0).weights, marginal(0.0).weights, atol=1e-15)


TABLE = {8: (0.1989, 0.540), 32: (0.0459, 0.0975), 128: (0.01145, 0.0225)}  # of 200,000 simulated paths


@pytest.mark.parametrize("steps", TABLE)
def test_euler_paths_have_the_tabulated_gap_and_variance(steps):
    """Within five standard errors of the table's own run, and 3 % of its variance."""
    (gap, variance), exact = TABLE[steps], euler_paths(THERE, steps)
    assert abs(exact.gap - gap) < LIMIT * np.sqrt(exact.variance / 200_000)
    np.testing.assert_allclose(exact.variance, variance, rtol=0.03)
