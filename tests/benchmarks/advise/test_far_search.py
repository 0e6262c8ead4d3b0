"""The search finds a narrow basin far away that climbs from near and far pass by."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks.advise.far_search import search
from bridgemark.benchmarks.advise.pilot import look_at
from bridgemark.targets.base import Density, gaussian_base

CENTRE, SCALE = np.array([25.0, -20.0, 10.0]), 0.3


def log_two_modes(x):
    """N(0, I), and a narrow normal of the same mass far away."""
    narrow = -0.5 * jnp.sum(((x - CENTRE.astype(x.dtype)) / SCALE) ** 2) - 3 * np.log(SCALE)
    return jnp.logaddexp(-0.5 * jnp.sum(x**2), narrow)


TWO_MODES = Density(3, log_two_modes, gaussian_base(np.zeros(3), np.ones(3)))


def test_a_round_basin_is_reached():
    with jax.enable_x64(True):
        ends, heights = search(TWO_MODES, np.zeros(3), 0.0)
    assert np.all(np.diff(heights) <= 0)
    distances = np.linalg.norm(ends - CENTRE, axis=1) / SCALE
    assert np.sum(distances < 5) > 3
    assert np.sum(np.linalg.norm(ends, axis=1) < 5) > 500


def test_the_pilot_knows_both_modes():
    pilot = look_at(TWO_MODES)
    np.testing.assert_allclose(pilot.modes[0].x, CENTRE, atol=0.01)
    np.testing.assert_allclose(pilot.modes[1].x, 0.0, atol=0.01)
    assert pilot.reach == pytest.approx(100)


def test_a_density_that_is_zero_far_out_leaves_points_where_they_are():
    box = Density(
        1, lambda x: jnp.where(jnp.abs(x[0]) < 1, 0.0, -jnp.inf), gaussian_base(np.zeros(1), np.ones(1))
    )
    with jax.enable_x64(True):
        ends, _ = search(box, np.zeros(1), 0.0)
    assert np.isfinite(ends).all()
