"""Log weights of paths against naive densities and dense Gaussian algebra, and their promise E[w] = Z."""

from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.chain import Chain, brownian, ornstein_uhlenbeck, pinned
from bridgemark.samplers.pathspace.control import Network, score_guidance, score_guided
from bridgemark.samplers.pathspace.path_measure import (
    NO_CONTROL,
    Guidance,
    PathMeasure,
    features_at,
    reverse,
    with_control,
)
from bridgemark.samplers.pathspace.paths import retraced, run, simulate

from support.monte_carlo import assert_mean
from support.unguided_paths import LOG_Z, TARGET, every_chain, isotropic, sampled_log_weights, unguided


def linear(slopes, intercepts):
    """The control slope x + intercept."""

    def control(features, x, guidance):
        slope, intercept = features
        return slope * x + intercept

    return with_control(control, (jnp.asarray(slopes), jnp.asarray(intercepts)))


def random_network(key, dim):
    """A network whose last layers are not zero."""
    network = Network(key, dim, 8)
    keys = jax.random.split(key, 2)
    return eqx.tree_at(
        lambda n: (n.last.weight, n.guidance.weight),
        network,
        tuple(
            0.3 * jax.random.normal(k, layer.weight.shape)
            for k, layer in zip(keys, (network.last, network.guidance), strict=True)
        ),
    )


def network_direction(key, dim, chain):
    network = random_network(key, dim)
    return with_control(
        lambda features, x, guidance: network(features, x).control, network.features(chain.times)
    )


@every_chain
@pytest.mark.parametrize("power", [1.0, 2.0])
@pytest.mark.parametrize("dim", [1, 2])
def test_the_mean_weight_is_z_for_any_controls(make, power, dim):
    """The target is narrow, so that backward paths stay where forward paths go: the variance is finite."""
    chain = make(0.8, 4, power)
    forward, backward = (network_direction(jax.random.key(seed), dim, chain) for seed in (1, 2))
    weights = sampled_log_weights(unguided(chain, forward, backward), isotropic(0.0, 0.5), dim, 30_000)
    assert_mean(np.exp(weights - LOG_Z), 1.0, 0.02)


def test_the_mean_weight_is_z_for_controls_that_are_guided_by_the_score():
    chain, log_gamma = ornstein_uhlenbeck(0.8, 4), isotropic(0.3, 0.5)
    forward = score_guided(random_network(jax.random.key(3), 2), chain)
    backward = score_guided(random_network(jax.random.key(4), 2), chain, initial_scale=0.0)
    measure = PathMeasure(
        chain, score_guidance(chain, log_gamma, 1.0), forward, backward, log_standard_normal
    )
    assert_mean(np.exp(sampled_log_weights(measure, log_gamma, 2, 30_000) - LOG_Z), 1.0, 0.02)


def test_the_mean_weight_is_z_for_paths_that_all_start_at_zero():
    chain, log_gamma = pinned(0.8, 4), isotropic(0.3, 0.3)
    measure = unguided(chain, network_direction(jax.random.key(5), 2, chain), NO_CONTROL, lambda x: 0.0)
    noise = jax.random.normal(jax.random.key(12), (30_000, 4, 2))
    weights = jax.vmap(lambda xi: run(measure, log_gamma, jnp.zeros(2), xi)[1])(noise)
    assert_mean(np.exp(np.asarray(weights, float) - LOG_Z), 1.0, 0.02)


def weight_from_zero(chain, control, points):
    """The reference form: log gamma(x_K) - log N(x_K; 0, T) + sum log R - log F, in full."""
    end = np.sqrt(chain.times[-1])
    weight = isotropic(*TARGET)(points[-1]) - np.sum(scipy.stats.norm.logpdf(points[-1], 0, end))
    for k, (x, after) in enumerate(pairwise(np.asarray(points))):
        step = chain.times[k + 1] - chain.times[k]
        slope, intercept = (part[k] for part in control.features)
        weight += np.sum(scipy.stats.norm.logpdf(after, x, np.sqrt(step)))
        weight -= np.sum(scipy.stats.norm.logpdf(after, x + step * (slope * x + intercept), np.sqrt(step)))
    return weight


def from_zero():
    """A chain from zero with a linear control, and noise for a path of it."""
    chain, control = pinned(1.3, 4, 1.5), linear(np.linspace(-1, 1, 5), np.linspace(0.5, -0.2, 5))
    noise = jnp.asarray(np.random.default_rng(4).standard_normal((4, 2)))
    return unguided(chain, control, NO_CONTROL, lambda x: 0.0), noise


def test_a_path_from_zero_weighs_what_its_densities_say(x64):
    measure, noise = from_zero()
    path, found = run(measure, isotropic(*TARGET), jnp.zeros(2), noise)
    np.testing.assert_allclose(found, weight_from_zero(measure.chain, measure.forward, path.x), rtol=1e-11)


def test_a_path_back_to_zero_ends_there_and_weighs_what_its_densities_say(x64):
    measure, noise = from_zero()
    end = jnp.array([0.4, -1.0])
    back = simulate(reverse(measure), end, noise).x
    np.testing.assert_allclose(back[-1], 0.0, atol=1e-15)
    found = retraced(measure, isotropic(*TARGET), end, noise)
    np.testing.assert_allclose(
        found, weight_from_zero(measure.chain, measure.forward, back[::-1]), rtol=1e-11
    )


@every_chain
def test_guidance_is_evaluated_at_every_point_for_both_directions(make, x64):
    chain = make(1.0, 3, 1.0)
    guidance = Guidance(lambda k, x: k * x**2, jnp.arange(4.0))
    guided = with_control(lambda features, x, guidance: guidance, None)
    noise = jnp.asarray(np.random.default_rng(5).standard_normal((3, 2)))
    path = simulate(PathMeasure(chain, guidance, guided, guided, log_standard_normal), jnp.ones(2), noise)
    np.testing.assert_allclose(path.guidance, jnp.arange(4.0)[:, None] * path.x**2)
    moved = path.displacement - np.sqrt(chain.forward.variance)[:, None] * noise
    np.testing.assert_allclose(moved, chain.forward.gain[:, None] * path.guidance[:-1], atol=1e-12)


@every_chain
def test_the_log_weight_is_the_naive_sum_of_log_densities(make, x64):
    chain, dim = make(1.5, 5, 2.0), 3
    directions = [network_direction(jax.random.key(seed), dim, chain) for seed in (5, 6)]
    start, noise = np.array([0.5, -1.0, 2.0]), np.random.default_rng(0).standard_normal((5, dim))
    log_gamma = isotropic(0.7, 0.3)
    measure = unguided(chain, *directions, isotropic(1.0, 4.0, 0.0))
    path, found = run(measure, log_gamma, jnp.asarray(start), jnp.asarray(noise))

    def control(direction, k, x):
        return jax.jit(direction.control)(features_at(direction.features, k), x, None)

    factors = 1.0 - chain.forward.decay
    x, expected = start, -np.sum(scipy.stats.norm.logpdf(start, 1.0, 2.0))
    for k in range(5):
        scale = np.sqrt(chain.forward.variance[k])
        mean = factors[k] * x + chain.forward.gain[k] * control(directions[0], k, x)
        after = mean + scale * noise[k]
        backward_mean = factors[k] * after + chain.forward.gain[k] * control(directions[1], k + 1, after)
        expected += np.sum(scipy.stats.norm.logpdf(x, backward_mean, scale))
        expected -= np.sum(scipy.stats.norm.logpdf(after, mean, scale))
        x = after
    np.testing.assert_allclose(path.x[-1], x, rtol=1e-12)
    np.testing.assert_allclose(found, expected + log_gamma(x), rtol=1e-11)


def shifted(chain: Chain):
    """Constant controls whose kernels carry N(0, I) exactly to a shifted N(m, I) and back.

    The Ornstein-Uhlenbeck chain keeps the variance at one, so that kernels of the reference's own variance
    are exact; forward shifts may be any, and backward ones undo them: gain v = m_k - factor m_{k+1}.
    """
    shifts = np.random.default_rng(2).standard_normal(len(chain.times))
    factors, gain, means = 1.0 - chain.forward.decay, chain.forward.gain, [0.0]
    for k in range(len(factors)):
        means.append(factors[k] * means[-1] + gain[k] * shifts[k])
    back = (np.array(means[:-1]) - factors * np.array(means[1:])) / gain
    return shifts, np.append(0.0, back), means[-1]


def test_exact_kernels_give_every_path_the_weight_z(x64):
    chain = ornstein_uhlenbeck(1.5, 6, 2.0)
    shifts, back, mean = shifted(chain)
    measure = unguided(chain, linear(0 * shifts, shifts), linear(0 * back, back))
    weights = sampled_log_weights(measure, isotropic(mean, 1.0), 2, 200)
    assert np.var(weights) < 1e-10
    np.testing.assert_allclose(weights, LOG_Z, atol=1e-10)


def test_sticking_the_landing_has_no_gradient_at_the_optimum_on_any_path(x64):
    chain = ornstein_uhlenbeck(1.5, 6)
    shifts, back, mean = shifted(chain)
    backward = linear(0 * back, back)
    noise = jax.random.normal(jax.random.key(7), (20, 7, 2))

    def gradients(sticking_the_landing):
        def log_weight(parameters, noise):
            measure = unguided(chain, linear(*parameters), backward)
            return run(measure, isotropic(mean, 1.0), noise[0], noise[1:], sticking_the_landing)[1]

        found = jax.vmap(jax.grad(log_weight), (None, 0))((0 * shifts, jnp.asarray(shifts)), noise)
        return np.concatenate(found, axis=1)

    assert np.max(np.abs(gradients(sticking_the_landing=True))) < 1e-10
    assert np.all(np.std(gradients(sticking_the_landing=False)[:, :6], axis=0) > 0.01)


def test_a_constant_factor_of_gamma_is_a_factor_of_every_weight(x64):
    chain = brownian(1.0, 4)
    directions = [network_direction(jax.random.key(seed), 2, chain) for seed in (8, 9)]
    measure = unguided(chain, *directions)
    before, after = (sampled_log_weights(measure, isotropic(0.0, 0.5, c), 2, 50) for c in (0.0, 3.5))
    np.testing.assert_allclose(after, before + 3.5, rtol=1e-12)


@every_chain
def test_single_precision_is_enough_for_tiny_steps_in_many_dimensions(make):
    """Differences of log-densities, each near 1e4 here, would be wrong by 1e-3 a step."""
    chain, dim = make(1.6e-5, 16), 1600
    rng = np.random.default_rng(3)
    start, noise = rng.standard_normal(dim), rng.standard_normal((16, dim))
    log_weights = []
    for wide in (False, True):
        with jax.enable_x64(wide):
            dtype = "f8" if wide else "f4"
            forward = linear(np.full(17, -0.7, dtype), np.full(17, 0.3, dtype))
            backward = linear(np.full(17, 0.4, dtype), np.full(17, 0.1, dtype))
            measure = unguided(chain, forward, backward, chain.log_start)
            inputs = jnp.asarray(start, float), jnp.asarray(noise, float)
            log_weights.append(float(run(measure, chain.log_end, *inputs)[1]))
    single, double = log_weights
    assert abs(double) > 0.01
    np.testing.assert_allclose(single, double, atol=1e-4)


def test_an_uncontrolled_path_weighs_the_ratio_of_its_ends(x64):
    chain = ornstein_uhlenbeck(2.0, 3)
    start, noise = jnp.array([0.4]), jnp.array([[1.0], [-2.0], [0.3]])
    path, found = run(unguided(chain, NO_CONTROL, NO_CONTROL), isotropic(*TARGET), start, noise)
    end = path.x[-1]
    np.testing.assert_allclose(found, isotropic(*TARGET)(end) - log_standard_normal(end), rtol=1e-12)
