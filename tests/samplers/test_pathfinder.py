"""Pathfinder: the normals of its curvature estimates, and a Gaussian target."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from scipy import stats

from bridgemark.samplers.common.low_rank_normal import InverseHessian, NormalMixture, normal_at
from bridgemark.samplers.pathfinder import Pathfinder

from support.monte_carlo import assert_mean
from support.sampler_runs import fit_and_draw
from support.small_targets import LOG_Z, correlated_gaussian


def test_a_quasi_newton_normal_has_the_density_of_its_draws():
    """Against scipy, with the covariance that the map from noise implies."""
    keys = jax.random.split(jax.random.key(6), 4)
    steps = jax.random.normal(keys[0], (5, 2))
    gradient_changes = jnp.linalg.inv(jnp.diag(jnp.arange(1.0, 6.0))) @ steps
    inverse_hessian = InverseHessian(jnp.full(5, 2.0), steps, gradient_changes)
    normal = jax.jit(normal_at)(jnp.ones(5), jnp.zeros(5), inverse_hessian)
    origin, axes = normal.transform(jnp.zeros(5)), jax.vmap(normal.transform)(jnp.eye(5))
    jacobian = np.asarray(axes - origin[None], float).T
    points = np.asarray(jax.random.normal(keys[1], (10, 5)), float)
    expected = stats.multivariate_normal(np.asarray(normal.mean), jacobian @ jacobian.T).logpdf(points)
    np.testing.assert_allclose(jax.vmap(normal.log_prob)(jnp.asarray(points)), expected, rtol=1e-4, atol=1e-3)
    shifted = normal._replace(mean=normal.mean + 1.0)
    weights = jnp.array([0.3, 0.7])
    both = NormalMixture(jax.tree.map(lambda *leaves: jnp.stack(leaves), normal, shifted), jnp.log(weights))
    separate = jnp.stack([normal.log_prob(points[0]), shifted.log_prob(points[0])])
    np.testing.assert_allclose(both.log_prob(points[0]), logsumexp(separate, b=weights), rtol=1e-5)


def test_a_gaussian_is_found_exactly():
    """A few line searches learn three dimensions: weights are nearly constant, and about Z."""
    fit, draws = fit_and_draw(Pathfinder(runs=4), correlated_gaussian(), 1_000)(jax.random.key(7))
    assert np.max(fit.info["steps"]) < 30
    weights = np.exp(np.asarray(draws.log_weights, float) - LOG_Z)
    assert np.mean(weights) ** 2 / np.mean(weights**2) > 0.8
    assert_mean(np.ravel(weights), 1.0, largest_error=0.1)
