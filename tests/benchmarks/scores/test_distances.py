"""Distances against closed forms of Gaussians, brute force and scipy; weights, constants, lost draws."""

import dataclasses
import math

import jax
import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import entropy
from test_metrics import KEY, drawn, gaussian, iid, judge

from bridgemark.benchmarks.scores import classifier, kernel, sinkhorn
from bridgemark.benchmarks.scores.distance_constants import scales
from bridgemark.benchmarks.scores.distances import costly, distances
from bridgemark.benchmarks.scores.histogram import PRIOR, binned_kl, grid
from bridgemark.benchmarks.scores.metrics import evaluate
from bridgemark.benchmarks.scores.transport import directions, on_lines, squared_w2
from bridgemark.benchmarks.scores.weighted_sample import Points, thinned
from bridgemark.targets.base import About
from bridgemark.targets.linear_gaussian import TARGETS as LINEAR

CHEAP = ("sliced_w2", "max_sliced_w2", "marginal_w2_max", "mmd2", "binned_kl")


def cloud(n=60, dim=2, seed=0):
    noise = np.random.default_rng(seed)
    return noise.normal(size=(n, dim)), noise.dirichlet(np.ones(n)), noise.normal(size=(n + 7, dim))


def even(n):
    return np.full(n, 1 / n)


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
    x, y = iid(40, 2, 1)[:, 0], iid(40, 2, 2)[:, 0]
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
    x, y = iid(2_000, 2, 1)[:, 0] + shift, iid(2_000, 2, 2)[:, 0]
    error = kernel.mmd2_error(x, even(2_000), y, h)
    assert abs(kernel.mmd2(x, even(2_000), y, h) - exact) < 5 * error
    assert error < exact / 5


def test_mmd_is_unbiased_and_its_error_is_the_spread():
    """300 pairs of 40 exact draws: the mean within 4 standard errors of zero, and of both signs."""
    pairs = [(iid(40, 2, 2 * i)[:, 0], iid(40, 2, 2 * i + 1)[:, 0]) for i in range(300)]
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
    lines = on_lines(y + shift, even(300), y, sd, axes)
    assert lines.largest == pytest.approx(3)
    assert lines.marginal == pytest.approx(4)
    assert lines.sliced == pytest.approx(np.sqrt(np.mean((directions(3) @ shift) ** 2)))
    assert on_lines(y, even(300), y, 0 * sd, axes).marginal is None


def test_marginals_are_the_distances_of_the_coordinates():
    x, weights, y = cloud()
    lines = on_lines(x, weights, y, np.array([2.0, 3.0]), np.eye(2))
    each = np.sqrt(squared_w2(x.T.copy(), weights, y.T.copy())) / [2, 3]
    assert lines.marginal == pytest.approx(np.max(each))
    assert lines.largest >= lines.sliced


def test_gaussian_marginals_tend_to_the_closed_form():
    """W2 of N(0.5, 1.5^2) to N(0, 1) is sqrt(0.5^2 + 0.5^2); 40,000 draws know it to about 0.01."""
    x, y = 0.5 + 1.5 * iid(40_000, 1, 1)[:, 0], iid(40_000, 1, 2)[:, 0]
    lines = on_lines(x, even(40_000), y, np.ones(1), np.ones((1, 1)))
    assert lines.marginal == pytest.approx(math.sqrt(0.5), abs=0.05)


def test_cells_hold_a_hundredth_each_and_kl_is_the_written_sum():
    y = np.random.default_rng(0).normal(size=(50_000, 2)) @ np.array([[1.0, 0.9], [0.0, 0.2]])
    cells = grid(y)
    np.testing.assert_allclose(cells.masses, 0.01, atol=1e-4)
    x = y[:3_000] + 0.3
    column = np.array([np.sum(cells.columns <= one) for one in x[:, 0]])
    row = np.array([np.sum(cells.rows[c] <= one) for c, one in zip(column, x[:, 1], strict=True)])
    counts = np.bincount(10 * column + row, minlength=100)
    drawn_masses = (counts + PRIOR) / (3_000 + 100 * PRIOR)
    expected = entropy(cells.masses, drawn_masses)
    assert binned_kl(x, even(3_000), cells) == pytest.approx(expected)
    floor = binned_kl(y[:20_000], even(20_000), cells)
    assert floor == pytest.approx(99 / 40_000, rel=0.5)


def test_an_empty_half_costs_its_smoothed_mass():
    y = np.random.default_rng(0).normal(size=(50_000, 2))
    x = np.abs(y[:, :1]) * [1, 0] + y * [0, 1]
    size = len(x)
    full, empty = (0.02 * size + PRIOR) / (size + 50), PRIOR / (size + 50)
    expected = 0.5 * math.log(0.01 / full) + 0.5 * math.log(0.01 / empty)
    assert binned_kl(x, even(size), grid(y)) == pytest.approx(expected, rel=0.02)


def test_weights_drop_points_and_equal_weights_are_none():
    x = iid(500)
    x[250:] += 5
    dropped = np.concatenate([np.zeros((250, 1)), np.full((250, 1), -np.inf)])
    weighted = judge(gaussian(), drawn(x, np.full((500, 1), -3.0))).metrics
    plain = judge(gaussian(), drawn(x)).metrics
    half = judge(gaussian(), drawn(x, dropped)).metrics
    target, kept = gaussian(), Points(np.concatenate([x[:250, 0]] * 2), np.repeat([1 / 250, 0], 250))
    bare = distances(target, kept, KEY)
    for name in CHEAP:
        assert weighted[name] == pytest.approx(plain[name], rel=1e-9), name
        assert half[name] == pytest.approx(bare[name], rel=1e-9), name
        assert half[name] < plain[name] / 2, name


@pytest.mark.parametrize("lost", [np.nan, np.inf])
def test_lost_draws_are_nan_and_what_is_not_offered_is_none(lost):
    x = iid(100)
    x[3, 0, 1] = lost
    evaluation = judge(gaussian(), drawn(x))
    assert all(math.isnan(evaluation.metrics[name]) for name in CHEAP)
    assert math.isnan(evaluation.errors["mmd2"])
    heavy = judge(gaussian(about=About("", "", finite_moment=1.5)), drawn(iid(100))).metrics
    assert heavy["max_sliced_w2"] is heavy["marginal_w2_max"] is None
    assert math.isfinite(heavy["mmd2"] + heavy["binned_kl"])
    assert judge(gaussian(1), drawn(iid(100, 1))).metrics["binned_kl"] is None
    unknown = judge(gaussian(exact=False), drawn(iid(100)))
    assert all(unknown.metrics[name] is None for name in CHEAP)
    assert unknown.errors["mmd2"] is None


def test_floors_bear_every_distance_and_exact_draws_reach_them():
    evaluation = judge(gaussian(), drawn(iid(1_000)))
    assert evaluation.floors.keys() >= set(CHEAP)
    for name in CHEAP[:3]:
        assert evaluation.metrics[name] < 3 * evaluation.floors[name]
    assert abs(evaluation.metrics["mmd2"]) < 6 * evaluation.errors["mmd2"]


def test_constants_are_those_of_the_target():
    """Of N(0, I) in two dimensions: the median distance is sqrt(4 log 2), the mean squared one 4."""
    before = scales(gaussian())
    judge(gaussian(), drawn(1_000 * iid(200)))
    assert scales(gaussian()) is before
    assert before.bandwidth == pytest.approx(np.sqrt(4 * np.log(2)), rel=0.03)
    assert before.epsilon == pytest.approx(0.04, rel=0.03)
    np.testing.assert_allclose(before.sd, 1, rtol=0.03)
    far = [judge(gaussian(), drawn(scale * iid(200))).metrics["mmd2"] for scale in (1e3, 1e6)]
    assert far[0] == pytest.approx(far[1], rel=1e-3)  # a bandwidth that grew would bring them near


def test_thinning_is_even_and_exact():
    points = thinned(Points(np.arange(10.0)[:, None], np.append(np.full(9, 1 / 9), 0)), 3)
    assert list(points.x[:, 0]) == [0, 4, 8]
    assert np.sum(points.weights) == pytest.approx(1)


def test_sinkhorn_uses_the_epsilon_it_was_asked_for():
    pytest.importorskip("ott")
    x, weights, y = cloud(50)
    for factor in (1.0, 10.0):
        one = sinkhorn.solve(factor * x, weights, y, even(57), 0.5, False)
        assert one.converged
        assert one.epsilon == pytest.approx(0.5)


def entropic(x, a, y, b, epsilon):
    """Plain log-domain iterations in double precision, 2,000 of them: the cost with its entropy."""
    squares, f, g = cdist(x, y, "sqeuclidean"), np.zeros(len(x)), np.zeros(len(y))
    for _ in range(2_000):
        f = -epsilon * np.log(np.exp((g - squares) / epsilon) @ b)
        g = -epsilon * np.log(np.exp((f[:, None] - squares) / epsilon).T @ a)
    return a @ f + b @ g


def test_sinkhorn_equals_plain_iterations(monkeypatch):
    pytest.importorskip("ott")
    x, a, y = cloud(30)
    b = even(37)
    within = entropic(x, a, x, a, 0.5) + entropic(y, b, y, b, 0.5)
    expected = entropic(x, a, y, b, 0.5) - within / 2
    assert sinkhorn.sinkhorn(x, a, y, 0.5) == pytest.approx(expected, rel=0.01)
    monkeypatch.setattr(sinkhorn, "solve", lambda *_: sinkhorn.Solved(1.0, False, 0.5))
    assert math.isnan(sinkhorn.sinkhorn(x, a, y, 0.5))
    monkeypatch.setattr(sinkhorn, "solve", lambda *_: sinkhorn.Solved(1.0, True, 0.05))
    assert math.isnan(sinkhorn.sinkhorn(x, a, y, 0.5))


def test_classifier_tells_laws_apart_and_heeds_weights():
    """Shift 1 in one dimension: Bayes' accuracy is Phi(1/2) = 0.691; weights repair a wrong law."""
    pytest.importorskip("sklearn")
    x, y = iid(1_000, 1, 1)[:, 0], iid(1_000, 1, 2)[:, 0]
    assert classifier.c2st(x, even(1_000), y, 3) == pytest.approx(0.5, abs=0.06)
    assert classifier.c2st(x + 1, even(1_000), y, 3) == pytest.approx(0.691, abs=0.06)
    log_weights = -(x[:, 0] + 1)
    weights = np.exp(log_weights) / np.sum(np.exp(log_weights))
    assert classifier.c2st(x + 1, weights, y, 3) == pytest.approx(0.5, abs=0.08)


def test_costly_distances_are_asked_for_and_need_the_extra(monkeypatch):
    target, draws = LINEAR["linear-gaussian-4-a"](), drawn(iid(200, 4))
    monkeypatch.setattr("bridgemark.benchmarks.scores.distances.PAIRED", 200)
    assert "sinkhorn" not in judge(target, draws).metrics
    few = costly(target, Points(iid(199, 4)[:, 0], even(199)), KEY)
    assert few == {"sinkhorn": None, "c2st": None}
    for module in (sinkhorn, classifier):
        monkeypatch.setattr(module, "installed", lambda: False)
    asked = evaluate(target, draws, 1, 1, 1.0, 1.0, KEY, with_costly=True)
    assert asked.metrics["sinkhorn"] is asked.metrics["c2st"] is asked.floors["sinkhorn"] is None


def test_costly_distances_of_a_posterior(monkeypatch):
    pytest.importorskip("ott")
    pytest.importorskip("sklearn")
    monkeypatch.setattr("bridgemark.benchmarks.scores.distances.PAIRED", 500)
    target = LINEAR["linear-gaussian-4-a"]()
    x = np.asarray(target.sample(jax.random.key(1), 500), float)
    exact = costly(target, Points(x, even(500)), KEY)
    assert exact["c2st"] == pytest.approx(0.5, abs=0.1)
    shifted = costly(target, Points(x + scales(target).sd, even(500)), KEY)
    assert shifted["c2st"] > exact["c2st"] + 0.1
    assert shifted["sinkhorn"] > 3 * exact["sinkhorn"]
    lost = costly(target, Points(np.where(np.arange(4) == 3, np.nan, x), even(500)), KEY)
    assert all(math.isnan(value) for value in lost.values())
    assert (
        costly(
            dataclasses.replace(target, density=dataclasses.replace(target.density, joint=None)),
            Points(x, even(500)),
            KEY,
        )["c2st"]
        is None
    )
