"""Variational Gaussians: which one is found, for a Gaussian target."""

import jax
import numpy as np
import pytest

from bridgemark.samplers.variational import FullRankVI, MeanFieldVI

from support.sampler_runs import fit_and_draw
from support.small_targets import COVARIANCE, LOG_Z, correlated_gaussian


@pytest.mark.implicit_broadcasting  # in BlackJAX
def test_full_rank_becomes_the_target_and_mean_field_has_its_conditional_variances():
    """Without the score of q the gradient has no noise at the end: all weights are Z."""
    _, draws = fit_and_draw(FullRankVI(updates=1_500), correlated_gaussian(), 500)(jax.random.key(4))
    np.testing.assert_allclose(draws.log_weights, LOG_Z, atol=0.05)
    _, draws = fit_and_draw(MeanFieldVI(updates=1_500), correlated_gaussian(), 20_000)(jax.random.key(5))
    conditional_sds = 1 / np.sqrt(np.diag(np.linalg.inv(COVARIANCE)))
    np.testing.assert_allclose(np.std(draws.x[:, 0], axis=0), conditional_sds, rtol=0.05)
