"""Neal's funnel against SciPy."""

import jax
import numpy as np
import scipy.stats

from support.registered_targets import build, exact_draws


def test_funnel_density_is_scipys(x64):
    target = build("funnel-10")
    x = np.asarray(exact_draws("funnel-10")[:100], dtype=float)
    rest = scipy.stats.norm.logpdf(x[:, 1:], scale=np.exp(x[:, :1] / 2)).sum(axis=1)
    expected = scipy.stats.norm.logpdf(x[:, 0], scale=3) + rest
    np.testing.assert_allclose(jax.vmap(target.density.log_prob)(x), expected, rtol=1e-10)
