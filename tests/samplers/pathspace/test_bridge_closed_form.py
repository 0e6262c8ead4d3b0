"""Gaussian Schrödinger bridges in closed form: the drifts, iterative fitting, and the learnt bridge."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.samplers.bridge import Bridge
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.dds import DDS
from bridgemark.samplers.pathspace.chain import brownian, ornstein_uhlenbeck
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, NO_GUIDANCE, PathMeasure, with_control
from bridgemark.samplers.pathspace.paths import Path, backward_log_likelihood, simulate
from bridgemark.targets.base import About, Density, Target, gaussian_base

from oracles.closed_forms import (
    Kernel,
    bridge,
    cross_covariance,
    kl,
    path_weights,
    pushed,
    reversal,
    transition,
)

LIMIT = 5.0  # standard errors: a false alarm of 6e-7 a comparison under the normal law
LOG_Z = 1.234
SOURCE, TARGET = (0.0, 1.0), (2.0, 0.25)
CHAINS = [brownian, ornstein_uhlenbeck]  # at the index of their `stationary`

both_chains = pytest.mark.parametrize("stationary", [0, 1], ids=["brownian", "ornstein-uhlenbeck"])


def linear(slopes, intercepts):
    """The control slope x + intercept."""

    def control(features, x, guidance):
        slope, intercept = features
        return slope * x + intercept

    return with_control(control, (jnp.asarray(slopes), jnp.asarray(intercepts)))


def exact_controls(chain, stationary):
    """(slopes, intercepts) of the bridge's forward control at the chain's times."""
    exact = bridge(SOURCE, TARGET, stationary, chain.times[-1])
    return tuple(np.array([exact.forward_control(t) for t in chain.times]).T)


def kernels(chain, control):
    """The chain's Gaussian forward kernels under a linear control."""
    columns = zip(*chain.forward, *control, strict=False)
    return [
        Kernel(1.0 - decay + gain * slope, gain * intercept, variance)
        for decay, gain, variance, slope, intercept in columns
    ]


def moments(steps):
    """Mean and variance at every time, and Cov(X_0, X_T), of a chain of Gaussian kernels."""
    laws, slope = [SOURCE], 1.0
    for kernel in steps:
        laws.append(pushed(kernel, *laws[-1]))
        slope *= kernel.slope
    return np.array(laws), slope * SOURCE[1]


def paths(chain, control, noise):
    """Points (n, steps + 1) of scalar paths, the first column of the noise being the start."""
    measure = PathMeasure(chain, NO_GUIDANCE, linear(*control), NO_CONTROL, log_standard_normal)

    def points(drawn):
        return simulate(measure, drawn[:1], drawn[1:, None]).x[:, 0]

    return np.asarray(jax.jit(jax.vmap(points))(jnp.asarray(noise)), float)


@both_chains
def test_exact_drifts_approach_the_bridge_as_steps_shrink(stationary):
    """The chain's own kernels, pushed exactly: variances are off by O(1 / steps)."""
    exact = bridge(SOURCE, TARGET, stationary, 1.0)
    coupling = cross_covariance(np.eye(1), TARGET[1] * np.eye(1), *transition(stationary, 1.0)).item()
    errors = []
    for steps in (128, 256):
        chain = CHAINS[stationary](1.0, steps)
        laws, covariance = moments(kernels(chain, exact_controls(chain, stationary)))
        truth = np.array([exact.marginal(t) for t in chain.times])
        errors.append(np.max(np.abs(laws - truth)[:, 1]))
        np.testing.assert_allclose(laws, truth, atol=0.01)
        np.testing.assert_allclose(covariance, coupling, atol=0.01)
    np.testing.assert_allclose(np.divide(*errors), 2.0, rtol=0.1)


@both_chains
def test_simulated_bridges_have_the_marginals_and_the_coupling(stationary):
    """Monte Carlo through `simulate`, 24 steps, against the moments of exactly these 24 kernels."""
    chain, n = CHAINS[stationary](1.0, 24), 40_000
    control = exact_controls(chain, stationary)
    x = paths(chain, control, np.random.default_rng(1).standard_normal((n, 25)))
    laws, covariance = moments(kernels(chain, control))
    mean, variance = laws.T
    assert np.all(np.abs(x.mean(0) - mean) < LIMIT * np.sqrt(variance / n))
    assert np.all(np.abs(x.var(0) - variance) < LIMIT * variance * np.sqrt(2 / n))
    found = np.mean((x[:, 0] - mean[0]) * (x[:, -1] - mean[-1]))
    assert abs(found - covariance) < LIMIT * np.sqrt((variance[0] * variance[-1] + covariance**2) / n)


@both_chains
def test_a_backward_half_round_is_the_exact_reversal(stationary, x64):
    """Its maximiser over linear controls, on the sampler's own paths, is a least-squares problem.

    The noise is whitened to have exactly its population moments, so that no sampling error is left.
    """
    chain = CHAINS[stationary](1.0, 5, 1.5)
    control = exact_controls(chain, stationary)
    drawn = np.random.default_rng(2).standard_normal((50, 6))
    noise = np.linalg.qr(drawn - drawn.mean(0))[0] * np.sqrt(50)
    x = jnp.asarray(paths(chain, control, noise))[..., None]

    def loss(flat):
        measure = PathMeasure(
            chain, NO_GUIDANCE, NO_CONTROL, linear(*flat.reshape(2, 6)), log_standard_normal
        )

        def log_likelihood(points):
            return backward_log_likelihood(measure, Path(points, points[1:], None))

        return -jnp.mean(jax.vmap(log_likelihood)(x))

    # The first control is never used, which leaves two zero rows: the least-norm Newton step minds none.
    zero = jnp.zeros(12)
    fitted = -np.linalg.pinv(jax.hessian(loss)(zero)) @ jax.grad(loss)(zero)
    slopes, intercepts = fitted.reshape(2, 6)[:, 1:]
    laws, _ = moments(kernels(chain, control))
    exact = [reversal(k, *law) for k, law in zip(kernels(chain, control), laws[:-1], strict=True)]
    decay, gain, _ = chain.forward
    np.testing.assert_allclose(1 - decay + gain * slopes, [k.slope for k in exact], atol=1e-9)
    np.testing.assert_allclose(gain * intercepts, [k.intercept for k in exact], atol=1e-9)


def test_fitting_the_backward_side_lowers_the_gap_of_a_denoising_sampler():
    """Exact denoising drifts at T = 1: the tabulated gap 1.07114 falls to the KL of the end."""
    chain = ornstein_uhlenbeck(1.0, 16)
    a = np.exp(-0.5 * (1.0 - chain.times))
    variance = a**2 * TARGET[1] + 1 - a**2
    forward = kernels(chain, (1 - 1 / variance, a * TARGET[0] / variance))
    laws, _ = moments(forward)
    noising = [Kernel(1 - decay, 0.0, variance) for decay, _, variance in zip(*chain.forward, strict=True)]
    exact = [reversal(kernel, *law) for kernel, law in zip(forward, laws[:-1], strict=True)]
    before = path_weights(SOURCE, TARGET, LOG_Z, forward, noising)
    after = path_weights(SOURCE, TARGET, LOG_Z, forward, exact)
    np.testing.assert_allclose(LOG_Z - before.mean(), 1.07114, atol=6e-6)
    np.testing.assert_allclose(LOG_Z - after.mean(), kl(laws[-1], TARGET), atol=1e-9)


def scalar_target():
    """exp(LOG_Z) N(2, .25), seen from N(0, 1)."""

    def log_prob(x):
        mean, variance = TARGET
        return LOG_Z - 0.5 * jnp.sum((x - mean) ** 2 / variance + np.log(2 * np.pi * variance))

    base = gaussian_base(np.zeros(1), np.ones(1))
    return Target(
        name="scalar", version=1, density=Density(dim=1, log_prob=log_prob, base=base), about=About("", "")
    )


def learnt_gap(sampler, n=20_000):
    """log Z minus the mean log weight, and its standard error."""
    target = scalar_target()
    fit = jax.jit(lambda key: sampler.fit(key, target.density))(jax.random.key(0))
    _, draws = jax.jit(lambda key, state: sampler.sample(key, target.density, state, n))(
        jax.random.key(1), fit.state
    )
    weights = np.asarray(draws.log_weights, float)
    return LOG_Z - weights.mean(), weights.std() / np.sqrt(n)


@pytest.mark.slow
def test_a_learnt_bridge_beats_learnt_denoising_at_equal_steps():
    """Exact drifts leave gaps of .0386 (bridge, Euler pair) and .161 (denoising, uniform steps)."""
    bridge_gap, bridge_error = learnt_gap(Bridge(horizon=1.0, steps=16, power=1.0, pilot=0, updates=800))
    gap, error = learnt_gap(DDS(horizon=4.0, steps=16, pilot=0, updates=800))
    assert bridge_gap + LIMIT * bridge_error < gap - LIMIT * error
    assert bridge_gap < 0.05
