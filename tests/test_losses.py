"""Losses of path samplers: equal weights by two routes, and the gradients that theory promises."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from samplers.gaussian import log_standard_normal
from samplers.losses import Batch, LogVariance, Problem, ReverseKL
from samplers.paths import Side, no_control, ornstein_uhlenbeck, run, score_path, simulate

LIMIT = 5.0  # standard errors: a false alarm of 6e-7 a comparison under the normal law
STEPS = 3


@pytest.fixture(autouse=True)
def x64():
    with jax.enable_x64(True):
        yield


def affine(parameters):
    """The control slope x + shift, one pair a time; its hint is a score, so that hints are used."""
    return Side(
        lambda at, x, hint: at[0] * x + at[1] + 0.1 * hint, parameters, lambda at, x: jax.grad(log_gamma)(x)
    )


def log_gamma(x):
    """An off-centre density that is not Gaussian."""
    return -0.5 * jnp.sum((x - 0.7) ** 2) - 0.1 * jnp.sum(x**4)


def problem(n, dim=2):
    chain = ornstein_uhlenbeck(1.0, STEPS)
    backward = Side(no_control, jnp.zeros(STEPS + 1))
    noise = jax.random.normal(jax.random.key(1), (n, STEPS + 1, dim))
    return Problem(chain, affine, backward, log_gamma, Batch(noise[:, 0], noise[:, 1:]))


def parameters():
    return jnp.linspace(-0.2, 0.3, STEPS + 1), jnp.linspace(0.4, -0.1, STEPS + 1)


def test_a_stored_path_weighs_what_the_running_one_does():
    chain, forward, _, _, batch = problem(20)
    side, backward = forward(parameters()), affine((parameters()[1], parameters()[0]))

    def both(start, noise):
        end, weight = run(chain, side, backward, log_gamma, log_standard_normal, start, noise)
        path = simulate(chain, side, start, noise)
        stored = log_gamma(path.x[-1]) + score_path(chain, side, backward, log_standard_normal, path)
        return end - path.x[-1], weight - stored

    for difference in jax.vmap(both)(*batch):
        np.testing.assert_allclose(difference, 0.0, atol=1e-12)


def test_the_losses_report_the_same_weights():
    reverse, variance = (loss(parameters(), problem(50))[1] for loss in (ReverseKL(), LogVariance()))
    np.testing.assert_allclose(reverse, variance, atol=1e-12)


def test_on_its_own_paths_log_variance_descends_the_reverse_kl():
    """Both gradients in 40 batches of 2,000 paths: their means agree (Richter et al. 2020, prop. 4.3)."""
    batch = problem(80_000).batch
    pieces = Batch(*(array.reshape(40, 2_000, *array.shape[1:]) for array in batch))

    def gradients(loss):
        def of(piece):
            return jax.grad(lambda p: loss(p, problem(1)._replace(batch=piece))[0])(parameters())

        found = jax.lax.map(of, pieces)
        return np.concatenate(found, axis=1)[:, [*range(STEPS), *range(STEPS + 1, 2 * STEPS + 1)]]

    reverse, variance = gradients(ReverseKL()), gradients(LogVariance())
    difference = reverse - variance
    error = np.std(difference, axis=0, ddof=1) / np.sqrt(len(difference))
    assert np.all(np.abs(np.mean(difference, axis=0)) < LIMIT * error)
    assert np.max(np.abs(np.mean(reverse, axis=0)) / error) > 20  # there is a gradient to agree on
