"""Two sets of results: nothing changed, one thing changed, and by what; against scipy and by simulation."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bridgemark.benchmarks.analysis.compare import compare
from bridgemark.benchmarks.analysis.statistics import Moments, holm, welch
from bridgemark.benchmarks.rows.cost import Cost

from support.synthetic_rows import SAMPLERS, failed, row, rows, spending


def cell(sampler="smc", target="gmm9", first=0, n=5, shift=0.0, seconds=1.0, **changes):
    """n seeds around a bias of 1 %, shifted on the log scale; other draws for another `first`."""
    noise = np.random.default_rng([SAMPLERS.index(sampler), len(target), first])
    bias = 0.01 * np.exp(0.3 * noise.normal(size=n) + shift)
    return [
        row(
            sampler,
            target,
            seed,
            metrics={"bias2_x_max": float(bias[seed])},
            fit_seconds=seconds * (1 + 0.01 * seed),
            sample_seconds=1.0,
            fit_evals=Cost(values=0, gradients=100, simulations=0),
            sample_evals=Cost(values=0, gradients=5, simulations=0),
            **changes,
        )
        for seed in range(n)
    ]


def only(comparison):
    assert len(comparison.cells) == 1
    return comparison.cells.iloc[0]


def test_a_set_is_itself_bit_for_bit():
    comparison = compare(rows(), rows())
    assert (len(comparison.cells), len(comparison.changed)) == (15, 0)
    with_ok = comparison.cells[comparison.cells["ok_a"] > 0]
    assert list(with_ok["equal"]) == list(with_ok["paired"]) == list(with_ok["ok_a"])
    assert len(comparison.only_a) == len(comparison.only_b) == len(comparison.incomparable) == 0


def test_other_draws_of_the_same_law_are_noise_and_not_bits():
    line = only(compare(cell(), cell(first=1)))
    assert (line["changed"], line["times"], line["paired"], line["equal"]) == ("", "", 5, 0)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"source": "ed17ed"}, "sampler"),
        ({"config": "SMC(steps=1)"}, "sampler"),
        ({"versions": {"jax": "9", "python": "3.11"}}, "environment"),
        ({"versions": {"jax": "0.10.2", "python": "3.11", "new": "1"}}, "unexplained"),
        ({"device": "H100"}, "environment"),
        ({"source": "ed17ed", "cores": 4}, "sampler and environment"),
        ({}, "unexplained"),
    ],
    ids=str,
)
def test_a_change_and_its_cause(changes, cause):
    line = only(compare(cell(), cell(first=1, shift=3.0, **changes)))
    assert (line["changed"], line["cause"]) == ("bias2_x_max", cause)


def test_a_count_without_noise_that_moves_by_one_has_changed():
    more = Cost(values=0, gradients=6, simulations=0)
    assert only(compare(cell(), [replace(stored, sample_evals=more) for stored in cell()]))["changed"] == (
        "gradients"
    )


def test_seconds_need_both_the_ratio_and_disjoint_ranges():
    assert only(compare(cell(), cell(seconds=2.0)))["times"] == "fit_seconds"
    assert only(compare(cell(), cell(seconds=2.0), tolerance=3.0))["times"] == ""
    overlapping = [replace(stored, fit_seconds=9.0 if stored.seed > 1 else 1.0) for stored in cell()]
    assert only(compare(cell(), overlapping))["times"] == ""


def test_a_cell_that_fails_now_has_changed_and_names_no_unknown_device():
    lost = [failed("timeout", seed=seed) for seed in range(5)]
    line = only(compare(cell(), lost))
    assert (line["changed"], line["cause"]) == ("ok", "unexplained")
    assert len(compare(lost, lost).changed) == 0
    assert only(compare(cell(), [*cell()[:4], lost[4]]))["changed"] == ""


def test_a_number_that_is_finite_nowhere_any_more_has_changed():
    lost = [replace(stored, metrics={"bias2_x_max": math.nan}) for stored in cell()]
    assert only(compare(cell(), lost))["changed"] == "bias2_x_max"


def test_one_sided_cells_and_changed_densities_are_listed_apart():
    a = [*cell(), *cell("nuts"), *cell("dds")]
    b = [*cell(fingerprint="other"), *cell("hmc"), *cell("dds", target_version=2)]
    comparison = compare(a, b)
    assert len(comparison.cells) == 0
    assert list(comparison.only_a["sampler"]) == ["nuts"]
    assert list(comparison.only_b["sampler"]) == ["hmc"]
    assert list(comparison.incomparable["sampler"]) == ["dds", "smc"]
    assert list(comparison.incomparable["fingerprint_b"])[1] == "other"


def test_budgets_are_compared_apart():
    comparison = compare(spending(2), spending(2))
    assert (len(comparison.cells), len(comparison.changed)) == (5 * 3 * 4 * 2, 0)
    assert (len(comparison.only_a), len(comparison.only_b)) == (0, 0)
    assert len(compare(spending(2), rows()).only_a) == 5 * 3 * 4 * 2


def test_a_single_seed_is_not_tested():
    assert only(compare(cell(n=1), cell(n=1, shift=9.0)))["changed"] == ""


def test_welch_is_scipys():
    noise = np.random.default_rng(0)
    a, b = noise.normal(size=(5, 3)), noise.normal(1.0, 3.0, size=(7, 3))
    moments = [Moments(x.mean(axis=0), x.std(axis=0, ddof=1), np.full(3, len(x))) for x in (a, b)]
    np.testing.assert_allclose(welch(*moments), stats.ttest_ind(a, b, equal_var=False).pvalue, rtol=1e-10)


def test_holm_by_hand():
    adjusted = holm(np.array([[0.01, 0.04], [math.nan, 0.03]]))
    np.testing.assert_allclose(adjusted, [[0.03, 0.06], [math.nan, 0.06]])


@pytest.mark.slow
@pytest.mark.parametrize("law", ["normal", "lognormal", "standard_cauchy", "exponential"])
def test_the_false_alarm_rate_of_a_whole_comparison(law):
    """200 comparisons of 5 against 5 seeds, nothing changed, 4000 times: below 1 % and 2 standard errors."""
    noise, times = np.random.default_rng(0), 4_000
    x = getattr(noise, law)(size=(2, times, 200, 5))
    sides = [
        Moments(seeds.mean(axis=-1), seeds.std(axis=-1, ddof=1), np.full(seeds.shape[:-1], 5)) for seeds in x
    ]
    alarms = np.mean([np.nanmin(holm(p)) < 0.01 for p in welch(*sides)])
    assert alarms <= 0.01 + 2 * math.sqrt(0.01 * 0.99 / times)
