"""The exact curves of the studies, against closed forms and printed numbers."""

import numpy as np
import pytest

from bridgemark.benchmarks.studies.horizon import exact_divergences
from bridgemark.benchmarks.studies.steps import best, bridge_steps, diffusion_steps, gap

from oracles.closed_forms import Kernel, fitting_laws, kl, path_weights, transition
from oracles.printed import assert_printed

SOURCE, TARGET = (0.0, 1.0), (2.0, 0.25)


@pytest.mark.parametrize("horizon", [0.1, 0.5, 2.0])
def test_divergences_by_round(horizon):
    laws = fitting_laws(SOURCE, TARGET, *transition(1, horizon), rounds=4)
    np.testing.assert_allclose(
        exact_divergences(horizon, 3), [kl(law, TARGET) for law in laws], rtol=1e-6, atol=1e-12
    )


@pytest.mark.parametrize("make", [bridge_steps, diffusion_steps])
@pytest.mark.parametrize("count", [1, 5])
def test_the_gap_is_that_of_the_exact_path_weights(make, count):
    steps = make(1.5, count)
    forward, backward = (
        [Kernel(*kernels) for kernels in direction] for direction in zip(*steps, strict=True)
    )
    weights = path_weights(SOURCE, TARGET, 0.0, forward, backward)
    np.testing.assert_allclose(gap(steps), -weights.mean(), rtol=1e-9)
    np.testing.assert_allclose(weights.log_moment(1), 0.0, atol=1e-9)  # the weights are proper


def test_gaps_have_the_printed_values():
    """Five significant digits, computed apart from this code: the mathematical notes, reference table."""
    assert_printed(
        [gap(bridge_steps(1.0, count)) for count in (1, 4, 16, 64)], "1.03304 .18025 .03858 .00924"
    )
    assert_printed([gap(diffusion_steps(5.0, count)) for count in (16, 64, 256)], ".17546 .04741 .02158")


def test_the_best_horizon_is_the_best_on_the_grid():
    gaps, horizons = best(diffusion_steps)
    assert_printed(gaps[2:6], ".3044 .1613 .0857 .0457")
    np.testing.assert_allclose(horizons[2:6], [3.25, 4.0, 4.75, 5.5])
