"""Samplers that resample on the way: Z-hat without bias for any networks, and weights that are known."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.special import logsumexp
from scipy.stats import norm

from bridgemark.samplers.annealed.weights import resample_if_degenerate, reweight
from bridgemark.samplers.cmcd import AnnealedNetworks
from bridgemark.samplers.common.gaussian import log_standard_normal, normal
from bridgemark.samplers.common.numerics import log_mean_exp
from bridgemark.samplers.pathspace.chain import ornstein_uhlenbeck
from bridgemark.samplers.pathspace.control import Network
from bridgemark.samplers.pathspace.path_measure import features_at
from bridgemark.samplers.pathspace.potential import PotentialNetworks, gradient_sample, potential_guidance
from bridgemark.samplers.pathspace.segments import no_move
from bridgemark.samplers.pdds import PDDS
from bridgemark.samplers.scld import SCLD
from bridgemark.targets.base import About, Density, Target, gaussian_base

LIMIT = 5.0  # standard errors: a false alarm of 6e-7 a comparison under the normal law
LOG_Z = 1.234
MEAN = np.array([1.0, -2.0, 0.5])
COVARIANCE = np.array([[1.0, 0.8, 0.0], [0.8, 2.0, -0.3], [0.0, -0.3, 0.25]])


def correlated():
    """exp(LOG_Z) N(MEAN, COVARIANCE), from a base near it: the weights have light tails."""
    precision = np.linalg.inv(COVARIANCE)
    constant = LOG_Z - 0.5 * np.linalg.slogdet(2 * np.pi * COVARIANCE)[1]

    def log_prob(x):
        return constant - 0.5 * (x - MEAN) @ precision @ (x - MEAN)

    base = gaussian_base(np.zeros(3), np.full(3, 1.5))
    return Target(
        name="t", version=1, density=Density(dim=3, log_prob=log_prob, base=base), about=About("", "")
    )


def perturbed(tree, key, by):
    """Every parameter moved at random."""
    leaves, structure = jax.tree.flatten(tree)
    keys = jax.random.split(key, len(leaves))
    moved = [leaf + by * jax.random.normal(key, leaf.shape) for leaf, key in zip(leaves, keys, strict=True)]
    return jax.tree.unflatten(structure, moved)


def assert_near(values, expected):
    """Independent values whose mean is `expected`, of a spread that would show an error of a tenth."""
    error = np.std(values, axis=0) / np.sqrt(len(values))
    assert np.all(error < 0.1)
    assert np.all(error > 0)
    assert np.all(np.abs(np.mean(values, axis=0) - expected) < LIMIT * error)


SHORT = {"steps": 8, "runs": 1_000, "fit_particles": 64, "pilot": 0, "resample_below": 0.5}


@pytest.mark.parametrize("sampler", [PDDS(**SHORT), SCLD(**SHORT, horizon=0.5)], ids=["pdds", "scld"])
def test_z_and_weighted_means_have_no_bias_whatever_the_networks(sampler):
    """Sixteen particles, 1000 times over; they are resampled, and those of `scld` moved, on the way."""

    def both(key, by):
        keys = jax.random.split(key, 3)
        state, _ = sampler.init(keys[0], correlated().density)
        parameters = perturbed(state.trained.parameters, keys[1], by)
        state = state._replace(trained=state.trained._replace(parameters=parameters))
        return sampler.sample(keys[2], correlated().density, state, 1_000 * 16)[1]

    compiled = jax.jit(both)
    for by in (0.0, 0.05):
        draws = compiled(jax.random.key(1), by)
        weights = np.exp(np.asarray(draws.log_weights, float) - LOG_Z)
        np.testing.assert_allclose(
            np.mean(weights, axis=1), np.exp(draws.log_z - LOG_Z), rtol=1e-4, atol=1e-6
        )
        assert np.mean(np.sum(draws.info["resampled"], axis=1)) > 0.5
        assert_near(np.mean(weights, axis=1), 1.0)
        assert_near(np.mean(weights[:, :, None] * np.asarray(draws.x, float), axis=1), MEAN)


def test_offspring_keep_the_weight_of_their_parents_on_average(x64):
    weights = np.array([0.1, 2.0, 0.0, 0.7, 0.05, 1.0, 0.4])
    below = {"always": np.inf, "never": 0.0}

    def kept(key, threshold):
        parents, level, due = resample_if_degenerate(key, jnp.arange(7), jnp.log(weights), threshold)
        return jnp.zeros(7).at[parents].add(jnp.exp(level)), due

    masses, due = jax.jit(jax.vmap(partial(kept, threshold=below["always"])))(
        jax.random.split(jax.random.key(2), 10_000)
    )
    assert np.all(due)
    error = np.std(masses, axis=0) / np.sqrt(len(masses))
    assert np.all(np.abs(np.mean(masses, axis=0) - weights) <= LIMIT * error)
    np.testing.assert_allclose(np.sum(masses, axis=1), np.sum(weights))
    masses, due = kept(jax.random.key(3), below["never"])
    assert not due
    np.testing.assert_allclose(masses, weights)


def test_impossible_particles_weigh_nothing():
    after = reweight(jnp.array([0.0, -jnp.inf, 0.0]), jnp.array([jnp.nan, jnp.inf, 1.0]))
    np.testing.assert_allclose(after, [-np.inf, -np.inf, 1.0])
    np.testing.assert_allclose(log_mean_exp(after), 1.0 - np.log(3), rtol=1e-6)


def isotropic(mean, variance):
    """log of exp(LOG_Z) N(mean, variance I) in two dimensions."""
    return lambda x: LOG_Z + log_standard_normal((x - mean) / np.sqrt(variance)) - np.log(variance)


def noised_gradient(decay, x, mean, variance):
    """grad log of N(a mean, a^2 variance + 1 - a^2) / N(0, 1) for a = decay: that of the exact potential."""
    return (decay * mean - x) / (decay**2 * variance + 1 - decay**2) + x


@pytest.mark.parametrize("variance", [0.2, 1.7])
def test_a_gaussian_of_the_right_precision_has_its_exact_potential(variance, x64):
    """Its weights vary by the time step alone: half as much where the step is half as long."""
    log_gamma = isotropic(0.0, variance)
    networks = PotentialNetworks(Network(jax.random.key(1), 2, 8), -jnp.log(jnp.asarray(variance)))
    guidance = potential_guidance(networks, ornstein_uhlenbeck(1.0, 1), log_gamma)
    x, features = jnp.array([0.3, -1.2]), networks.network.features(np.array([0.0, 1.0]))
    for decay in (0.1, 0.7, 1.0):
        gradient = guidance.evaluate((decay, features_at(features, 0)), x).gradient
        np.testing.assert_allclose(gradient, noised_gradient(decay, x, 0.0, variance))

    def weight_variance(steps):
        sampler = PDDS(steps=steps, horizon=8.0, clip=np.inf, power=1.0 if variance > 1 else 2.5)
        measure = sampler.path_measure(networks, log_gamma)
        run = jax.jit(lambda key: sampler.run_filter(key, measure, 1_000, 2))
        _, log_weights, resampled = run(jax.random.key(2))
        assert not np.any(resampled)
        assert abs(log_mean_exp(log_weights) - LOG_Z) < LIMIT * np.std(log_weights) / np.sqrt(1_000)
        return np.var(log_weights)

    assert weight_variance(64) < 0.6 * weight_variance(32) < 0.1


def test_gradient_samples_have_the_mean_of_the_exact_gradient(x64):
    """Regressed on x at one time: intercept and slope are the exact ones, whatever the precision."""
    mean, variance, decay, n = 0.8, 0.3, 0.6, 100_000
    end = mean + np.sqrt(variance) * np.asarray(normal(jax.random.key(1), (n, 1)))
    x = decay * end + np.sqrt(1 - decay**2) * np.asarray(normal(jax.random.key(2), (n, 1)))
    end_gradient = noised_gradient(1.0, end, mean, variance)
    exact = noised_gradient(decay, x, mean, variance)

    def sample(precision):
        points = map(jnp.asarray, (x, end, end_gradient))
        return gradient_sample(jnp.full((n, 1), decay), *points, jnp.full((1, 1), precision))

    np.testing.assert_allclose(sample(1 / variance), exact)
    for precision in (0.5, 30.0):
        errors = np.asarray(sample(precision)) - exact
        assert np.std(errors) > 0.1
        for moment in (errors, errors * x):
            assert abs(np.mean(moment)) < LIMIT * np.std(moment) / np.sqrt(n)


def two_modes(x):
    return LOG_Z + logsumexp(jnp.stack([-2 * jnp.sum((x - 1) ** 2), -jnp.sum((x + 1) ** 2)]))


def test_without_correction_the_weights_are_those_of_annealed_importance_sampling(x64):
    """Unadjusted Langevin steps, densities by scipy on the same paths, segment after segment."""
    sampler = SCLD(steps=6, stride=2, horizon=1.0, clip=np.inf, resample_below=0.0)
    networks = AnnealedNetworks(Network(jax.random.key(1), 2, 8), jnp.linspace(-1.0, 1.0, 6))
    start = normal(jax.random.key(2), (5, 2))
    walk = jax.jit(lambda key: sampler.walk(key, networks, two_modes, start, no_move))(jax.random.key(3))
    points = np.asarray(walk.segments.paths.x)
    x = np.concatenate([points[0, :, :1], *points[:, :, 1:]], axis=1)
    assert x.shape == (5, 7, 2)
    heat = np.append(
        0.0, np.cumsum(np.exp(np.linspace(-1.0, 1.0, 6))) / np.sum(np.exp(np.linspace(-1.0, 1.0, 6)))
    )
    slopes = np.asarray(jax.vmap(jax.vmap(jax.grad(two_modes)))(x))
    drifts = 0.5 * ((1 - heat[:, None]) * -x + heat[:, None] * slopes)
    gaps = np.diff(1.0 - (1.0 - np.arange(7) / 6) ** sampler.power)[:, None]
    forward = norm.logpdf(x[:, 1:], x[:, :-1] + gaps * drifts[:, :-1], np.sqrt(gaps)).sum((1, 2))
    backward = norm.logpdf(x[:, :-1], x[:, 1:] + gaps * drifts[:, 1:], np.sqrt(gaps)).sum((1, 2))
    ends = np.asarray(jax.vmap(two_modes)(x[:, -1])) - norm.logpdf(x[:, 0]).sum(1)
    np.testing.assert_allclose(walk.last.log_weights, ends + backward - forward)
