"""Distances against closed forms of Gaussians, brute force and SciPy; weights, constants, broken draws."""

import math

import jax
import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import entropy

from bridgemark.benchmarks.scores import classifier, kernel, sinkhorn
from bridgemark.benchmarks.scores.distance_constants import distance_constants
from bridgemark.benchmarks.scores.distances import costly_distances, distances, draw_exact_sample
from bridgemark.benchmarks.scores.histogram import PRIOR, binned_kl, equal_mass_histogram
from bridgemark.benchmarks.scores.metrics import evaluate
from bridgemark.benchmarks.scores.transport import directions, projected_distances, squared_w2
from bridgemark.benchmarks.scores.weighted_sample import WeightedSample, equally_weighted, thin
from bridgemark.targets.base import About
from bridgemark.targets.linear_gaussian import TARGETS as LINEAR

from support.scored import KEY, draws_of, evaluated, gaussian, normal

CHEAP = ("sliced_w2", "max_sliced_w2", "marginal_w2_max", "mmd2", "binned_kl")


def cloud(n=60, dim=2, seed=0):
    noise = np.random.default_rng(seed)
    return noise.normal(size=(n, dim)), noise.dirichlet(np.ones(n)), noise.normal(size=(n + 7, dim))


def even(n):
    return np.full(n, 1 / n)


def constants_of(target):
    return distance_constants(target, target.sample)


def exact_sample(target, n):
    return draw_exact_sample(target.sample, constants_of(target), KEY, n)


def mmd2_by_sums(x, weights, y, h):
    def k(a, b):
        return sum(np.exp(-((a - b) @ (a - b)) / (2 * (f * h) ** 2)) for f in (0.25, 0.5, 1, 2, 4)) / 5

    n, m = len(x), len(y)
    xx = sum(weights[i] * weights[j] * k(x[i], x[j]) for i in range(n) for j in range(n) if i != j)
    yy = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j)
    xy = sum(weights[i] * k(x[i], y[j]) for i in range(n) for j in range(m))
    return xx / (1 - np.sum(weights**2)) + yy / (m * (m - 1)) - 2 * xy / m


def test_mmd_is_the_written_sum():
    x, weights, y = cloud(12)
    assert kernel.mmd2(x, weights, y, 1.3) == pytest.approx(mmd2_by_sums(x, weights, y, 1.3), rel=1e-10)


def test_mmd_by_hand():
    """Points 0 and 1 against 0 and 1, one kernel value k: k + k - (1 + k) = k - 1, below zero."""
    x = np.array([[0.0], [1.0]])
    k = np.mean([math.exp(-1 / (2 * f**2)) for f in (0.25, 0.5, 1, 2, 4)])
    assert kernel.mmd2(x, even(2), x, 1.0) == pytest.approx(k - 1)


def test_mmd_of_a_single_point_is_not_known():
    x, y = normal(40, 2, 1)[:, 0], normal(40, 2, 2)[:, 0]
    alone, two = np.eye(40)[3], np.eye(40)[[3, 7]].mean(axis=0)
    assert kernel.mmd2(x[:1], even(1), y[:1], 1.0) is None
    assert (kernel.mmd2(x, alone, y, 1.0), kernel.mmd2_error(x, alone, y, 1.0)) == (None, None)
    assert kernel.mmd2(x, two, y, 1.0) == pytest.approx(mmd2_by_sums(x, two, y, 1.0), rel=1e-10)
    assert kernel.mmd2_error(x, two, y, 1.0) is None


def test_mmd_of_two_gaussians():
    """E k(u, v) for u - v ~ N(a, 2 I) is prod (h^2 / (h^2 + 2))^(1/2) exp(-a^2 / 2 (h^2 + 2))."""
    h, shift = np.sqrt(np.log(4) * 2), np.array([0.7, -0.4])
    widths = (h * np.array([0.25, 0.5, 1, 2, 4])) ** 2
    exact = 2 * np.mean(widths / (widths + 2) * (1 - np.exp(-(shift @ shift) / (2 * (widths + 2)))))
    x, y = normal(2_000, 2, 1)[:, 0] + shift, normal(2_000, 2, 2)[:, 0]
    error = kernel.mmd2_error(x, even(2_000), y, h)
    assert abs(kernel.mmd2(x, even(2_000), y, h) - exact) < 5 * error
    assert error < exact / 5


def test_mmd_is_unbiased_and_its_error_is_the_spread():
    """300 pairs of 40 exact draws: the mean within 4 standard errors of zero, and of both signs."""
    pairs = [(normal(40, 2, 2 * i)[:, 0], normal(40, 2, 2 * i + 1)[:, 0]) for i in range(300)]
    values = np.array([kernel.mmd2(x, even(40), y, 1.6) for x, y in pairs])
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(300)
    assert 0.2 < np.mean(values < 0) < 0.8
    shifted = np.array([kernel.mmd2(x + 1, even(40), y, 1.6) for x, y in pairs])
    errors = [kernel.mmd2_error(x + 1, even(40), y, 1.6) for x, y in pairs]
    assert np.mean(errors) == pytest.approx(np.std(shifted), rel=0.2)
    assert kernel.mmd2_error(*cloud(19), 1.0) is None


def test_marginals_and_largest_direction_of_a_shift():
    """A shift's distance on a line is its projection; the principal axis here is the shift's own."""
    y, shift = np.random.default_rng(0).normal(size=(300, 3)), np.array([1.0, -2.0, 2.0])
    sd, axes = np.array([1.0, 0.5, 4.0]), np.array([shift / 3])
    distance = projected_distances(equally_weighted(y + shift), y, sd, axes)
    assert distance.largest == pytest.approx(3)
    assert distance.marginal == pytest.approx(4)
    assert distance.sliced == pytest.approx(np.sqrt(np.mean((directions(3) @ shift) ** 2)))
    assert projected_distances(equally_weighted(y), y, 0 * sd, axes).marginal is None


def test_marginals_are_the_distances_of_the_coordinates():
    x, weights, y = cloud()
    distance = projected_distances(WeightedSample(x, weights), y, np.array([2.0, 3.0]), np.eye(2))
    standardised = np.sqrt(squared_w2(x.T.copy(), weights, y.T.copy())) / [2, 3]
    assert distance.marginal == pytest.approx(np.max(standardised))
    assert distance.largest >= distance.sliced


def test_gaussian_marginals_tend_to_the_closed_form():
    """W2 of N(0.5, 1.5^2) to N(0, 1) is sqrt(0.5^2 + 0.5^2); 40,000 draws know it to about 0.01."""
    x, y = 0.5 + 1.5 * normal(40_000, 1, 1)[:, 0], normal(40_000, 1, 2)[:, 0]
    distance = projected_distances(equally_weighted(x), y, np.ones(1), np.ones((1, 1)))
    assert distance.marginal == pytest.approx(math.sqrt(0.5), abs=0.05)


def test_bins_have_a_hundredth_each_and_kl_is_the_written_sum():
    y = np.random.default_rng(0).normal(size=(50_000, 2)) @ np.array([[1.0, 0.9], [0.0, 0.2]])
    histogram = equal_mass_histogram(y)
    np.testing.assert_allclose(histogram.masses, 0.01, atol=1e-4)
    x = y[:3_000] + 0.3
    index = []
    for first, second in x:
        column = np.sum(histogram.column_edges <= first)
        index.append(10 * column + np.sum(histogram.bin_edges[column] <= second))
    counts = np.bincount(index, minlength=100)
    drawn_masses = (counts + PRIOR) / (3_000 + 100 * PRIOR)
    expected = entropy(histogram.masses, drawn_masses)
    assert binned_kl(equally_weighted(x), histogram) == pytest.approx(expected)
    floor = binned_kl(equally_weighted(y[:20_000]), histogram)
    assert floor == pytest.approx(99 / 40_000, rel=0.5)


def test_an_empty_half_costs_its_smoothed_mass():
    y = np.random.default_rng(0).normal(size=(50_000, 2))
    x = np.abs(y[:, :1]) * [1, 0] + y * [0, 1]
    size = len(x)
    full, empty = (0.02 * size + PRIOR) / (size + 50), PRIOR / (size + 50)
    expected = 0.5 * math.log(0.01 / full) + 0.5 * math.log(0.01 / empty)
    assert binned_kl(equally_weighted(x), equal_mass_histogram(y)) == pytest.approx(expected, rel=0.02)


def test_weights_drop_points_and_equal_weights_are_none():
    x = normal(500)
    x[250:] += 5
    dropped = np.concatenate([np.zeros((250, 1)), np.full((250, 1), -np.inf)])
    weighted = evaluated(gaussian(), draws_of(x, np.full((500, 1), -3.0))).metrics
    plain = evaluated(gaussian(), draws_of(x)).metrics
    half = evaluated(gaussian(), draws_of(x, dropped)).metrics
    kept = WeightedSample(np.concatenate([x[:250, 0]] * 2), np.repeat([1 / 250, 0], 250))
    expected = distances(kept, exact_sample(gaussian(), 500))
    for name in CHEAP:
        assert weighted[name] == pytest.approx(plain[name], rel=1e-9), name
        assert half[name] == pytest.approx(expected[name], rel=1e-9), name
        assert half[name] < plain[name] / 2, name


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_broken_draws_are_nan_and_what_has_no_meaning_is_none(broken):
    x = normal(100)
    x[3, 0, 1] = broken
    evaluation = evaluated(gaussian(), draws_of(x))
    assert all(math.isnan(evaluation.metrics[name]) for name in CHEAP)
    assert math.isnan(evaluation.errors["mmd2"])
    heavy = evaluated(
        gaussian(about=About("", "", finite_moment=1.5), name="test-heavy"),
        draws_of(normal(100)),
    ).metrics
    assert heavy["max_sliced_w2"] is heavy["marginal_w2_max"] is None
    assert math.isfinite(heavy["mmd2"] + heavy["binned_kl"])
    assert evaluated(gaussian(1), draws_of(normal(100, 1))).metrics["binned_kl"] is None
    unknown = evaluated(gaussian(exact=False), draws_of(normal(100)))
    assert all(unknown.metrics[name] is None for name in CHEAP)
    assert unknown.errors["mmd2"] is None


def test_floors_have_every_distance_and_exact_draws_reach_them():
    evaluation = evaluated(gaussian(), draws_of(normal(1_000)))
    assert evaluation.floors.keys() >= set(CHEAP)
    for name in CHEAP[:3]:
        assert evaluation.metrics[name] < 3 * evaluation.floors[name]
    assert abs(evaluation.metrics["mmd2"]) < 6 * evaluation.errors["mmd2"]


def test_constants_depend_on_the_target_alone():
    """Of N(0, I) in two dimensions: the median distance is sqrt(4 log 2), the mean squared one 4."""
    constants = constants_of(gaussian())
    evaluated(gaussian(), draws_of(1_000 * normal(200)))
    assert constants_of(gaussian()) is constants
    assert constants.bandwidth == pytest.approx(np.sqrt(4 * np.log(2)), rel=0.03)
    assert constants.epsilon == pytest.approx(0.04, rel=0.03)
    np.testing.assert_allclose(constants.sd, 1, rtol=0.03)
    far = [evaluated(gaussian(), draws_of(scale * normal(200))).metrics["mmd2"] for scale in (1e3, 1e6)]
    assert far[0] == pytest.approx(far[1], rel=1e-3)  # a bandwidth that grew would bring them near


def test_thinning_is_even_and_exact():
    sample = thin(WeightedSample(np.arange(10.0)[:, None], np.append(np.full(9, 1 / 9), 0)), 3)
    assert list(sample.x[:, 0]) == [0, 4, 8]
    assert np.sum(sample.weights) == pytest.approx(1)


@pytest.mark.implicit_broadcasting  # in OTT-JAX
def test_sinkhorn_uses_the_epsilon_it_was_asked_for():
    x, weights, y = cloud(50)
    for factor in (1.0, 10.0):
        plan = sinkhorn.solve(factor * x, weights, y, even(57), 0.5, same_side=False)
        assert plan.converged
        assert plan.epsilon == pytest.approx(0.5)


def entropic(x, a, y, b, epsilon):
    """Plain log-domain iterations in double precision, 2,000 of them: the cost with its entropy."""
    squares, f, g = cdist(x, y, "sqeuclidean"), np.zeros(len(x)), np.zeros(len(y))
    for _ in range(2_000):
        f = -epsilon * np.log(np.exp((g - squares) / epsilon) @ b)
        g = -epsilon * np.log(np.exp((f[:, None] - squares) / epsilon).T @ a)
    return a @ f + b @ g


@pytest.mark.implicit_broadcasting  # in OTT-JAX
def test_sinkhorn_equals_plain_iterations(monkeypatch):
    x, a, y = cloud(30)
    b = even(37)
    within = entropic(x, a, x, a, 0.5) + entropic(y, b, y, b, 0.5)
    expected = entropic(x, a, y, b, 0.5) - within / 2
    assert sinkhorn.sinkhorn(x, a, y, 0.5) == pytest.approx(expected, rel=0.01)
    for plan in (sinkhorn.TransportPlan(1.0, False, 0.5), sinkhorn.TransportPlan(1.0, True, 0.05)):
        monkeypatch.setattr(sinkhorn, "solve", lambda *_, plan=plan, **__: plan)
        assert math.isnan(sinkhorn.sinkhorn(x, a, y, 0.5))


def test_classifier_tells_distributions_apart_and_respects_weights():
    """Shift 1 in one dimension: Bayes' accuracy is Phi(1/2) = 0.691; weights repair a wrong distribution."""
    x, y = normal(1_000, 1, 1)[:, 0], normal(1_000, 1, 2)[:, 0]
    assert classifier.c2st(x, even(1_000), y, 3) == pytest.approx(0.5, abs=0.06)
    assert classifier.c2st(x + 1, even(1_000), y, 3) == pytest.approx(0.691, abs=0.06)
    log_weights = -(x[:, 0] + 1)
    weights = np.exp(log_weights) / np.sum(np.exp(log_weights))
    assert classifier.c2st(x + 1, weights, y, 3) == pytest.approx(0.5, abs=0.08)


def test_costly_distances_are_asked_for_and_need_the_extra(monkeypatch):
    target, draws = LINEAR["linear-gaussian-4-a"](), draws_of(normal(200, 4))
    monkeypatch.setattr("bridgemark.benchmarks.scores.distances.MAX_PAIRED", 200)
    assert "sinkhorn" not in evaluated(target, draws).metrics
    few = costly_distances(equally_weighted(normal(199, 4)[:, 0]), exact_sample(target, 199))
    assert few == {"sinkhorn": None, "c2st": None}
    for module in (sinkhorn, classifier):
        monkeypatch.setattr(module, "installed", lambda: False)
    asked = evaluate(target, draws, 1, 1, 1.0, 1.0, KEY, with_costly=True)
    assert asked.metrics["sinkhorn"] is asked.metrics["c2st"] is asked.floors["sinkhorn"] is None


@pytest.mark.implicit_broadcasting  # in OTT-JAX
def test_costly_distances_of_a_posterior(monkeypatch):
    monkeypatch.setattr("bridgemark.benchmarks.scores.distances.MAX_PAIRED", 500)
    target = LINEAR["linear-gaussian-4-a"]()
    x = np.asarray(target.sample(jax.random.key(1), 500), float)
    against = exact_sample(target, 500)
    exact = costly_distances(equally_weighted(x), against)
    assert exact["c2st"] == pytest.approx(0.5, abs=0.1)
    shifted = costly_distances(equally_weighted(x + against.constants.sd), against)
    assert shifted["c2st"] > exact["c2st"] + 0.1
    assert shifted["sinkhorn"] > 3 * exact["sinkhorn"]
    broken = costly_distances(equally_weighted(np.where(np.arange(4) == 3, np.nan, x)), against)
    assert all(math.isnan(value) for value in broken.values())
    no_posterior = against._replace(constants=against.constants._replace(is_posterior=False))
    assert costly_distances(equally_weighted(x), no_posterior)["c2st"] is None
