"""Kernels with variances of their own: exact where the closed form has them, proper for any."""

from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from test_paths import LIMIT, LOG_Z, SOURCE, TARGET, every_chain, gaussian, log_weights, unhinted

from bridgemark.samplers.pathspace.chain import brownian, ornstein_uhlenbeck
from bridgemark.samplers.pathspace.control import Network, free
from bridgemark.samplers.pathspace.path_measure import Nudge, Side
from bridgemark.samplers.pathspace.paths import retraced, run, score_path

from oracles.closed_forms import bridge, reversal

HORIZON = 0.5  # too short for noise to forget the target


def nudged(at, x, hint):
    """Slope x + intercept, and a spread that does not depend on x."""
    return Nudge(at[0] * x + at[1], at[2] * jnp.ones_like(x))


def exact_nudges(chain, exact):
    """(slopes, intercepts, spreads) over the points, ahead and behind, of the bridge's own kernels."""
    forward = [exact.exact_kernel(*pair) for pair in pairwise(chain.times)]
    backward = [reversal(kernel, *exact.marginal(t)) for kernel, t in zip(forward, chain.times, strict=False)]

    def of(kernels, reference):
        slope, intercept, variance = np.array(kernels).T
        lost, gain, own = reference
        return (slope - 1.0 + lost) / gain, intercept / gain, 0.5 * np.log(variance / own)

    ahead, behind = of(forward, chain.ahead), of(backward, chain.behind)
    last = [np.append(part, 0.0) for part in ahead], [np.append(0.0, part) for part in behind]
    return tuple(tuple(jnp.asarray(part) for part in side) for side in last)


@pytest.mark.parametrize(
    ("stationary", "make"), [(1.0, ornstein_uhlenbeck), (0.0, brownian)], ids=["noising", "brownian"]
)
@pytest.mark.parametrize("steps", [1, 3, 8])
def test_the_bridges_own_kernels_give_every_path_the_weight_z(stationary, make, steps, x64):
    """On any grid; without their variances the weights vary."""
    chain = make(HORIZON, steps)
    ahead, behind = exact_nudges(chain, bridge(SOURCE, TARGET, stationary, HORIZON))
    law = unhinted(chain, Side(nudged, ahead), Side(nudged, behind))
    np.testing.assert_allclose(log_weights(law, gaussian(*TARGET), 1, 200), LOG_Z, atol=1e-9)
    np.testing.assert_allclose(retraced_weights(law, 200), LOG_Z, atol=1e-9)
    plain = [Side(nudged, (*side[:2], 0.0 * side[2])) for side in (ahead, behind)]
    assert np.var(log_weights(unhinted(chain, *plain), gaussian(*TARGET), 1, 200)) > 1e-3


def retraced_weights(law, n):
    """Of paths back from points anywhere: the pair of kernels is exact, the points need not be."""
    noise = jax.random.normal(jax.random.key(3), (n, len(law.chain.times), 1))
    return jax.vmap(lambda one: retraced(law, gaussian(*TARGET), 3.0 * one[0], one[1:]))(noise)


def test_a_detached_judge_has_no_gradient_at_the_exact_kernels(x64):
    chain = ornstein_uhlenbeck(HORIZON, 4)
    ahead, behind = exact_nudges(chain, bridge(SOURCE, TARGET, 1.0, HORIZON))
    noise = jax.random.normal(jax.random.key(7), (20, 5, 1))

    def gradients(stick):
        def log_weight(parameters, noise):
            law = unhinted(chain, Side(nudged, parameters), Side(nudged, behind))
            return run(law, gaussian(*TARGET), noise[0], noise[1:], stick)[1]

        return np.stack(jax.vmap(jax.grad(log_weight), (None, 0))(ahead, noise))

    assert np.max(np.abs(gradients(stick=True))) < 1e-9
    assert np.all(np.std(gradients(stick=False)[:, :, :4], axis=1) > 0.01)


def random_side(key, dim, chain):
    """A network with random last layers, spreads among them."""
    network = Network(key, dim, 8, spreads=True)
    weight = jax.random.normal(key, network.last.weight.shape)
    weight = weight.at[dim:].multiply(20.0)  # spreads are slow
    return free(eqx.tree_at(lambda n: n.last.weight, network, 0.2 * weight), chain)


def unhinted_side(side):
    """The side with a hint of zeros, where there is none."""
    return Side(lambda at, x, hint: side.nudge(at, x, jnp.zeros_like(x)), side.features)


def random_law(chain, dim):
    return unhinted(chain, *(unhinted_side(random_side(jax.random.key(seed), dim, chain)) for seed in (1, 2)))


@every_chain
def test_the_mean_weight_is_z_for_any_spreads(make):
    """False alarm: `LIMIT` standard errors."""
    weights = np.exp(log_weights(random_law(make(0.8, 4, 2.0), 2), gaussian(0.0, 0.3), 2, 100_000) - LOG_Z)
    error = np.std(weights) / np.sqrt(len(weights))
    assert 0 < error < 0.02
    assert abs(np.mean(weights) - 1) < LIMIT * error


@every_chain
def test_the_log_weight_is_the_naive_sum_of_log_densities(make, x64):
    chain, dim, log_gamma = make(1.5, 5, 2.0), 3, gaussian(0.7, 0.3)
    law = random_law(chain, dim)
    noise = np.random.default_rng(0).standard_normal((6, dim))
    path, found = run(law, log_gamma, jnp.asarray(noise[0]), jnp.asarray(noise[1:]))
    np.testing.assert_allclose(score_path(law, path) + log_gamma(path.x[-1]), found, rtol=1e-11)

    def density(side, kernel, k, at, x, after):
        """log N(after; mean, deviation) of one kernel, its side seen at `at`."""
        control, spread = side.nudge(jax.tree.map(lambda leaf: leaf[at], side.features), x, None)
        mean = (1.0 - kernel.lost[k]) * x + kernel.gain[k] * control
        deviation = np.sqrt(kernel.variance[k]) * np.exp(spread)
        assert np.max(np.abs(spread)) > 0.02
        return np.sum(scipy.stats.norm.logpdf(after, mean, deviation)), (after - mean) / deviation

    expected = np.sum(-scipy.stats.norm.logpdf(noise[0])) + log_gamma(path.x[-1])
    for k, (x, after) in enumerate(pairwise(np.asarray(path.x))):
        forward, drawn = density(law.forward, chain.ahead, k, k, x, after)
        expected += density(law.backward, chain.behind, k, k + 1, after, x)[0] - forward
        np.testing.assert_allclose(drawn, noise[k + 1], rtol=1e-9)
    np.testing.assert_allclose(found, expected, rtol=1e-11)
