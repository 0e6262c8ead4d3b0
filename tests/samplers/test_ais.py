"""Annealed importance sampling: its weights have no bias, forwards and on retraced paths."""

import jax
import jax.numpy as jnp
import numpy as np

from bridgemark.samplers.ais import AIS

from support.monte_carlo import assert_mean
from support.small_targets import COVARIANCE, LOG_Z, MEAN, correlated_gaussian

DRAWS = 4_000


def test_weights_are_unbiased_forwards_and_on_paths_retraced_from_exact_draws():
    """E[w] = Z over draws, and E[1 / w] = 1 / Z over paths that end at exact draws; false alarm: 1.2e-6."""
    sampler = AIS(fit_particles=64, leapfrog_steps=2, ess_fraction=0.9, max_temperature_step=0.2)
    density = correlated_gaussian().density
    exact = jnp.asarray(np.random.default_rng(0).multivariate_normal(MEAN, COVARIANCE, DRAWS), jnp.float32)

    @jax.jit
    def both(key):
        keys = jax.random.split(key, 3)
        state = sampler.fit(keys[0], density).state
        _, draws = sampler.sample(keys[1], density, state, DRAWS)
        return draws.log_weights, sampler.retrace(keys[2], density, state, exact)

    forward, retraced = (np.ravel(np.asarray(logs, float)) - LOG_Z for logs in both(jax.random.key(1)))
    assert_mean(np.exp(forward), 1.0, largest_error=0.1)
    assert_mean(np.exp(-retraced), 1.0, largest_error=0.1)
