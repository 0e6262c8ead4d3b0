"""Logistic regression against SciPy, far out, and at the cost of two matrix products."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats

from bridgemark.targets import data

from support.registered_targets import base_points, build, flops_of_value_and_gradient


@pytest.mark.parametrize(
    ("name", "filename"), [("ionosphere-35", "ionosphere.csv"), ("sonar-61", "sonar.csv")]
)
def test_logistic_density_is_scipys(name, filename, x64):
    table = np.loadtxt(data.FOLDER / filename, delimiter=",", skiprows=1)
    with np.errstate(invalid="ignore"):
        features = np.nan_to_num(scipy.stats.zscore(table[:, :-1]))
    target = build(name)
    w = np.asarray(base_points(target, 5))
    score = w[:, :1] + w[:, 1:] @ features.T
    # The probability of what was observed: that of the contrary would round to one.
    probability = scipy.special.expit(np.where(table[:, -1] == 1, score, -score))
    likelihood = scipy.stats.bernoulli.logpmf(1, probability).sum(axis=1)
    expected = likelihood + scipy.stats.norm.logpdf(w).sum(axis=1)
    np.testing.assert_allclose(jax.vmap(target.density.log_prob)(w), expected, rtol=1e-9)


@pytest.mark.parametrize("name", ["ionosphere-35", "sonar-61"])
def test_logistic_density_is_stable_far_out(name):
    target = build(name)
    value, gradient = jax.value_and_grad(target.density.log_prob)(jnp.full(target.density.dim, 1e3))
    assert np.isfinite(value)
    assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize(("name", "features"), [("sonar-61", 208 * 61), ("ionosphere-35", 351 * 35)])
def test_value_and_gradient_cost_two_matrix_products(name, features):
    assert flops_of_value_and_gradient(build(name)) < 2 * features * 2.5
