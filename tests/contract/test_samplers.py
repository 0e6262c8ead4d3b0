"""Samplers, over the whole registry: keys, shapes, precision; and what each kind promises about its draws."""

from dataclasses import fields, replace
from functools import cache

import arviz
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.special import logsumexp

from bridgemark.benchmarks import registry
from bridgemark.samplers.base import Unsupported
from bridgemark.samplers.hmc import HMC
from bridgemark.samplers.nuts import NUTS
from bridgemark.samplers.pathspace.pilot import run_pilot
from bridgemark.samplers.smc import SMC
from bridgemark.targets.base import About, Joint, PosteriorFamily, PosteriorTruths, gaussian_base

LIMIT = 5.0  # standard errors: a false alarm of 6e-7 a comparison under the normal law
SAMPLERS = registry.samplers()
DRAWS = 40
SMALL = {
    "chains": 2,
    "warm_up": 60,
    "runs": 2,
    "fit_particles": 32,
    "pilot": 32,
    "steps": 4,
    "updates": 4,
    "batch": 8,
    "only": "t",
    "batch_coordinates": 32,
    "max_temperatures": 40,
}
SPARING = {"oracle"}  # draws without evaluating anything
NOT_ON_A_LINE = {"mclmc", "adjusted-mclmc"}  # a direction there has no room to turn
LOG_Z = 1.234
MEAN = np.array([1.0, -2.0, 0.5])
COVARIANCE = np.array([[1.0, 0.8, 0.0], [0.8, 2.0, -0.3], [0.0, -0.3, 0.25]])

# One of each class: its variants differ in numbers only, which are made small here anyway.
CLASSES = {type(sampler): name for name, sampler in reversed(SAMPLERS.items())}
every_sampler = pytest.mark.parametrize("name", sorted(CLASSES.values()))


def make(dim, log_prob):
    """A target with a joint, for the samplers that learn from simulations: x seen with unit noise."""
    base = gaussian_base(np.zeros(dim), np.full(dim, 3.0))
    joint = Joint(
        dim=dim,
        dim_y=dim,
        prior=base,
        simulate=lambda key, x: x + jax.random.normal(key, x.shape, x.dtype),
        log_likelihood=lambda x, y: -0.5 * jnp.sum((y - x) ** 2),
    )
    family = PosteriorFamily("t", joint, lambda name, y: PosteriorTruths(), {}, About("", ""))
    target = family.condition(np.ones(dim))
    return replace(target, name="t", density=replace(target.density, log_prob=log_prob))


def mixture(dim, apart=2.0):
    """Two modes of unequal weight and width."""

    def log_prob(x):
        narrow = np.log(0.3) - 0.5 * jnp.sum((x - apart) ** 2) / 0.25 - dim * np.log(0.5)
        return logsumexp(jnp.stack([narrow, np.log(0.7) - 0.5 * jnp.sum((x + apart) ** 2)]))

    def sample(key, n):
        key_mode, key_noise = jax.random.split(key)
        narrow = jax.random.bernoulli(key_mode, 0.3, (n, 1))
        noise = jax.random.normal(key_noise, (n, dim))
        return jnp.where(narrow, apart + 0.5 * noise, noise - apart)

    return replace(make(dim, log_prob), sample=sample)


def correlated():
    """exp(LOG_Z) N(MEAN, COVARIANCE)."""
    precision = np.linalg.inv(COVARIANCE)
    constant = LOG_Z - 0.5 * np.linalg.slogdet(2 * np.pi * COVARIANCE)[1]

    def log_prob(x):
        centred = x - MEAN.astype(x.dtype)
        return constant - 0.5 * centred @ precision.astype(x.dtype) @ centred

    return make(3, log_prob)


def fit_and_draw(sampler, target, n):
    def both(key):
        key_fit, key_sample = jax.random.split(key)
        fit = sampler.fit(key_fit, target.density)
        return fit, sampler.sample(key_sample, target.density, fit.state, n)[1]

    return jax.jit(both)


@cache
def small_run(name, dim, **settings):
    sampler, chosen = SAMPLERS[name], SMALL | settings
    small = replace(sampler, **{f.name: chosen[f.name] for f in fields(sampler) if f.name in chosen})
    return fit_and_draw(small, mixture(dim), DRAWS)


def check(name, fit, draws, dim, dtype):
    assert draws.x.dtype == dtype
    assert np.all(np.isfinite(draws.x))
    chains, length, width = draws.x.shape
    assert (chains * length, width) == (DRAWS, dim)
    if draws.log_weights is not None:
        assert draws.log_weights.shape == (chains, length)
        assert np.all(np.isfinite(draws.log_weights))
    if draws.log_z is not None:
        assert draws.log_z.ndim == 1
        assert np.all(np.isfinite(draws.log_z))
    for evals in (fit.evals, draws.evals):
        assert all(np.issubdtype(count.dtype, np.integer) for count in evals)
    assert sum(int(np.sum(count)) for count in draws.evals) >= (0 if name in SPARING else DRAWS)


@every_sampler
def test_draws_are_finite_of_their_shape_and_a_function_of_the_key(name):
    run = small_run(name, 2)
    (fit, draws), (_, again), (_, others) = (run(jax.random.key(seed)) for seed in (1, 1, 2))
    check(name, fit, draws, 2, np.float32)
    np.testing.assert_array_equal(draws.x, again.x)
    assert not np.any(np.all(draws.x == others.x, axis=-1))


@pytest.mark.slow  # every certificate says so, too
@every_sampler
def test_one_dimension_and_double_precision(name):
    with jax.enable_x64(True):
        run = small_run(name, 1, pilot=0)
        if name in NOT_ON_A_LINE:
            with pytest.raises(Unsupported, match="two dimensions"):
                run(jax.random.key(3))
            return
        fit, draws = run(jax.random.key(3))
        check(name, fit, draws, 1, np.float64)


def test_smc_estimates_z_without_bias():
    """The frozen ladder on 16 particles, 600 times over; the target lies apart from the base."""
    sampler = SMC(runs=600, fit_particles=64, transitions=1, leapfrog_steps=2, largest_rise=0.2)
    fit, draws = fit_and_draw(sampler, correlated(), 600 * 16)(jax.random.key(4))
    assert bool(fit.info["reached"])
    ratios = np.exp(np.asarray(draws.log_z, float) - LOG_Z)
    error = np.std(ratios) / np.sqrt(len(ratios))
    assert 0 < error < 0.1
    assert abs(np.mean(ratios) - 1) < LIMIT * error


def test_a_ladder_cut_short_still_ends_at_the_target():
    """Two rungs of at most .3 would end at .6: the last one must go all the way, or Z-hat is another Z."""
    sampler = SMC(runs=600, fit_particles=64, largest_rise=0.3, max_temperatures=2)
    fit, draws = fit_and_draw(sampler, correlated(), 600 * 64)(jax.random.key(6))
    assert not bool(fit.info["reached"])
    assert fit.info["temperatures"][-1] == 1.0
    ratios = np.exp(np.asarray(draws.log_z, float) - LOG_Z)
    error = np.std(ratios) / np.sqrt(len(ratios))
    assert 0 < error < 0.2
    assert abs(np.mean(ratios) - 1) < LIMIT * error


@pytest.mark.parametrize("sampler", [NUTS(warm_up=300), HMC(warm_up=300)], ids=["nuts", "hmc"])
def test_chains_have_the_moments_of_a_correlated_gaussian(sampler):
    """Means and second moments, in standard errors from arviz's bulk effective size."""
    _, draws = fit_and_draw(sampler, correlated(), 8_000)(jax.random.key(5))
    centred = np.asarray(draws.x, float) - MEAN
    pairs = [(i, j) for i in range(3) for j in range(i, 3)]
    products = np.stack([centred[..., i] * centred[..., j] for i, j in pairs], axis=-1)
    values = np.concatenate([centred, products], axis=-1)
    truth = np.concatenate([np.zeros(3), [COVARIANCE[pair] for pair in pairs]])
    for value, expected in zip(np.moveaxis(values, -1, 0), truth, strict=True):
        effective = arviz.ess(value, method="mean")
        assert effective > 200
        assert abs(np.mean(value) - expected) < LIMIT * np.std(value) / np.sqrt(effective)


def test_the_pilot_finds_a_gaussian_nearly_exactly():
    with jax.enable_x64(True):
        find = jax.jit(lambda key: run_pilot(key, correlated().density, 128))
        pilot = find(jax.random.key(6))
    scale = np.asarray(pilot.coordinates.scale, float)
    assert np.argmax(pilot.info["pilot_scores"]) == 2
    np.testing.assert_allclose(pilot.coordinates.loc, MEAN, atol=1e-9)
    np.testing.assert_allclose(scale @ scale.T, COVARIANCE, atol=1e-9)


def test_the_pilot_refuses_the_laplace_approximation_of_one_mode_among_two():
    pilot = jax.jit(lambda key: run_pilot(key, mixture(1, apart=4.0).density, 128))(jax.random.key(7))
    assert np.argmax(pilot.info["pilot_scores"]) != 2
    assert abs(pilot.coordinates.scale.item()) > 2.0  # the modes lie 8 apart, either no wider than 1
