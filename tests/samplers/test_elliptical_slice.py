"""Elliptical slice sampling: a slice ends although rounding swallows its height."""

import jax
import numpy as np
import pytest
from scipy import stats

from bridgemark.samplers.elliptical_slice import EllipticalSlice

from support.sampler_runs import fit_and_draw
from support.small_targets import with_joint, with_log_prob


@pytest.mark.parametrize("height", [1e9, -1e9])
def test_slices_of_a_flat_likelihood_end_and_give_draws_of_the_base(height):
    """The base is N(0, 9 I); false alarm: 1e-6."""
    base = with_joint(2, lambda x: 0.0 * x[0]).density.base
    target = with_log_prob(with_joint(2, base.log_prob), lambda x: base.log_prob(x) + height)
    _, draws = fit_and_draw(EllipticalSlice(warm_up=20), target, 400)(jax.random.key(1))
    x = np.asarray(draws.x, float).reshape(-1, 2) / 3.0
    assert stats.kstest(x[:, 0], "norm").pvalue > 1e-6
    assert int(np.sum(draws.evals.values)) == 400 * EllipticalSlice().thinning
