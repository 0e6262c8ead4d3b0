"""One basin or several: known densities, and what the pilot then chooses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks import registry
from bridgemark.samplers.pathspace.pilot import run_pilot
from bridgemark.samplers.pathspace.unimodality import one_basin

TARGETS = registry.targets()
CLOUD = np.random.default_rng(0).standard_normal((32, 3))


def mixture(apart):
    """Two Gaussians of variance .25 and of equal weight, `apart` from each other along the first axis."""
    centres = jnp.array([[-0.5 * apart, 0, 0], [0.5 * apart, 0, 0]])
    return lambda z: jax.nn.logsumexp(-2.0 * jnp.sum((z[None] - centres) ** 2, axis=1))


def funnel(z):
    return -(z[0] ** 2) / 18 - 0.5 * jnp.sum(z[1:] ** 2) * jnp.exp(-z[0]) - z[0]


@pytest.mark.parametrize(
    ("log_gamma", "found"),
    [(lambda z: -0.5 * jnp.sum(z**2), True), (funnel, True), (mixture(0.5), True), (mixture(3.0), False)],
    ids=["gaussian", "funnel", "near", "far"],
)
def test_known_densities(log_gamma, found):
    """A dip between two Gaussians is there from four standard deviations on, and deep at six."""
    assert bool(one_basin(log_gamma, jnp.asarray(CLOUD, float))) == found


def test_a_mode_that_no_point_starts_near_is_not_seen():
    assert bool(one_basin(mixture(3.0), jnp.asarray(CLOUD * 0.1 + np.array([2.0, 0, 0]), float)))


@pytest.mark.parametrize("log_gamma", [lambda z: jnp.nan * z[0], lambda z: -jnp.inf * (z[0] + 10)])
def test_broken_densities_are_not_one_basin(log_gamma):
    assert not bool(one_basin(log_gamma, jnp.asarray(CLOUD, float)))


@pytest.mark.parametrize(
    ("name", "found"), [("funnel-10", True), ("ionosphere-35", True), ("gmm9", False), ("gmm40-2", False)]
)
def test_the_pilot_tells_targets_of_one_basin(name, found):
    target = registry.build(name, TARGETS[name])
    assert (
        bool(jax.jit(lambda key: run_pilot(key, target.density, 128))(jax.random.key(1)).one_basin) == found
    )
