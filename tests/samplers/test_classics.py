"""What single classics promise: exact draws, slices that end, ladders of equal rejection, log Z, modes."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from test_samplers import COVARIANCE, LOG_Z, MEAN, correlated, fit_and_draw, make

from bridgemark.benchmarks import registry
from bridgemark.samplers.base import Unsupported
from bridgemark.samplers.elliptical_slice import EllipticalSlice
from bridgemark.samplers.mcmc.replicas import Seen, Tuned, retuned
from bridgemark.samplers.oracle import Oracle
from bridgemark.samplers.parallel_tempering import ParallelTempering


def test_the_oracle_refuses_a_target_without_exact_draws():
    with pytest.raises(Unsupported, match="no exact draws"):
        Oracle().sample(jax.random.key(0), correlated().density, (), 3)


@pytest.mark.parametrize("height", [1e9, -1e9])
def test_slices_end_where_rounding_swallows_their_height(height):
    """The likelihood is flat, so draws are those of the base: a false alarm of 1e-6."""
    target = make(2, lambda x: jnp.zeros(()))
    target = replace(
        target, density=replace(target.density, log_prob=lambda x: target.density.base.log_prob(x) + height)
    )
    _, draws = fit_and_draw(EllipticalSlice(warm_up=20), target, 400)(jax.random.key(1))
    x = np.asarray(draws.x, float).reshape(-1, 2) / 3.0
    assert stats.kstest(x[:, 0], "norm").pvalue > 1e-6
    assert int(np.sum(draws.evals.values)) == 400 * EllipticalSlice().thinning


def test_an_even_barrier_gives_even_temperatures():
    """Where rejection is in proportion to the distance, equal rejection is equal distance."""
    uneven = np.array([0.0, 0.05, 0.2, 0.3, 0.8, 1.0])
    seen = Seen(jnp.asarray(1e4), jnp.zeros((6, 2)), jnp.ones((6, 2)), jnp.asarray(5e3 * np.diff(uneven)))
    tuned = retuned(Tuned(jnp.asarray(uneven), jnp.ones(6), jnp.ones((6, 2))), seen)
    np.testing.assert_allclose(tuned.temperatures, np.linspace(0, 1, 6), atol=0.01)


def test_parallel_tempering_knows_log_z_and_the_moments():
    """Of exp(LOG_Z) N(MEAN, COVARIANCE), by a t-test over 16 runs: a false alarm of 7e-6."""
    sampler = ParallelTempering(runs=16, warm_up=100, temperatures=5)
    fit, draws = fit_and_draw(sampler, correlated(), 16 * 200)(jax.random.key(2))
    assert np.ptp(fit.info["refused"]) < 0.15
    centred = np.asarray(draws.x, float) - MEAN
    errors = np.concatenate(
        [
            np.mean(centred, axis=1),
            np.mean(centred**2, axis=1) - np.diag(COVARIANCE),
            np.exp(np.asarray(draws.log_z, float) - LOG_Z)[:, None] - 1,
        ],
        axis=1,
    )
    spread = np.std(errors, axis=0, ddof=1) / 4
    assert np.all(spread < 0.1)
    assert np.all(np.abs(np.mean(errors, axis=0)) < stats.t.isf(5e-7, 15) * spread)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("gmm9", 9), ("gmm40-2", 39)])
def test_parallel_tempering_finds_the_modes(name, least):
    """From 10,000 draws; a mode is found when it has a quarter of its mass."""
    target = registry.build(name, registry.targets()[name])
    assert target.modes is not None
    _, draws = fit_and_draw(ParallelTempering(), target, 10_000)(jax.random.key(3))
    shares = jax.vmap(target.modes.responsibilities)(draws.x.reshape(-1, target.density.dim)).mean(axis=0)
    assert np.sum(shares > target.modes.masses / 4) >= least
    assert 0.5 * np.sum(np.abs(shares - target.modes.masses)) < 0.1
