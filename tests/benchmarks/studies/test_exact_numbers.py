"""The exact curves of the studies, against closed forms and printed numbers."""

import numpy as np
import pytest

from bridgemark.benchmarks.studies.claims import CLIPPED_AT, brownian_scales, clipped_second_moment
from bridgemark.benchmarks.studies.horizon import exact_divergences
from bridgemark.benchmarks.studies.steps import best, bridge_steps, diffusion_steps, gap

from oracles.closed_forms import Kernel, fitting_laws, kl, path_weights, transition
from oracles.printed import assert_printed
from support.project import ROOT

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


def test_scales_of_brownian_motion_by_gaussian_densities_on_another_grid():
    time, y = np.genfromtxt(ROOT / "targets/data/brownian.csv", delimiter=",", skip_header=1).T
    motion, log_scales = np.minimum.outer(time, time), np.arange(-15.0, 7.0, 0.1)
    noises, log_mass = np.exp(2 * log_scales)[:, None, None] * np.eye(len(y)), []
    for step in np.exp(log_scales):
        factors = np.linalg.cholesky(step**2 * motion + noises)
        standard = np.linalg.solve(factors, np.broadcast_to(y[:, None], (len(noises), len(y), 1)))[..., 0]
        log_determinants = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
        log_mass.append(-0.5 * np.sum(standard**2, axis=1) - log_determinants)
    log_mass = np.array(log_mass) - np.add.outer(log_scales**2, log_scales**2) / 8
    mass, scales = np.exp(log_mass - log_mass.max()), np.exp(log_scales)
    for marginal, moments in zip((mass.sum(axis=1), mass.sum(axis=0)), brownian_scales(), strict=True):
        mean, square = np.average(scales, weights=marginal), np.average(scales**2, weights=marginal)
        np.testing.assert_allclose(moments, (mean, np.sqrt(square - mean**2)), rtol=1e-5)


def test_the_second_moment_of_a_clipped_funnel():
    """Far out it is e^4.5; nearer, a mean of 4e6 draws at 4 of its deviations: 1 false alarm in 1e4 seeds."""
    np.testing.assert_allclose(clipped_second_moment(1e12), np.exp(4.5), rtol=1e-6)
    rng = np.random.default_rng(0)
    x = np.exp(rng.normal(0, 3, 4_000_000) / 2) * rng.normal(size=4_000_000)
    squares = np.minimum(np.abs(x), CLIPPED_AT) ** 2
    error = squares.std() / np.sqrt(len(squares))
    np.testing.assert_allclose(clipped_second_moment(), squares.mean(), rtol=0, atol=4 * error)
