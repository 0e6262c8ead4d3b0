"""Estimates without a truth: pooled over seeds with errors that cover, and compared pair by pair."""

from dataclasses import replace

import numpy as np
import pytest

from bridgemark.benchmarks.analysis.estimates import (
    Estimates,
    Moments,
    compare_all,
    estimate,
    moments_of_draws,
)
from bridgemark.benchmarks.scores.evidence import Estimate

from support.synthetic_rows import failed, row


def made(seed, log_z=None, error=None, **metrics):
    """A row without a truth."""
    return replace(row(seed=seed), metrics={"log_z": log_z, **metrics}, errors={"log_z": error}, floors={})


def no_moments(_):
    return None


def test_seeds_are_pooled_and_failures_left_out():
    rows = [made(0, 1.0, 0.1, pareto_k=0.2), made(1, 1.2, 0.1, pareto_k=0.9), failed(seed=2)]
    pooled = estimate("smc", rows, no_moments)
    assert (pooled.label, pooled.seeds, pooled.pareto_k) == ("smc", 2, 0.9)
    assert pooled.log_z.value == pytest.approx(np.log((np.exp(1.0) + np.exp(1.2)) / 2))
    assert pooled.log_z.standard_error == pytest.approx(0.1)  # the spread, 0.2 / 2, is above 0.1 / sqrt(2)
    assert (pooled.elbo, pooled.r_hat, pooled.moments) == (None, None, None)


def test_without_errors_of_their_own_few_seeds_give_a_wide_one_or_none():
    assert estimate("smc", [made(0, 1.0)], no_moments).log_z == Estimate(1.0, None)
    assert estimate("smc", [made(0, 1.0), made(1, 1.1)], no_moments).log_z.standard_error is None
    three = estimate("smc", [made(k, value) for k, value in enumerate((1.0, 1.1, 1.2))], no_moments)
    assert three.log_z.standard_error == pytest.approx(0.1 / np.sqrt(3) * 19.21 / 3, rel=1e-3)


def test_the_error_of_three_seeds_covers():
    """Three standard errors cover in 99.73 % of 2,000 trials: 5.4 misses are expected, 20 are six sd more."""
    rng = np.random.default_rng(0)
    misses = 0
    for _ in range(2_000):
        values = 0.01 * rng.standard_normal(3)  # small, so that the log of the mean is the mean of the logs
        pooled = estimate("smc", [made(k, float(value)) for k, value in enumerate(values)], no_moments).log_z
        misses += abs(pooled.value) > 3 * pooled.standard_error
    assert 0 < misses < 20


@pytest.mark.parametrize("is_weighted", [False, True])
def test_moments_of_stored_draws_cover_the_truth(is_weighted):
    """Draws of N(0, 1), weighted to N(1, 1) or not; four errors, false alarms of 6e-5 times four."""
    x = np.random.default_rng(0).standard_normal((2_000, 1))
    arrays = {"x": x, "log_weights": x[:, 0]} if is_weighted else {"x": x}
    metrics = {"importance_ess": 700.0} if is_weighted else {"ess_bulk_min": 1e9}
    moments = moments_of_draws(made(0, **metrics), arrays)
    truth = np.array([[1.0 if is_weighted else 0.0], [1.0]])
    assert np.all(np.abs(moments.values - truth) < 4 * moments.errors)
    assert np.all(moments.errors < 0.1)


def test_draws_of_slow_chains_are_worth_less_and_of_particles_nobody_knows_what():
    x = np.random.default_rng(0).standard_normal((2_000, 2))
    slow = moments_of_draws(made(0, ess_bulk_min=20.0), {"x": x})
    assert slow.errors[0] == pytest.approx(slow.values[1] / np.sqrt(20))
    assert np.isnan(moments_of_draws(made(0), {"x": x, "log_weights": np.zeros(2_000)}).errors).all()
    assert moments_of_draws(made(0), {}) is None
    assert moments_of_draws(made(0), {"x": np.full((3, 2), np.nan)}) is None


def estimates(label, log_z=None, moments=None):
    return Estimates(label, 3, log_z, None, None, None, moments)


def moments(mean, error, sd=1.0):
    return Moments(np.array([[mean, 0.0], [sd, sd]]), np.full((2, 2), error))


@pytest.mark.parametrize(
    ("first", "second", "agree", "worst"),
    [
        (Estimate(1.0, 0.01), Estimate(1.02, 0.01), True, "log Z"),
        (Estimate(1.0, 0.01), Estimate(1.2, 0.01), False, "log Z"),
        (Estimate(1.0, 0.01), Estimate(1.5, 2.0), None, "log Z"),  # too vague to confirm
        (Estimate(1.0, 0.01), Estimate(9.0, None), None, ""),  # no error, so nothing to compare
        (Estimate(1.0, 0.01), Estimate(float("nan"), 0.01), False, "log Z"),
        (Estimate(1.0, 0.01), None, None, ""),
    ],
)
def test_log_z_is_compared_by_the_rule_of_references(first, second, agree, worst):
    (pair,) = compare_all([estimates("a", first), estimates("b", second)])
    assert (pair.first, pair.second, pair.agree, pair.worst) == ("a", "b", agree, worst)


@pytest.mark.parametrize(
    ("mean", "error", "agree", "worst"),
    [
        (0.02, 0.02, True, "mean of x[0]"),
        (0.5, 0.02, False, "mean of x[0]"),
        (0.5, 0.5, None, "mean of x[0]"),
        (0.5, np.nan, None, ""),
    ],
)
def test_moments_are_compared_coordinate_by_coordinate(mean, error, agree, worst):
    pair, *_ = compare_all(
        [
            estimates("a", moments=moments(0.0, 0.02)),
            estimates("b", moments=moments(mean, error)),
            estimates("c"),
        ]
    )
    assert (pair.agree, pair.worst) == (agree, worst)


def test_many_numbers_are_seldom_called_apart():
    """300 pairs that agree about 40 moments each: a limit of three errors would call 30 of them apart."""
    rng = np.random.default_rng(0)

    def noisy():
        return Moments(np.ones((2, 20)) + 0.01 * rng.standard_normal((2, 20)), np.full((2, 20), 0.01))

    pairs = [
        compare_all([estimates("a", moments=noisy()), estimates("b", moments=noisy())])[0] for _ in range(300)
    ]
    # The false alarm of a pair is 0.0027, once in 300: six or more have a probability of 3e-4.
    assert sum(pair.agree is False for pair in pairs) < 6
