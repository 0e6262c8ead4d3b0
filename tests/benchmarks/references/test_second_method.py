"""Moments by independent runs of tempered SMC: closed forms, the stated errors, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks.references import second_method
from bridgemark.benchmarks.references.estimators import Refused
from bridgemark.benchmarks.references.second_method import Size, estimate_moments, run_second_method
from bridgemark.benchmarks.scores.evidence import Estimate
from bridgemark.samplers.smc import SMC
from bridgemark.targets.base import Density, gaussian_base

LIMIT = 5.0  # standard errors
FUNCTIONS = {"x": lambda x: x, "x2": jnp.square}
SMALL = Size(4, 8, 64, SMC(runs=8, fit_particles=64, max_temperature_step=1.0, leapfrog_steps=5))


def gumbel(x):
    """Two independent Gumbel variables, which are skewed, times e^2."""
    return 2.0 + jnp.sum(-x - jnp.exp(-x))


def test_moments_and_log_z_are_the_closed_forms():
    """Mean Euler's constant, variance pi^2 / 6, and the fourth cumulant pi^4 / 15.

    The limit is five standard errors from 32 runs or more: a false alarm of 1e-4 in all, and the key is
    fixed.
    """
    density = Density(dim=2, log_prob=gumbel, base=gaussian_base(np.zeros(2), np.full(2, 2.0)))
    with jax.enable_x64(True):
        second = run_second_method(density, FUNCTIONS, Estimate(2.0, 0.0), SMALL, lambda line: None)
    x, sd = second.moments["x"], np.pi / np.sqrt(6)
    assert np.all(np.abs(x.mean - np.euler_gamma) < LIMIT * x.mean_error)
    assert np.all(np.abs(x.sd - sd) < LIMIT * x.sd_error)
    x2 = second.moments["x2"]
    assert np.all(np.abs(x2.mean - sd**2 - np.euler_gamma**2) < LIMIT * x2.mean_error)
    assert np.all(np.maximum(x.mean_error, x.sd_error) <= second_method.WANTED_ERROR * x.sd)
    assert abs(second.log_z.value - 2.0) < LIMIT * second.log_z.standard_error < 0.2
    assert (
        second.description["method"] == f"{second.runs} SMC runs of 64 particles from a Gaussian at the mode"
    )
    assert 32 <= second.runs <= 64


def test_the_errors_are_the_deviations_of_repeats():
    """Runs whose weights and means are correlated, as where a run that misses a tail has a smaller Z."""
    rng, repeats, runs = np.random.default_rng(0), 200, 64
    estimates = []
    for _ in range(repeats):
        common = rng.standard_normal(runs)
        values = 1.0 + 0.5 * common[:, None, None] + rng.standard_normal((runs, 20, 1))
        estimates.append(estimate_moments(values, 0.3 * common))
    mean, sd, mean_error, sd_error = np.concatenate(estimates, axis=1)
    # The ratio of a deviation of 200 values to the true one leaves [0.75, 1.3] with a chance below 1e-5.
    assert 0.75 < np.std(mean) / np.mean(mean_error) < 1.3
    assert 0.75 < np.std(sd) / np.mean(sd_error) < 1.3


def test_a_constant_has_no_error():
    moments = estimate_moments(np.full((8, 5, 1), 3.0), np.zeros(8))
    np.testing.assert_allclose(np.ravel(moments), [3.0, 0.0, 0.0, 0.0], atol=1e-12)


def test_where_runs_disagree_from_every_start_all_reasons_are_given():
    """Two narrow modes of one in nine dimensions: sixteen particles see one of them or none."""

    def log_prob(x):
        return jnp.logaddexp(-50.0 * jnp.sum((x - 4) ** 2), -50.0 * jnp.sum((x + 4) ** 2))

    density = Density(dim=9, log_prob=log_prob, base=gaussian_base(np.zeros(9), np.full(9, 0.1)))
    few = Size(1, 1, 4, SMC(runs=8, fit_particles=8, max_temperatures=2, leapfrog_steps=1))
    lines = []
    with jax.enable_x64(True), pytest.raises(Refused) as refused:
        run_second_method(density, FUNCTIONS, Estimate(0.0, 0.0), few, lines.append)
    assert "from a Gaussian at the mode: the log density is not concave" in str(refused.value)
    assert "from the base: 8 runs disagree about log Z" in str(refused.value)
    assert "from the base in small steps: 8 runs disagree about log Z" in str(refused.value)
    assert "from a Gaussian fitted to short chains: " in str(refused.value)
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("log_zs", "chosen"), [((-2.0, 0.01, 5.0), 1), ((-2.0, -0.7, -1.0), 1), ((-2.0, 0.7), 1)]
)
def test_runs_that_agree_on_another_log_z_are_put_aside(monkeypatch, log_zs, chosen):
    """The first that has the log Z that is known is taken, and where none has, the one with the largest."""
    runs = iter(second_method.SecondMethod({}, Estimate(log_z, 0.05), 8, {}) for log_z in log_zs)
    attempts = {
        str(number): second_method.Attempt(lambda density: density.base, 0.8) for number in range(len(log_zs))
    }
    monkeypatch.setattr(second_method, "ATTEMPTS", attempts)
    monkeypatch.setattr(second_method, "_run", lambda *_: next(runs))
    base = gaussian_base(np.zeros(2), np.ones(2))
    lines = []
    second = run_second_method(Density(2, base.log_prob, base), {}, Estimate(0.0, 0.0), SMALL, lines.append)
    assert second.log_z.value == log_zs[chosen]
    assert "log Z is -2 and not 0" in second.description["refused"]["0"]
    assert "SMC from 0 is put aside: log Z is -2 and not 0" in lines
