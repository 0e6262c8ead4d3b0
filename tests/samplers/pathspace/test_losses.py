"""Losses of path samplers: equal weights by two routes, and the gradients that theory promises."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.chain import ornstein_uhlenbeck
from bridgemark.samplers.pathspace.losses import (
    Batch,
    LogVariance,
    Parameters,
    Problem,
    ReverseKL,
    TrajectoryBalance,
)
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, Guidance, PathMeasure, with_control
from bridgemark.samplers.pathspace.paths import run, score_path, simulate

pytestmark = pytest.mark.usefixtures("x64")

LIMIT = 5.0  # standard errors: a false alarm of 6e-7 a comparison under the normal law
STEPS = 3


def affine(parameters):
    """The control slope x + intercept, a pair per time, guided by the score."""

    def control(pair, x, guidance):
        slope, intercept = pair
        return slope * x + intercept + 0.1 * guidance

    return with_control(control, parameters)


SCORE = Guidance(lambda features, x: jax.grad(log_gamma)(x), None)


def log_gamma(x):
    """An off-centre density that is not Gaussian."""
    return -0.5 * jnp.sum((x - 0.7) ** 2) - 0.1 * jnp.sum(x**4)


def problem(n, dim=2, backward=NO_CONTROL, log_z=0.0):
    chain = ornstein_uhlenbeck(1.0, STEPS)
    noise = jax.random.normal(jax.random.key(1), (n, STEPS + 1, dim))

    def measure(networks):
        return PathMeasure(chain, SCORE, affine(networks), backward, log_standard_normal)

    return Problem(measure, lambda x: log_gamma(x) + log_z, Batch(noise[:, 0], noise[:, 1:]))


def parameters():
    networks = jnp.linspace(-0.2, 0.3, STEPS + 1), jnp.linspace(0.4, -0.1, STEPS + 1)
    return Parameters(networks, jnp.asarray(0.3))


def test_a_stored_path_weighs_what_the_running_one_does():
    slopes, intercepts = parameters().networks
    given = problem(20, backward=affine((intercepts, slopes)))
    measure = given.path_measure((slopes, intercepts))

    def both(start, noise):
        path, weight = run(measure, log_gamma, start, noise)
        stored = simulate(measure, start, noise)
        difference = jax.tree.map(jnp.subtract, path, stored)
        return difference, weight - log_gamma(stored.x[-1]) - score_path(measure, stored)

    for difference in jax.tree.leaves(jax.vmap(both)(*given.batch)):
        np.testing.assert_allclose(difference, 0.0, atol=1e-12)


WITHOUT_LOG_Z = [ReverseKL(), LogVariance(), LogVariance(2)]
LOSSES = [*WITHOUT_LOG_Z, ReverseKL(sticking_the_landing=False), TrajectoryBalance()]


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_the_losses_report_the_same_weights(loss):
    expected = ReverseKL()(parameters(), problem(50))[1].log_weights
    np.testing.assert_allclose(loss(parameters(), problem(50))[1].log_weights, expected, atol=1e-12)


@pytest.mark.parametrize("loss", WITHOUT_LOG_Z, ids=str)
def test_a_constant_factor_of_gamma_changes_no_gradient(loss):

    def gradient(log_z):
        return jax.grad(lambda parameters: loss(parameters, problem(50, log_z=log_z))[0])(parameters())

    for before, after in zip(*map(jax.tree.leaves, (gradient(0.0), gradient(7.0))), strict=True):
        np.testing.assert_allclose(before, after, atol=1e-11)


def test_dispersions_are_variances_and_mean_squares():
    weights = jnp.array([0.5, -1.0, 2.0, 0.0])
    assert LogVariance().dispersion(weights, 0.0) == pytest.approx(0.5 * np.var(weights, ddof=1))
    assert LogVariance(2).dispersion(weights, 0.0) == pytest.approx(0.5 * (1.5**2 / 2 + 2.0**2 / 2) / 2)
    assert TrajectoryBalance().dispersion(weights, 0.5) == pytest.approx(0.5 * np.mean((weights - 0.5) ** 2))


def test_trajectory_balance_learns_log_z():
    """Its gradient in the estimate vanishes where that is the mean log weight."""
    loss, given = TrajectoryBalance(), problem(50)
    mean = jnp.mean(loss(parameters(), given)[1].log_weights)
    slope = jax.grad(lambda z: loss(Parameters(parameters().networks, z), given)[0])
    np.testing.assert_allclose(slope(mean), 0.0, atol=1e-12)
    assert slope(mean + 1.0) > 0.5


def test_on_its_own_paths_log_variance_descends_the_reverse_kl():
    """Both gradients in 40 batches of 2,000 paths: their means agree (Richter et al. 2020, prop. 4.3)."""
    batch = problem(80_000).batch
    pieces = Batch(*(array.reshape(40, 2_000, *array.shape[1:]) for array in batch))

    def gradients(loss):
        def gradient(piece):
            return jax.grad(lambda p: loss(p, problem(1)._replace(batch=piece))[0])(parameters())

        slopes_and_intercepts = np.concatenate(jax.lax.map(gradient, pieces).networks, axis=1)
        return slopes_and_intercepts[:, [*range(STEPS), *range(STEPS + 1, 2 * STEPS + 1)]]

    reverse, variance = gradients(ReverseKL()), gradients(LogVariance())
    difference = reverse - variance
    error = np.std(difference, axis=0, ddof=1) / np.sqrt(len(difference))
    assert np.all(np.abs(np.mean(difference, axis=0)) < LIMIT * error)
    assert np.max(np.abs(np.mean(reverse, axis=0)) / error) > 20  # there is a gradient to agree on
