"""Bounds by forward weights and errors by draws: closed forms of Gaussians, and the spread of repeats."""

import math

import numpy as np
import pytest

from bridgemark.benchmarks.scores.evidence import forward_evidence
from bridgemark.benchmarks.scores.metrics import evaluate
from bridgemark.benchmarks.scores.monte_carlo_error import batch_starts, mean_error, square_error
from bridgemark.benchmarks.scores.pareto import pareto_k
from bridgemark.targets.base import Truth

from support.scored import KEY, autoregressive, draws_of, evaluated, gaussian, normal

FORWARD = ("eubo", "eubo_gap", "log_z_forward", "forward_ess_fraction")


def with_forward(draws, log_weights):
    return evaluate(gaussian(), draws, 300, 100, 3.0, 1.0, KEY, forward_log_weights=log_weights)


def test_forward_metrics_by_hand():
    """Weights 1, 2, 4 of exact draws; log Z = 0.1 is the truth."""
    metrics = forward_evidence(Truth(0.1, 0.0, ""), np.log([1.0, 2.0, 4.0]))
    log_z = -math.log((1 + 1 / 2 + 1 / 4) / 3)
    assert metrics["eubo"] == pytest.approx(math.log(2))
    assert metrics["eubo_gap"] == pytest.approx(math.log(2) - 0.1)
    assert metrics["log_z_forward"] == pytest.approx(log_z)
    assert metrics["forward_ess_fraction"] == pytest.approx(math.exp(log_z) / (7 / 3))


def test_forward_metrics_of_a_gaussian_pair():
    """Q = N(0, 1.5^2), gamma = e^2 N(0, 1): KL, and Z^2 / E_Q[w^2] = sqrt(2 s^2 - 1) / s^2 for s = 1.5.

    At 200,000 draws every tolerance is above five standard errors.
    """
    s, x = 1.5, np.random.default_rng(0).normal(size=200_000)
    log_w = 2 - x**2 / 2 + x**2 / (2 * s**2) + math.log(s)
    metrics = forward_evidence(Truth(2.0, 0.0, ""), log_w)
    assert metrics["eubo_gap"] == pytest.approx(math.log(s) + (1 / s**2 - 1) / 2, abs=0.005)
    assert metrics["log_z_forward"] == pytest.approx(2, abs=0.01)
    fraction = math.sqrt(2 * s**2 - 1) / s**2
    assert metrics["forward_ess_fraction"] == pytest.approx(fraction, abs=0.01)
    y = s * np.random.default_rng(1).normal(size=200_000)
    w = np.exp(-(y**2) / 2 + y**2 / (2 * s**2))
    assert np.sum(w) ** 2 / np.sum(w**2) / len(w) == pytest.approx(fraction, abs=0.01)  # Kish's tends to it


def test_forward_share_sees_a_mode_that_the_sampler_misses():
    """Half of the exact draws lie where the sampler hardly goes: 1/Z is 1 by them, E_P[w] is large."""
    metrics = forward_evidence(None, np.log([0.5] * 100 + [1e6] * 100))
    assert metrics["eubo_gap"] is None
    assert metrics["forward_ess_fraction"] < 1e-5
    with np.errstate(invalid="ignore"):
        unreached = forward_evidence(None, np.array([0.0, np.inf]))
    assert unreached["eubo"] == np.inf
    assert unreached["forward_ess_fraction"] == 0


def test_forward_weights_have_no_meaning_beside_resampling_or_chains():
    weights, log_w = np.zeros((4, 50)), np.zeros(200)
    for draws in (
        draws_of(normal(200).reshape(4, 50, 2), weights, np.zeros(4)),
        draws_of(normal(200)),
    ):
        metrics = with_forward(draws, log_w).metrics
        assert all(metrics[name] is None for name in FORWARD)
    alone = evaluated(gaussian(), draws_of(normal(200), np.zeros((200, 1)))).metrics
    assert all(alone[name] is None for name in FORWARD)


def test_forward_errors_and_weights_of_zero():
    log_w = np.random.default_rng(0).normal(size=400)
    draws = draws_of(normal(100), np.zeros((100, 1)))
    errors = with_forward(draws, log_w).errors
    assert errors["eubo"] == pytest.approx(np.std(log_w, ddof=1) / 20)
    inverse = np.exp(-log_w)
    assert errors["log_z_forward"] == pytest.approx(np.std(inverse, ddof=1) / np.mean(inverse) / 20)
    log_w[3] = -np.inf  # an exact draw cannot have weight zero
    assert all(math.isnan(with_forward(draws, log_w).metrics[name]) for name in FORWARD)


def test_pareto_k_is_of_unresampled_weights():
    heavy = -1.2 * np.log(np.random.default_rng(0).uniform(size=(2_000, 1)))  # Pareto of shape 1.2
    assert evaluated(gaussian(), draws_of(normal(2_000), heavy)).metrics["pareto_k"] == pytest.approx(
        1.2, abs=0.3
    )
    assert evaluated(gaussian(), draws_of(normal(200))).metrics["pareto_k"] is None
    resampled = draws_of(normal(200).reshape(4, 50, 2), np.zeros((4, 50)), np.zeros(4))
    assert evaluated(gaussian(), resampled).metrics["pareto_k"] is None
    assert math.isnan(pareto_k(np.full(100, np.nan)))
    assert math.isnan(pareto_k(np.full(100, -np.inf)))


def test_few_chains_are_cut_into_batches_and_many_are_batches():
    assert list(batch_starts(2, 9, whole_chains=False)) == [0, 3, 6, 9, 12, 15]
    assert list(batch_starts(2, 9, whole_chains=True)) == [0, 9]
    assert list(batch_starts(40, 9, whole_chains=False)) == list(range(0, 360, 9))
    assert mean_error(np.ones((9, 1)), np.full(9, 1 / 9), batch_starts(1, 9, whole_chains=True)) is None


def test_error_of_a_mean_is_the_textbook_one():
    values = np.random.default_rng(0).normal(size=(50, 3))
    errors = mean_error(values, np.full(50, 0.02), np.arange(50))
    np.testing.assert_allclose(errors, np.std(values, axis=0, ddof=1) / np.sqrt(50))
    weights = np.array([0.5, 0.5, 0.0])  # a point without weight moves nothing
    error = mean_error(np.array([[1.0], [3.0], [99.0]]), weights, np.arange(3))
    np.testing.assert_allclose(error, np.sqrt(3 / 2 * 0.5))


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_error_of_a_squared_bias_is_the_spread_of_repeats(shift):
    """4,000 repeats of a Gaussian estimate; the median error: at zero bias a few are too large."""
    b = shift + 0.05 * np.random.default_rng(0).normal(size=4_000)
    errors = square_error(b, np.full(4_000, 0.05))
    assert np.median(errors) == pytest.approx(np.std(b**2), rel=0.1)


@pytest.mark.parametrize("kind", ["weighted", "chains"])
def test_bias_errors_cover(kind):
    """The bias of a shifted sample against its standard error, over 40 repeats: within a third."""
    pairs, target = [], gaussian(exact=False)
    for seed in range(40):
        if kind == "weighted":
            x = 0.5 + normal(400, 2, seed)
            draws = draws_of(x, 0.3 * x[:, :, 0])  # a proper weight for a mean of 0.8
        else:
            draws = draws_of(0.5 + autoregressive(4, 400, 2, seed))
        evaluation = evaluated(target, draws)
        pairs.append((evaluation.metrics["bias2_x_max"], evaluation.errors["bias2_x_max_draws"]))
    values, errors = np.array(pairs).T
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.34)


def test_errors_of_single_runs_are_not_known():
    draws = draws_of(normal(200).reshape(1, 200, 2), np.zeros((1, 200)), [0.0])
    errors = evaluated(gaussian(), draws).errors
    assert errors["bias2_x_max_draws"] is errors["mode_tv_draws"] is None
    assert errors["mmd2"] is not None
