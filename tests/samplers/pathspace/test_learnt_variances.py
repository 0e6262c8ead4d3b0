"""Kernels with variances of their own: exact where the closed form has them, proper for any."""

from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from bridgemark.samplers.pathspace.chain import brownian, ornstein_uhlenbeck
from bridgemark.samplers.pathspace.control import Network, score_guided
from bridgemark.samplers.pathspace.path_measure import Direction, KernelShift, features_at
from bridgemark.samplers.pathspace.paths import retraced, run, score_path

from oracles.closed_forms import bridge, reversal
from support.monte_carlo import LIMIT
from support.unguided_paths import (
    LOG_Z,
    SOURCE,
    TARGET,
    every_chain,
    isotropic,
    sampled_log_weights,
    unguided,
)

HORIZON = 0.5  # too short for noise to forget the target


def linear_shift(features, x, guidance):
    """The control slope x + intercept, and a log scale that does not depend on x."""
    slope, intercept, log_scale = features
    return KernelShift(slope * x + intercept, log_scale * jnp.ones_like(x))


def exact_shifts(chain, exact):
    """(slopes, intercepts, log scales) over the points, forward and backward, of the bridge's own kernels."""
    forward = [exact.exact_kernel(*pair) for pair in pairwise(chain.times)]
    backward = [reversal(kernel, *exact.marginal(t)) for kernel, t in zip(forward, chain.times, strict=False)]

    def shifts(kernels, reference):
        slope, intercept, variance = np.array(kernels).T
        log_scale = 0.5 * np.log(variance / reference.variance)
        return (slope - 1.0 + reference.decay) / reference.gain, intercept / reference.gain, log_scale

    # No step starts at the last point, and none leads to the first.
    forward_shifts = [np.append(part, 0.0) for part in shifts(forward, chain.forward)]
    backward_shifts = [np.append(0.0, part) for part in shifts(backward, chain.backward)]
    return tuple(map(jnp.asarray, forward_shifts)), tuple(map(jnp.asarray, backward_shifts))


@pytest.mark.parametrize(
    ("stationary", "make"), [(1.0, ornstein_uhlenbeck), (0.0, brownian)], ids=["noising", "brownian"]
)
@pytest.mark.parametrize("steps", [1, 3, 8])
def test_the_bridges_own_kernels_give_every_path_the_weight_z(stationary, make, steps, x64):
    """On any grid; without their variances the weights vary."""
    chain = make(HORIZON, steps)
    forward, backward = exact_shifts(chain, bridge(SOURCE, TARGET, stationary, HORIZON))
    measure = unguided(chain, Direction(linear_shift, forward), Direction(linear_shift, backward))
    np.testing.assert_allclose(sampled_log_weights(measure, isotropic(*TARGET), 1, 200), LOG_Z, atol=1e-9)
    np.testing.assert_allclose(retraced_weights(measure, 200), LOG_Z, atol=1e-9)
    plain = [Direction(linear_shift, (*shifts[:2], 0.0 * shifts[2])) for shifts in (forward, backward)]
    assert np.var(sampled_log_weights(unguided(chain, *plain), isotropic(*TARGET), 1, 200)) > 1e-3


def retraced_weights(measure, n):
    """Of paths back from points anywhere: the pair of kernels is exact, the points need not be."""
    noise = jax.random.normal(jax.random.key(3), (n, len(measure.chain.times), 1))
    log_weight = jax.vmap(lambda noise: retraced(measure, isotropic(*TARGET), 3.0 * noise[0], noise[1:]))
    return log_weight(noise)


def test_sticking_the_landing_has_no_gradient_at_the_exact_kernels(x64):
    chain = ornstein_uhlenbeck(HORIZON, 4)
    forward, backward = exact_shifts(chain, bridge(SOURCE, TARGET, 1.0, HORIZON))
    noise = jax.random.normal(jax.random.key(7), (20, 5, 1))

    def gradients(sticking_the_landing):
        def log_weight(parameters, noise):
            measure = unguided(chain, Direction(linear_shift, parameters), Direction(linear_shift, backward))
            return run(measure, isotropic(*TARGET), noise[0], noise[1:], sticking_the_landing)[1]

        return np.stack(jax.vmap(jax.grad(log_weight), (None, 0))(forward, noise))

    assert np.max(np.abs(gradients(sticking_the_landing=True))) < 1e-9
    assert np.all(np.std(gradients(sticking_the_landing=False)[:, :, :4], axis=1) > 0.01)


def random_direction(key, dim, chain):
    """A network with random last layers, log scales among them, and no guidance."""
    network = Network(key, dim, 8, log_scales=True)
    weight = jax.random.normal(key, network.last.weight.shape)
    weight = weight.at[dim:].multiply(20.0)  # log scales are slow
    network = eqx.tree_at(lambda network: network.last.weight, network, 0.2 * weight)
    guided = score_guided(network, chain, initial_scale=0.0)

    def shift(features, x, guidance):
        return guided.shift(features, x, jnp.zeros_like(x))

    return Direction(shift, guided.features)


def random_measure(chain, dim):
    return unguided(chain, *(random_direction(jax.random.key(seed), dim, chain) for seed in (1, 2)))


@every_chain
def test_the_mean_weight_is_z_for_any_log_scales(make):
    """False alarm: `LIMIT` standard errors."""
    weights = np.exp(
        sampled_log_weights(random_measure(make(0.8, 4, 2.0), 2), isotropic(0.0, 0.3), 2, 100_000) - LOG_Z
    )
    error = np.std(weights) / np.sqrt(len(weights))
    assert 0 < error < 0.02
    assert abs(np.mean(weights) - 1) < LIMIT * error


@every_chain
def test_the_log_weight_is_the_naive_sum_of_log_densities(make, x64):
    chain, dim, log_gamma = make(1.5, 5, 2.0), 3, isotropic(0.7, 0.3)
    measure = random_measure(chain, dim)
    noise = np.random.default_rng(0).standard_normal((6, dim))
    path, log_weight = run(measure, log_gamma, jnp.asarray(noise[0]), jnp.asarray(noise[1:]))
    np.testing.assert_allclose(score_path(measure, path) + log_gamma(path.x[-1]), log_weight, rtol=1e-11)

    def density(direction, kernel, k, index, x, after):
        """log N(after; mean, deviation) of step k of one direction, whose features are those at `index`."""
        control, log_scale = direction.shift(features_at(direction.features, index), x, None)
        mean = (1.0 - kernel.decay[k]) * x + kernel.gain[k] * control
        deviation = np.sqrt(kernel.variance[k]) * np.exp(log_scale)
        assert np.max(np.abs(log_scale)) > 0.02
        return np.sum(scipy.stats.norm.logpdf(after, mean, deviation)), (after - mean) / deviation

    expected = np.sum(-scipy.stats.norm.logpdf(noise[0])) + log_gamma(path.x[-1])
    for k, (x, after) in enumerate(pairwise(np.asarray(path.x))):
        forward, drawn = density(measure.forward, chain.forward, k, k, x, after)
        expected += density(measure.backward, chain.backward, k, k + 1, after, x)[0] - forward
        np.testing.assert_allclose(drawn, noise[k + 1], rtol=1e-9)
    np.testing.assert_allclose(log_weight, expected, rtol=1e-11)
