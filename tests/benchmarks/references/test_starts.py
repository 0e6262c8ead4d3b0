"""Starts of SMC: Newton's method finds a Gaussian again, and says where there is no mode to be found."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks.references import starts
from bridgemark.benchmarks.references.estimators import Refused
from bridgemark.targets.base import Base, Density, gaussian_base

MEAN = np.array([3.0, -1.0, 0.5])
FACTOR = np.array([[2.0, 0.0, 0.0], [0.3, 0.1, 0.0], [-1.0, 0.2, 0.7]])
BASES = {
    "diagonal": gaussian_base(np.array([1.0, 0.0, 2.0]), np.array([5.0, 1.0, 0.5])),
    "triangular": gaussian_base(np.zeros(3), np.array([[2.0, 0, 0], [1.0, 1.0, 0], [0.5, 0.0, 3.0]])),
}


def density(log_prob, base=BASES["diagonal"]):
    return Density(dim=3, log_prob=log_prob, base=base)


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_the_gaussian_at_the_mode_of_a_gaussian_is_it(base):
    with jax.enable_x64(True):
        law = starts.at_mode(density(gaussian_base(MEAN, FACTOR).log_prob, base))
    np.testing.assert_allclose(law.loc, MEAN, atol=1e-8)
    np.testing.assert_allclose(law.scale, FACTOR, atol=1e-8)


def test_steps_are_halved_on_the_way_to_a_distant_mode():
    """log p = -sum log cosh is concave, but flat far out, where a whole step goes far beyond the mode."""
    flat = density(lambda x: -jnp.sum(jnp.log(jnp.cosh(x - 3.0))), gaussian_base(np.zeros(3), np.ones(3)))
    with jax.enable_x64(True):
        law = starts.at_mode(flat)
    np.testing.assert_allclose(law.loc, 3.0, atol=1e-6)
    np.testing.assert_allclose(law.scale, np.eye(3), atol=1e-6)


@pytest.mark.parametrize(
    ("log_prob", "reason"),
    [
        (lambda x: jnp.sum(jnp.logaddexp(-((x - 2) ** 2), -((x + 2) ** 2))), "not concave"),
        (lambda x: jnp.sum(jnp.log(x + 10)), "finds no mode"),  # it increases for ever
        (lambda x: jnp.sum(jnp.sqrt(x - 9)), "not finite"),
    ],
)
def test_a_density_without_a_mode_in_reach_is_refused(log_prob, reason):
    with jax.enable_x64(True), pytest.raises(Refused, match=reason):
        starts.at_mode(density(log_prob, gaussian_base(np.zeros(3), np.ones(3))))


def test_a_base_that_is_not_gaussian_is_refused():
    normal = gaussian_base(np.zeros(3), np.ones(3))
    with pytest.raises(Refused, match="not Gaussian"):
        starts.at_base(density(normal.log_prob, Base(normal.log_prob, normal.sample)))


def test_chains_of_few_draws_are_refused(monkeypatch):
    monkeypatch.setattr(starts, "PILOT_DRAWS", 40)
    with pytest.raises(Refused, match="40 draws are too few for 3 dimensions"):
        starts.at_chains(density(gaussian_base(MEAN, FACTOR).log_prob))


def test_a_moved_density_has_no_parts_of_its_own_base():
    base = BASES["diagonal"]
    posterior = Density(3, base.log_prob, base, log_likelihood=lambda x: jnp.zeros(()))
    moved = starts.moved_to(posterior, BASES["triangular"])
    assert (moved.base, moved.log_likelihood) == (BASES["triangular"], None)
