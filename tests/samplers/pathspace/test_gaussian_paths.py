"""Gaussian bridges and denoising in three dimensions through the core, against closed forms."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.samplers.pathspace.chain import Chain, Kernels, brownian, ornstein_uhlenbeck
from bridgemark.samplers.pathspace.path_measure import NO_GUIDANCE, PathMeasure, reverse
from bridgemark.samplers.pathspace.paths import simulate

from oracles.closed_forms import bridge, kl, path_weights, reversal, transition
from oracles.gaussian_pair import DIM, SOURCE, TARGET
from support.linear_paths import LOG_Z, both_kernels, gaussian, linear, log_weights, stacked
from support.monte_carlo import LIMIT

HORIZON = 0.8
CHAINS = [brownian, ornstein_uhlenbeck]  # at the index of their `stationary`
STANDARD = np.zeros(DIM), np.eye(DIM)
both_references = pytest.mark.parametrize("stationary", [0, 1], ids=["brownian", "ornstein-uhlenbeck"])


def bridge_paths(stationary, steps, power=1.5):
    """A chain with the bridge's exact drifts, and both controls."""
    exact = bridge(SOURCE, TARGET, stationary, HORIZON)
    chain = CHAINS[stationary](HORIZON, steps, power)
    return chain, stacked(exact.forward_control, chain.times), stacked(exact.backward_control, chain.times)


def noised(law, tau):
    """The law after a time tau of the Ornstein-Uhlenbeck process."""
    a, s2 = transition(1, tau)
    return a * law[0], a**2 * law[1] + s2 * np.eye(len(law[0]))


def denoising_paths(horizon, steps, power):
    """The Ornstein-Uhlenbeck chain, the exact score's control and no backward control."""
    chain = ornstein_uhlenbeck(horizon, steps, power)

    def control(t):
        mean, variance = noised(TARGET, horizon - t)
        return np.eye(DIM) - np.linalg.inv(variance), np.linalg.solve(variance, mean)

    forward = stacked(control, chain.times)
    return chain, forward, tuple(np.zeros_like(part) for part in forward)


def as_steps(kernels):
    """Scalar kernels as steps of a chain without their intercepts, and the controls that restore these."""
    slopes, intercepts, variances = np.array(kernels).T
    return Kernels(1 - slopes, variances, variances), intercepts / variances


@both_references
@pytest.mark.parametrize("steps", [1, 4])
def test_exact_kernels_have_constant_weights(stationary, steps, x64):
    """Isotropic laws, so that variances are numbers; the reference is the bridge between centred laws."""
    source, target, times = (0.7, 1.5), (-1.0, 0.3), np.linspace(0, 1, steps + 1)
    exact = bridge(source, target, stationary, 1.0)
    kernels = [exact.exact_kernel(*pair) for pair in pairwise(times)]
    reversals = [reversal(kernel, *exact.marginal(t)) for kernel, t in zip(kernels, times[:-1], strict=True)]
    (ahead, up), (behind, down) = as_steps(kernels), as_steps(reversals)
    centred = [gaussian(np.zeros(2), S * np.eye(2)) for _, S in (source, target)]
    chain, still = Chain(times, ahead, behind, *centred), np.zeros((steps + 1, 2, 2))
    forward, backward = ((still, np.outer(v, np.ones(2))) for v in (np.append(up, 0), np.append(0, down)))
    laws = [(np.full(2, m), S * np.eye(2)) for m, S in (source, target)]
    noise = np.random.default_rng(4).standard_normal((200, steps + 1, 2))
    weights = log_weights(chain, forward, backward, laws[0], gaussian(*laws[1], LOG_Z), noise)
    assert np.var(weights) < 1e-10
    np.testing.assert_allclose(weights, LOG_Z, atol=1e-9)


@both_references
def test_paths_have_the_exact_weights(stationary, x64):
    chain, forward, backward = bridge_paths(stationary, 6)
    exact = path_weights(SOURCE, TARGET, LOG_Z, *both_kernels(chain, forward, backward))
    noise = np.random.default_rng(5).standard_normal((20, 7, DIM))
    weights = log_weights(chain, forward, backward, SOURCE, gaussian(*TARGET, LOG_Z), noise)
    np.testing.assert_allclose(weights, [exact.at(row.ravel()) for row in noise], atol=1e-9)
    np.testing.assert_allclose(exact.log_moment(1), LOG_Z, atol=1e-9)


@both_references
def test_reversed_paths_follow_the_backward_kernels(stationary, x64):
    """From the end to the start, x = slope x' + intercept + noise of every backward kernel."""
    chain, forward, backward = bridge_paths(stationary, 6)
    measure = PathMeasure(chain, NO_GUIDANCE, linear(*forward), linear(*backward), gaussian(*SOURCE))
    noise = np.random.default_rng(6).standard_normal((6, DIM))
    x = np.array([1.0, -0.5, 2.0])
    path = np.asarray(jax.jit(lambda noise: simulate(reverse(measure), jnp.asarray(x), noise).x)(noise))
    _, backward_kernels = both_kernels(chain, forward, backward)
    for kernel, drawn, simulated in zip(backward_kernels[::-1], noise, path[1:], strict=True):
        x = kernel.slope @ x + kernel.intercept + np.linalg.cholesky(kernel.variance) @ drawn
        np.testing.assert_allclose(simulated, x, atol=1e-12)


def assert_agree(weights, exact):
    """Mean, variance and effective share of simulated log weights against their exact values."""
    n, ratios = len(weights), np.exp(weights - exact.log_moment(1))
    assert np.isfinite(exact.log_moment(4))  # what a standard error of the effective share needs
    centred = weights - exact.mean()
    share = np.mean(ratios) ** 2 / np.mean(ratios**2)
    influence = share * (2 * ratios / np.mean(ratios) - ratios**2 / np.mean(ratios**2))
    for error, noise in [
        (centred, centred),
        (centred**2 - exact.variance(), centred**2),
        (ratios - 1, ratios),
        (share - exact.ess_fraction(), influence),
    ]:
        assert abs(np.mean(error)) < LIMIT * np.std(noise) / np.sqrt(n)


@both_references
def test_simulated_weights_have_the_exact_statistics(stationary, x64):
    """Four comparisons each: a false alarm of 2e-6."""
    chain, forward, backward = bridge_paths(stationary, 12)
    exact = path_weights(SOURCE, TARGET, LOG_Z, *both_kernels(chain, forward, backward))
    noise = np.random.default_rng(6).standard_normal((20_000, 13, DIM))
    assert 0.4 < exact.ess_fraction() < 0.95
    assert_agree(log_weights(chain, forward, backward, SOURCE, gaussian(*TARGET, LOG_Z), noise), exact)


def test_simulated_denoising_has_the_exact_statistics(x64):
    """From N(0, I) with the exact score and the exponential integrator, 12 steps; false alarm: 2e-6."""
    chain, forward, backward = denoising_paths(3.0, 12, 1.5)
    exact = path_weights(STANDARD, TARGET, LOG_Z, *both_kernels(chain, forward, backward))
    noise = np.random.default_rng(7).standard_normal((20_000, 13, DIM))
    assert_agree(log_weights(chain, forward, backward, STANDARD, gaussian(*TARGET, LOG_Z), noise), exact)


@both_references
def test_the_variance_of_bridge_weights_halves_with_the_step(stationary):
    """Of the chain's own kernels, within 15 % per doubling from 32 steps on."""
    variances = []
    for steps in (32, 64, 128):
        kernels = both_kernels(*bridge_paths(stationary, steps, power=1.0))
        variances.append(path_weights(SOURCE, TARGET, LOG_Z, *kernels).variance())
    np.testing.assert_allclose(np.divide(variances[:-1], variances[1:]), 2.0, rtol=0.15)


def test_the_variance_of_denoising_weights_halves_with_the_step_from_where_noise_ends():
    """From p_T; from N(0, I) the start's error is a floor of the gap."""
    late = noised(TARGET, 1.5)
    variances = []
    for steps in (32, 64, 128):
        kernels = both_kernels(*denoising_paths(1.5, steps, 1.0))
        variances.append(path_weights(late, TARGET, LOG_Z, *kernels).variance())
        assert LOG_Z - path_weights(STANDARD, TARGET, LOG_Z, *kernels).mean() > kl(STANDARD, late)
    np.testing.assert_allclose(np.divide(variances[:-1], variances[1:]), 2.0, rtol=0.15)
