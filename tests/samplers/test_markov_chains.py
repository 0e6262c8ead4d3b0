"""Markov chains: moments of a Gaussian whose coordinates are correlated."""

import arviz
import jax
import numpy as np
import pytest

from bridgemark.samplers.hmc import HMC
from bridgemark.samplers.nuts import NUTS

from support.monte_carlo import LIMIT
from support.sampler_runs import fit_and_draw
from support.small_targets import COVARIANCE, MEAN, correlated_gaussian


@pytest.mark.parametrize("sampler", [NUTS(warm_up=300), HMC(warm_up=300)], ids=["nuts", "hmc"])
def test_chains_have_the_moments_of_a_correlated_gaussian(sampler):
    """Means and second moments, in standard errors from ArviZ's effective size; false alarm: 9 in 1.7e6."""
    _, draws = fit_and_draw(sampler, correlated_gaussian(), 8_000)(jax.random.key(5))
    centred = np.asarray(draws.x, float) - MEAN
    pairs = [(i, j) for i in range(3) for j in range(i, 3)]
    products = np.stack([centred[..., i] * centred[..., j] for i, j in pairs], axis=-1)
    values = np.concatenate([centred, products], axis=-1)
    truth = np.concatenate([np.zeros(3), [COVARIANCE[pair] for pair in pairs]])
    for value, expected in zip(np.moveaxis(values, -1, 0), truth, strict=True):
        effective = arviz.ess(value, method="mean")
        assert effective > 200
        assert abs(np.mean(value) - expected) < LIMIT * np.std(value) / np.sqrt(effective)
