"""Metrics against hand-worked cases, linear programming, SciPy and ArviZ."""

import math
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.stats import wasserstein_distance

from bridgemark.benchmarks.scores import diagnostics, transport
from bridgemark.benchmarks.scores.weighted_sample import WeightedSample
from bridgemark.targets.base import About, Statistic

from support.scored import autoregressive, draws_of, evaluated, gaussian, normal

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import arviz as az


def test_hand_worked_weights():
    """Points -1, 0, 2 with weights 1/6, 2/6, 3/6 (of Z = 2): every number by hand."""
    draws = draws_of([[[-1.0]], [[0.0]], [[2.0]]], np.log([[1.0], [2.0], [3.0]]))
    metrics = evaluated(gaussian(1), draws).metrics
    kish = 36 / 14
    expected = {
        "log_z": math.log(2),
        "log_z_error": math.log(2),
        "elbo": math.log(6) / 3,
        "elbo_gap": -math.log(6) / 3,
        "importance_ess": kish,
        "importance_ess_fraction": kish / 3,
        "ess_per_gradient": kish / 400,
        "ess_per_sample_gradient": kish / 100,
        "ess_per_second": kish / 4,
        "bias2_x_max": (5 / 6) ** 2,
        "bias2_x_mean": (5 / 6) ** 2,
        "bias2_x2_max": (13 / 6 - 1) ** 2 / 2,
        "mode_tv": 0.0,
        "mode_coverage": 1.0,
        "modes_found": 2.0,
        "nan_fraction": 0.0,
    }
    for name, value in expected.items():
        assert metrics[name] == pytest.approx(value, abs=1e-12), name


def test_delta_method_errors():
    evaluation = evaluated(gaussian(1), draws_of([[[-1.0]], [[0.0]], [[2.0]]], np.log([[1.0], [2.0], [3.0]])))
    relative = np.array([1.0, 2.0, 3.0]) / 2
    assert evaluation.errors["log_z"] == pytest.approx(np.std(relative, ddof=1) / np.sqrt(3))
    assert evaluation.errors["elbo"] == pytest.approx(np.std(np.log([1, 2, 3]), ddof=1) / np.sqrt(3))
    assert evaluation.errors["log_z_truth"] == 0.003
    assert evaluation.errors["bias2_x_max"] == pytest.approx(1e-4)
    assert evaluation.errors["bias2_x2_max"] == pytest.approx(1e-4 / 2)


def test_delta_method_error_is_the_spread_of_repeats():
    """Log-normal weights; 200 repeats fix the spread to 5 %, so 25 % is a 5 sigma tolerance."""
    noise = np.random.default_rng(3).normal(size=(200, 2_000))
    estimates = [judge_log_z(0.5 * row) for row in noise]
    spread = np.std([value for value, _ in estimates])
    assert np.mean([error for _, error in estimates]) == pytest.approx(spread, rel=0.25)


def judge_log_z(log_weights: np.ndarray) -> tuple[float, float]:
    target = gaussian(1, exact=False, statistics=(), modes=None)
    evaluation = evaluated(target, draws_of(np.zeros((len(log_weights), 1, 1)), log_weights[:, None]))
    assert evaluation.metrics["log_z"] is not None
    assert evaluation.errors["log_z"] is not None
    return evaluation.metrics["log_z"], evaluation.errors["log_z"]


def test_elbo_is_below_log_z_whatever_the_weights():
    for scale in (1e-3, 1.0, 30.0):
        log_weights = scale * np.random.default_rng(0).normal(size=(500, 1)) - 1_000
        metrics = evaluated(gaussian(), draws_of(normal(500), log_weights)).metrics
        assert metrics["elbo"] <= metrics["log_z"]
        assert 1 <= metrics["importance_ess"] <= 500 + 1e-9


def test_equal_weights_are_no_weights():
    x = normal(400)
    weighted, plain = (
        evaluated(gaussian(), draws_of(x, np.full((400, 1), -7.0))).metrics,
        evaluated(gaussian(), draws_of(x)).metrics,
    )
    for name in ("bias2_x_max", "bias2_x2_mean", "mode_tv", "sliced_w2"):
        assert weighted[name] == pytest.approx(plain[name], rel=1e-9)
    assert weighted["log_z"] == pytest.approx(-7)
    assert plain["log_z"] is plain["elbo"] is plain["importance_ess"] is None


def test_resampled_runs_give_log_z_alone():
    """Particles of four runs: log Z is the log of the mean over runs, its error their spread."""
    log_z = np.log([0.5, 1.0, 1.0, 1.5])
    evaluation = evaluated(gaussian(), draws_of(normal(800).reshape(4, 200, 2), np.zeros((4, 200)), log_z))
    assert evaluation.metrics["log_z"] == pytest.approx(0.0, abs=1e-12)
    assert evaluation.errors["log_z"] == pytest.approx(np.std([0.5, 1.0, 1.0, 1.5], ddof=1) / 2)
    absent = (
        "elbo",
        "elbo_gap",
        "importance_ess",
        "ess_bulk_min",
        "r_hat_max",
        "ess_per_gradient",
        "ess_per_second",
    )
    assert all(evaluation.metrics[name] is None for name in absent)
    assert evaluation.errors["elbo"] is None
    alone = evaluated(gaussian(), draws_of(normal(200).reshape(1, 200, 2), np.zeros((1, 200)), [0.25]))
    assert alone.metrics["log_z"] == 0.25
    assert alone.errors["log_z"] is None


def test_weights_repair_a_wrong_proposal():
    """Draws of N(0, 4 I) weighted to N(0, I): within 5 standard errors, false alarm below 1e-5."""
    x = 2 * normal(10_000)
    log_weights = np.sum(-(x**2) / 2 + x**2 / 8, axis=2) + 2 * math.log(2)
    evaluation = evaluated(gaussian(), draws_of(x, log_weights))
    assert abs(evaluation.metrics["log_z_error"]) < 5 * evaluation.errors["log_z"]
    assert evaluation.metrics["bias2_x_max"] < 25 / evaluation.metrics["importance_ess"]
    assert evaluated(gaussian(), draws_of(x)).metrics["bias2_x2_max"] > 1


def test_exact_draws_score_the_floor():
    """n times a squared bias is chi-squared(1): above 25 once in 2e6. Sliced W2: 30 % off."""
    evaluation = evaluated(gaussian(), draws_of(normal(4_000)))
    for name in ("bias2_x_max", "bias2_x2_max"):
        assert evaluation.metrics[name] < 25 / 4_000
    assert evaluation.metrics["sliced_w2"] == pytest.approx(evaluation.floors["sliced_w2"], rel=0.3)
    assert evaluation.floors["bias2_x_mean"] == pytest.approx(1 / 4_000, rel=0.9)
    assert evaluation.floors["mode_tv"] < 5 / math.sqrt(4_000)


def test_floors_without_exact_draws():
    floors = evaluated(gaussian(exact=False), draws_of(normal(100))).floors
    assert floors == {"bias2_x_mean": 0.01, "bias2_x2_mean": 0.01, "bias2_x_max": None, "bias2_x2_max": None}


def test_missing_mode():
    x = np.abs(normal(1_000))
    metrics = evaluated(gaussian(), draws_of(x)).metrics
    assert metrics["mode_tv"] == pytest.approx(0.5)
    assert metrics["mode_coverage"] == pytest.approx(0, abs=1e-12)
    assert metrics["modes_found"] == 1


def test_unknown_truths():
    bare = gaussian(exact=False, log_z=None, statistics=(), modes=None)
    evaluation = evaluated(bare, draws_of(normal(50), np.zeros((50, 1))))
    assert evaluation.metrics["log_z"] == pytest.approx(0, abs=1e-12)
    assert (
        evaluation.metrics["log_z_error"]
        is evaluation.metrics["elbo_gap"]
        is evaluation.metrics["sliced_w2"]
        is None
    )
    assert evaluation.floors == {}
    heavy = gaussian(about=About("", "", finite_moment=1.5), name="test-heavy")
    assert evaluated(heavy, draws_of(normal(50))).metrics["sliced_w2"] is None


def test_constant_coordinates_have_no_bias():
    half = Statistic(
        "half", lambda x: jnp.stack([x[0], 1.0]), np.array([0.0, 1.0]), np.array([1.0, 0.0]), np.zeros(2)
    )
    none = Statistic("none", lambda x: jnp.ones(1), np.ones(1), np.zeros(1), np.zeros(1))
    metrics = evaluated(gaussian(statistics=(half, none), name="test-constant"), draws_of(normal(50))).metrics
    assert (
        metrics["bias2_half_max"]
        == metrics["bias2_half_mean"]
        == pytest.approx(np.mean(normal(50)[:, 0, 0]) ** 2)
    )
    assert "bias2_none_max" not in metrics


@pytest.mark.parametrize("where", ["x", "weight", "infinite weight"])
def test_what_is_not_finite_becomes_nan_and_is_counted(where):
    x, log_weights = normal(100), np.zeros((100, 1))
    if where == "x":
        x[3, 0, 1] = np.nan
    else:
        log_weights[3] = {"weight": np.nan, "infinite weight": np.inf}[where]
    metrics = evaluated(gaussian(), draws_of(x, log_weights)).metrics
    assert metrics["nan_fraction"] == 0.01
    assert math.isnan(metrics["bias2_x_max"])
    assert math.isnan(metrics["sliced_w2"])
    assert where == "x" or math.isnan(metrics["log_z"])


def test_a_point_of_weight_zero_may_be_nan():
    x, log_weights = normal(100), np.zeros((100, 1))
    x[3], log_weights[3] = np.nan, -np.inf
    metrics = evaluated(gaussian(), draws_of(x, log_weights)).metrics
    assert metrics["bias2_x_max"] == pytest.approx(np.max(np.mean(np.delete(normal(100), 3, 0), 0) ** 2))
    assert math.isfinite(metrics["sliced_w2"])
    assert metrics["nan_fraction"] == 0.01


def test_all_finite_otherwise():
    for draws in (
        draws_of(normal(300), normal(300)[:, :, 0]),
        draws_of(autoregressive(4, 100, 2)),
    ):
        evaluation = evaluated(gaussian(), draws)
        for values in (evaluation.metrics, evaluation.floors, evaluation.errors):
            assert all(
                type(value) is float and math.isfinite(value)
                for value in values.values()
                if value is not None
            )


def test_a_stuck_chain_has_no_effective_draws():
    x = autoregressive(4, 200, 3)
    assert evaluated(gaussian(3), draws_of(x)).metrics["ess_bulk_min"] > 50
    x[2, :, 1] = 0.3
    metrics = evaluated(gaussian(3), draws_of(x)).metrics
    assert metrics["ess_bulk_min"] == metrics["ess_x2_min"] == metrics["ess_per_gradient"] == 0
    x[:, :, 1] = 0.3
    assert evaluated(gaussian(3), draws_of(x)).metrics["ess_bulk_min"] == 0
    x[0, 0, 1] = np.nan
    assert evaluated(gaussian(3), draws_of(x)).metrics["ess_bulk_min"] == 0


@pytest.mark.parametrize("apart", [0.0, 1.0])
def test_r_hat_is_infinite_where_no_chain_moves(apart):
    """Whether they are at the same point or not, it does not show that chains agree."""
    x = autoregressive(4, 40, 2)
    x[:, :, 1] = apart * np.arange(4)[:, None]
    values = diagnostics.r_hat(x)
    assert np.isfinite(values[0])
    assert values[1] == np.inf


def test_a_draw_of_weight_zero_makes_the_elbo_minus_infinity():
    log_weights = np.zeros((20, 1))
    log_weights[3] = -np.inf
    metrics = evaluated(gaussian(), draws_of(normal(20).reshape(20, 1, 2), log_weights)).metrics
    assert metrics["elbo"] == -np.inf
    assert metrics["log_z"] == pytest.approx(np.log(19 / 20))


@pytest.mark.parametrize("length", [40, 500, 501])
def test_chain_diagnostics_equal_arviz(length):
    x = autoregressive(4, length, 3)
    x[0] += 0.5  # one chain off, so that R-hat has something to see
    x = np.round(x, 1)  # ties
    for coordinate in range(3):
        values = x[:, :, coordinate]
        assert diagnostics.ess_bulk(x)[coordinate] == pytest.approx(az.ess(values, method="bulk"), rel=1e-9)
        assert diagnostics.r_hat(x)[coordinate] == pytest.approx(az.rhat(values), rel=1e-9)


def test_weighted_transport_against_linear_programming():
    """The smallest cost of any plan with these marginals, by an independent solver."""
    noise = np.random.default_rng(1)
    x, y, weights = noise.normal(size=6), noise.normal(size=4), noise.dirichlet(np.ones(6))
    costs = (x[:, None] - y) ** 2
    rows, columns = np.kron(np.eye(6), np.ones(4)), np.kron(np.ones(6), np.eye(4))
    plan = linprog(
        costs.ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.concatenate([weights, np.full(4, 0.25)])
    )
    assert transport.squared_w2(x[None], weights, y[None])[0] == pytest.approx(plan.fun, rel=1e-9)


def test_transport_bounds_the_first_distance_and_equals_it_for_one_atom():
    noise = np.random.default_rng(2)
    x, y, weights = noise.normal(size=50), noise.normal(size=30), noise.dirichlet(np.ones(50))
    first = wasserstein_distance(x, y, u_weights=weights)
    assert np.sqrt(transport.squared_w2(x[None], weights, y[None])[0]) >= first
    apart = transport.squared_w2(np.array([[1.0]]), np.ones(1), np.array([[4.0, 4.0]]))[0]
    assert np.sqrt(apart) == wasserstein_distance([1.0], [4.0]) == 3


def sliced_w2(x, weights, y):
    dim = x.shape[1]
    return transport.projected_distances(WeightedSample(x, weights), y, np.ones(dim), np.eye(dim)).sliced


def test_sliced_transport_invariances():
    noise = np.random.default_rng(4)
    x, weights = noise.normal(size=(200, 5)), noise.dirichlet(np.ones(200))
    y = noise.normal(size=(150, 5))
    order, shift = noise.permutation(200), noise.normal(size=5)
    value = sliced_w2(x, weights, y)
    assert sliced_w2(x[order], weights[order], y) == pytest.approx(value)
    assert sliced_w2(x + shift, weights, y + shift) == pytest.approx(value)
    assert sliced_w2(3 * x, weights, 3 * y) == pytest.approx(3 * value)
    assert sliced_w2(y, np.full(150, 1 / 150), y[::-1]) == pytest.approx(0)
    doubled = sliced_w2(np.concatenate([x, x]), np.concatenate([weights, weights]) / 2, y)
    assert doubled == pytest.approx(value)


def test_sliced_transport_of_a_shift():
    """Every direction sees the shift's projection alone, of mean square |shift|^2 / dim over directions."""
    y, shift = np.random.default_rng(5).normal(size=(300, 3)), np.array([1.0, -2.0, 2.0])
    value = sliced_w2(y + shift, np.full(300, 1 / 300), y)
    assert value == pytest.approx(np.sqrt(np.mean((transport.directions(3) @ shift) ** 2)))
    assert value == pytest.approx(3 / np.sqrt(3), rel=0.2)


def test_key_moves_the_exact_draws_alone():
    x = normal(300)
    first, second = (evaluated(gaussian(), draws_of(x), jax.random.key(seed)) for seed in (1, 2))
    moved = {name for name, value in first.metrics.items() if value != second.metrics[name]}
    assert moved == {"sliced_w2", "max_sliced_w2", "marginal_w2_max", "mmd2"}
    assert first.floors == second.floors
