"""Rounds of draws are joined, chains are bridged only where they agree, and what cannot serve says so."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks.advise.families import Family, _bridge, run_family
from bridgemark.samplers.base import Unsupported
from bridgemark.samplers.nuts import NUTS
from bridgemark.samplers.parallel_tempering import ParallelTempering
from bridgemark.samplers.pathfinder import Pathfinder
from bridgemark.targets.base import Base, Density, gaussian_base

BASE = gaussian_base(np.zeros(2), np.ones(2))


def log_normal(x):
    return -0.5 * jnp.sum(x**2)


NORMAL = Density(2, log_normal, BASE)


def test_rounds_of_chains_continue_each_other():
    family = Family(NUTS(chains=4, warm_up=200), draws=1_600, rounds=3)
    result = run_family(family, NORMAL, seconds=0.0)
    assert result.draws.x.shape == (4, 1_200, 2)
    assert result.divergences == 0
    np.testing.assert_allclose(result.gradient, -result.draws.x, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        result.log_prob, -0.5 * np.sum(result.draws.x**2, axis=2), rtol=1e-4, atol=1e-5
    )
    # The integral of exp(-|x|^2 / 2) is 2 pi. At five standard errors, a false alarm of 6e-7.
    assert abs(result.log_z.value - np.log(2 * np.pi)) < 5 * result.log_z.standard_error


def test_rounds_of_weighted_draws_are_further_draws():
    result = run_family(Family(Pathfinder(runs=2), draws=100, rounds=3), NORMAL, seconds=0.0)
    assert result.draws.x.shape == (300, 1, 2)
    assert result.draws.log_weights.shape == (300, 1)
    assert len(np.unique(result.draws.x)) == 600
    assert (result.log_z, result.divergences) == (None, None)


def test_tempered_chains_are_chains_with_a_log_z_of_their_own():
    """Two normals of equal mass, 12 apart: the integral is 2 pi, and the mean lies between them."""
    first, second = np.array([-6.0, 0.0]), np.array([6.0, 0.0])

    def log_prob(x):
        return jnp.logaddexp(log_normal(x - first), log_normal(x - second)) - jnp.log(2.0)

    density = Density(2, log_prob, gaussian_base(np.zeros(2), np.array([6.0, 1.0])))
    tempered = ParallelTempering(temperatures=8, warm_up=300)
    result = run_family(Family(tempered, draws=6_000), density, seconds=0.0)
    assert result.are_chains
    assert (result.draws.x.shape, result.draws.log_z) == ((4, 1_500, 2), None)
    assert np.all(np.abs(result.draws.x[..., 0].mean(axis=1)) < 3)  # each chain is in both
    assert abs(result.log_z.value - np.log(2 * np.pi)) < 0.3
    assert 0 < result.log_z.standard_error < 0.3


def test_chains_that_disagree_or_stand_still_have_no_bridge():
    x = np.random.default_rng(0).standard_normal((4, 500, 2))
    key = jax.random.key(0)
    assert _bridge(key, NORMAL, x) is not None
    assert _bridge(key, NORMAL, x + np.arange(4)[:, None, None]) is None
    assert _bridge(key, NORMAL, np.zeros((4, 500, 2))) is None
    assert _bridge(key, NORMAL, x[:, :5]) is None


def test_a_base_that_is_not_gaussian_is_refused():
    density = Density(2, log_normal, Base(BASE.log_prob, BASE.sample))
    with pytest.raises(Unsupported):
        run_family(Family(Pathfinder(runs=2), draws=100), density, seconds=0.0)
