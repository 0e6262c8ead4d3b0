"""The pilot finds modes far beyond the base, and complains of wrong gradients and infinite integrals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks.advise import pilot_file
from bridgemark.benchmarks.advise.modes import mode_at, modes_without_draws, shares
from bridgemark.benchmarks.advise.pilot import look_at
from bridgemark.benchmarks.advise.rules import climbs_end, gradient_is_right, integral_is_finite
from bridgemark.targets.base import Density, gaussian_base

from support.family_draws import unit_mode


def density(log_prob, dim=2):
    """A density that begins at N(0, I)."""
    return Density(dim, log_prob, gaussian_base(np.zeros(dim), np.ones(dim)))


def log_normal(x):
    return -0.5 * jnp.sum(x**2)


def test_a_mode_forty_scales_away_is_seen():
    """N(0, I) and, with half the deviations, N(40, I / 4): of the mass in two dimensions a fifth."""
    pilot = look_at(density(lambda x: jnp.logaddexp(log_normal(x), log_normal((x - 40) / 0.5))))
    np.testing.assert_allclose(sorted(mode.x[0] for mode in pilot.modes), [0.0, 40.0], atol=1e-3)
    np.testing.assert_allclose(sorted(shares(pilot.modes)), [0.2, 0.8], atol=1e-3)
    assert (gradient_is_right(pilot), integral_is_finite(pilot), climbs_end(pilot)) == (None, None, None)


def test_scale_and_conditioning_are_those_of_the_highest_mode(tmp_path):
    scale = np.array([1.0, 0.01])
    pilot = look_at(density(lambda x: log_normal((x - 3.0) / scale)))
    assert pilot.condition_number() == pytest.approx(1e4, rel=1e-3)
    np.testing.assert_allclose(pilot.scales(), scale, rtol=1e-3)
    assert pilot.gradient_seconds > 0
    pilot_file.save(tmp_path / "pilot.json", pilot)
    again = pilot_file.load(tmp_path / "pilot.json")
    assert again._replace(modes=[]) == pilot._replace(modes=[])
    np.testing.assert_equal(again.modes, pilot.modes)


def test_a_wrong_gradient_is_seen():
    @jax.custom_jvp
    def log_prob(x):
        return log_normal(x)

    @log_prob.defjvp
    def derivative(points, tangents):
        return log_prob(*points), 1.2 * jnp.sum(-points[0] * tangents[0])

    assert "finite difference" in gradient_is_right(look_at(density(log_prob)))


def test_a_flat_direction_is_seen():
    pilot = look_at(density(lambda x: -0.5 * x[0] ** 2))
    assert "improper" in integral_is_finite(pilot)
    assert climbs_end(pilot) is not None


def test_a_pilot_without_time_counts_against_trust():
    pilot = look_at(density(log_normal), seconds=0.0)
    assert (pilot.starts, pilot.integral_judged) == (0, False)
    assert "only 0 optimisers" in climbs_end(pilot)


def test_a_point_that_is_no_maximum_is_no_mode():
    zero = np.zeros(2)
    assert mode_at(zero, 0.0, zero, np.diag([-1.0, 1.0])) is None
    assert mode_at(zero, 0.0, np.array([1.0, 0.0]), -np.eye(2)) is None
    assert mode_at(zero, 0.0, zero, np.full((2, 2), np.nan)) is None
    assert mode_at(zero, 0.0, zero, -np.eye(2)).log_mass() == pytest.approx(np.log(2 * np.pi))


def test_modes_without_their_share_of_draws_are_counted():
    modes = [unit_mode(np.zeros(1)), unit_mode(np.full(1, 9.0)), unit_mode(np.full(1, -9.0), log_prob=-6.0)]
    x = np.array([[0.1], [0.3], [9.2]])
    assert modes_without_draws(modes, x, np.array([0.5, 0.47, 0.03])) == [1]
    assert modes_without_draws(modes, x, np.array([0.5, 0.40, 0.10])) == []
