"""Gaussian mixtures against SciPy, with their components written down a second time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats

from bridgemark.targets import data

from support.registered_targets import base_points, build, exact_draws

MIXTURES = ["gmm9", "gmm40-2", "gmm40-50", "skewed-mixture"]


def mixture_components(name):
    """Weights, means and covariances, written down a second time."""
    if name == "gmm9":
        grid = np.stack(np.meshgrid([-5, 0, 5], [-5, 0, 5]), axis=-1).reshape(-1, 2)
        return np.full(9, 1 / 9), grid, [0.3 * np.eye(2)] * 9
    if name == "skewed-mixture":
        covariances = [[[1, 0.7], [0.7, 1]], [[2, -0.9], [-0.9, 0.8]], [[0.3, 0.1], [0.1, 1.5]]]
        return [0.6, 0.3, 0.1], [[3, -1], [6, 3], [1, 4]], covariances
    dim = build(name).density.dim
    means = np.loadtxt(data.FOLDER / f"gmm40_{dim}_means.csv", delimiter=",", skiprows=1)
    return np.full(40, 1 / 40), means, [np.eye(dim)] * 40


@pytest.mark.parametrize("name", MIXTURES)
def test_mixture_density_is_scipys(name, x64):
    target, parts = build(name), zip(*mixture_components(name), strict=True)
    x = np.concatenate([base_points(target, 50), np.asarray(exact_draws(name)[:50], dtype=float)])
    expected = [np.log(w) + scipy.stats.multivariate_normal(m, c).logpdf(x) for w, m, c in parts]
    np.testing.assert_allclose(
        jax.vmap(target.density.log_prob)(x), scipy.special.logsumexp(expected, axis=0), rtol=1e-10
    )


@pytest.mark.parametrize(
    ("name", "low", "high"), [("gmm9", -9, 9), ("gmm40-2", -46, 46), ("skewed-mixture", -7, 14)]
)
def test_plane_mixture_is_normalised(name, low, high, x64):
    # The trapezoidal rule on a smooth density: error below 1e-10 at steps of half a standard deviation.
    axis, step = np.linspace(low, high, 5 * (high - low) + 1, retstep=True)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    density = jnp.exp(jax.jit(jax.vmap(build(name).density.log_prob))(grid))
    assert np.isclose(density.sum() * step**2, 1.0, atol=1e-8)
