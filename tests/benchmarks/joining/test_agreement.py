"""Two runs of a row: equal, within the noise of seeds or of draws, or different; rates by simulation."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bridgemark.benchmarks.joining.agreement import compare_runs
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.cost import Cost

from support.synthetic_rows import failed, row


def run(seed=0, bias=0.01, error=0.0, **changes):
    """A row with these numbers, and the gradients that each seed spends."""
    numbers = {"bias2_x_max": bias, "log_z_error": error, "ess_per_second": 17.0 + seed}
    return row(seed=seed, metrics=numbers, **spent(100), **changes)


def spent(gradients):
    none = Cost(values=0, gradients=0, simulations=0)
    return {"fit_evals": Cost(values=0, gradients=gradients, simulations=0), "sample_evals": none}


def cell(noise, n):
    """Runs with other seeds: normal errors, and biases that are normal as logarithms."""
    biases, errors = 0.01 * np.exp(noise.normal(size=n)), noise.normal(size=n)
    return [run(seed, float(biases[seed]), float(errors[seed])) for seed in range(n)]


def agreeing(agreement):
    return {number.name: number.agrees for number in agreement.numbers}


def test_what_says_when_and_where_a_row_ran_does_not_count():
    before = run(machine="old", load=0.1, started="2030-01-01", fit_seconds=1.0, sample_seconds=1.0)
    again = replace(before, identity="ab", machine="new", load=0.9, started=None, fit_seconds=5.0)
    again = replace(again, metrics={**before.metrics, "ess_per_second": 3.0}, peak_memory_mb=1.0)
    agreement = compare_runs(before, again)
    assert (agreement.verdict, agreement.agrees) == ("equal bit for bit", True)
    assert agreement.slowdown == 3.0


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": {"bias2_x_max": 0.01 * (1 + 1e-15), "log_z_error": 0.0}},
        {"floors": {}},
        {"errors": {"log_z": 0.02}},
        {"repeats": {"log_z": [1.0, 2.0]}},
        {"sample_evals": Cost(values=1, gradients=0, simulations=0)},
        {"true_log_z": 1.0},
    ],
)
def test_everything_that_was_computed_counts(changes):
    assert compare_runs(run(), run()).verdict == "equal bit for bit"
    assert compare_runs(run(), replace(run(), **changes)).verdict != "equal bit for bit"


def test_published_rows_are_compared_in_their_digits():
    again = run(bias=1 / 300, error=math.pi * 1e-7)
    before = replace(published.rounded(again), origin="sent in")
    assert before.metrics != again.metrics
    assert compare_runs(before, again).verdict == "equal in all published digits"
    assert compare_runs(replace(before, origin=None), again).verdict != "equal bit for bit"


def test_seeds_of_one_law_agree_but_for_the_stated_share():
    """1,000 cells of 4 other seeds; 5 standard errors above the level of 1 % are 2.57 %: one key in 10^6."""
    noise = np.random.default_rng(0)
    alarms = 0
    for _ in range(1_000):
        *seeds, again = cell(noise, 6)
        alarms += not compare_runs(seeds[0], replace(again, seed=0), seeds).agrees
    assert 0 < alarms < 0.0257 * 1_000


def test_levels_are_shared_by_the_rows_of_a_check():
    seeds = cell(np.random.default_rng(0), 5)
    alone, among = (compare_runs(seeds[0], seeds[1], seeds, checks).numbers for checks in (1, 10))
    for narrow, wide in zip(alone, among, strict=True):
        assert narrow.name == wide.name
        if narrow.name != "gradients":  # which all seeds share
            assert wide.expected.low < narrow.expected.low < narrow.expected.high < wide.expected.high


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"bias": 0.01 * math.exp(25)}, "bias2_x_max"),
        ({"bias": 0.01 * math.exp(-25)}, "bias2_x_max"),
        ({"error": 25.0}, "log_z_error"),
        ({"error": -25.0}, "log_z_error"),
    ],
)
def test_a_number_far_from_those_of_five_seeds_differs(changes, name):
    """Twenty-five standard deviations: with 3 degrees of freedom the interval ends near 12."""
    seeds = cell(np.random.default_rng(1), 5)
    agreement = compare_runs(seeds[0], run(**changes), seeds)
    assert (agreement.verdict, agreeing(agreement)[name]) == ("differs", False)
    assert agreement.other_seeds == 4


def test_a_wrong_row_does_not_excuse_itself():
    """It is far from its rerun and from the other seeds, whether it is among them or not."""
    *seeds, again = cell(np.random.default_rng(1), 6)
    wrong = run(error=-40.0)
    assert not compare_runs(wrong, replace(again, seed=0), [wrong, *seeds[1:]]).agrees


def test_rows_that_are_all_embellished_alike_do_not_excuse_each_other():
    seeds = [
        replace(seed, metrics={**seed.metrics, "bias2_x_max": 1e-9})
        for seed in cell(np.random.default_rng(1), 5)
    ]
    assert not compare_runs(seeds[0], run(), seeds).agrees


def test_a_count_that_all_seeds_share_must_be_met():
    seeds = cell(np.random.default_rng(1), 5)
    agreement = compare_runs(seeds[0], replace(seeds[1], seed=0, **spent(101)), seeds)
    assert agreeing(agreement) == {"log_z_error": True, "bias2_x_max": True, "gradients": False}
    assert not agreement.agrees


@pytest.mark.parametrize(
    "changes", [{"draws": 5}, {"source": "0"}, {"target_hash": "0"}, {"precision": "float64"}]
)
def test_rows_of_other_cells_say_nothing_of_its_noise(changes):
    seeds = cell(np.random.default_rng(1), 5)
    others = [replace(seed, **changes) for seed in seeds[1:]]
    agreement = compare_runs(seeds[0], seeds[1], others)
    assert agreement.other_seeds == 0
    assert {number.expected.basis for number in agreement.numbers} == {"nothing"}
    assert not agreement.agrees


def test_without_other_seeds_the_repeated_draws_show_some_noise():
    """Values 1, 2, 3 and 2, 3, 4: pooled variance 1 with 4 degrees of freedom; one number, level 1 %."""
    before = row(metrics={"log_z_error": 1.0}, repeats={"log_z_error": [1.0, 2.0, 3.0]}, fit_evals=None)
    again = replace(before, metrics={"log_z_error": 2.0}, repeats={"log_z_error": [2.0, 3.0, 4.0]})
    agreement = compare_runs(before, again)
    (number,) = agreement.numbers
    assert number.expected.basis == "draws"
    # 4.604 is the quantile of Student's distribution in printed tables: two-sided 1 %, 4 degrees of freedom.
    assert number.expected.low == pytest.approx(1 - 4.604 * math.sqrt(2), abs=1e-3)
    assert agreement.verdict == "within noise"
    far = replace(again, metrics={"log_z_error": 7.6})
    assert compare_runs(before, far).verdict == "differs"


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_no_number_must_be_the_same(value):
    seeds = cell(np.random.default_rng(1), 5)
    agreement = compare_runs(seeds[0], run(bias=value), seeds)
    assert agreeing(agreement)["bias2_x_max"] is False
    both = compare_runs(run(bias=value, error=0.5), run(bias=value), seeds)
    assert agreeing(both).get("bias2_x_max", True) is True


def test_rows_without_results_agree_in_their_status():
    later = replace(failed("timeout"), reason="later")
    assert compare_runs(failed("timeout"), later).verdict == "within noise"
    assert compare_runs(failed("timeout"), failed("failed")).verdict == "differs"
    assert compare_runs(run(), failed("timeout"), cell(np.random.default_rng(1), 5)).verdict == "differs"
