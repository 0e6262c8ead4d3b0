"""The pilot: working coordinates of a Gaussian, and of two modes."""

import jax
import numpy as np

from bridgemark.samplers.pathspace.pilot import run_pilot

from support.small_targets import COVARIANCE, MEAN, correlated_gaussian, mixture

LAPLACE = 2  # the index of the Laplace approximation among the pilot's candidates


def find_coordinates(density, seed):
    """What the pilot finds with 128 particles."""
    return jax.jit(lambda key: run_pilot(key, density, 128))(jax.random.key(seed))


def test_the_pilot_finds_a_gaussian_nearly_exactly(x64):
    pilot = find_coordinates(correlated_gaussian().density, 6)
    scale = np.asarray(pilot.coordinates.scale, float)
    assert np.argmax(pilot.info["pilot_scores"]) == LAPLACE
    np.testing.assert_allclose(pilot.coordinates.loc, MEAN, atol=1e-9)
    np.testing.assert_allclose(scale @ scale.T, COVARIANCE, atol=1e-9)


def test_the_pilot_refuses_the_laplace_approximation_of_one_mode_among_two():
    pilot = find_coordinates(mixture(1, half_distance=4.0).density, 7)
    assert np.argmax(pilot.info["pilot_scores"]) != LAPLACE
    assert abs(pilot.coordinates.scale.item()) > 2.0  # the modes lie 8 apart, neither wider than 1
