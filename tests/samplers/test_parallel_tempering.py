"""Parallel tempering: its schedule, log Z and moments of a Gaussian, the modes of mixtures."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from bridgemark.samplers.mcmc.replica_schedule import ReplicaSchedule, RunningMoments, adapt_schedule
from bridgemark.samplers.parallel_tempering import ADAPTATION_TIMES, ParallelTempering, plan_warm_up

from support.registered_targets import build
from support.sampler_runs import fit_and_draw
from support.small_targets import COVARIANCE, LOG_Z, MEAN, correlated_gaussian


def test_an_even_barrier_gives_even_temperatures():
    """Where rejection is in proportion to the difference of temperatures, equal rejection is even spacing."""
    uneven = np.array([0.0, 0.05, 0.2, 0.3, 0.8, 1.0])
    schedule = ReplicaSchedule(jnp.asarray(uneven), jnp.ones(6), jnp.ones((6, 2)))
    moments = RunningMoments(
        count=jnp.asarray(1e4),
        mean=jnp.zeros((6, 2)),
        sum_of_squares=jnp.ones((6, 2)),
        swap_rejections=jnp.asarray(5e3 * np.diff(uneven)),
    )
    adapted = adapt_schedule(schedule, moments)
    np.testing.assert_allclose(adapted.temperatures, np.linspace(0, 1, 6), atol=0.01)


@pytest.mark.parametrize("length", [1, 20, 500])
def test_a_warm_up_counts_from_each_adaptation(length):
    iterations = plan_warm_up(jax.random.split(jax.random.key(0), length))
    adapted = np.flatnonzero(iterations.adapts)
    assert set(adapted) == {int(share * length) for share in ADAPTATION_TIMES}
    for iteration, since in zip(iterations.number, iterations.since_adaptation, strict=True):
        earlier = adapted[adapted < iteration]
        assert since == (iteration - earlier[-1] - 1 if len(earlier) else iteration)


def test_log_z_and_the_moments_of_a_gaussian():
    """By a t-test over 16 runs; false alarm: 7e-6."""
    sampler = ParallelTempering(runs=16, warm_up=100, temperatures=5)
    fit, draws = fit_and_draw(sampler, correlated_gaussian(), 16 * 200)(jax.random.key(2))
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
    standard_errors = np.std(errors, axis=0, ddof=1) / 4
    assert np.all(standard_errors < 0.1)
    assert np.all(np.abs(np.mean(errors, axis=0)) < stats.t.isf(5e-7, 15) * standard_errors)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("gmm9", 9), ("gmm40-2", 39)])
def test_modes_are_found(name, least):
    """From 10,000 draws; a mode is found when it has a quarter of its mass."""
    target = build(name)
    assert target.modes is not None
    _, draws = fit_and_draw(ParallelTempering(), target, 10_000)(jax.random.key(3))
    shares = jax.vmap(target.modes.responsibilities)(draws.x.reshape(-1, target.density.dim)).mean(axis=0)
    assert np.sum(shares > target.modes.masses / 4) >= least
    assert 0.5 * np.sum(np.abs(shares - target.modes.masses)) < 0.1
