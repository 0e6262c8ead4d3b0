"""Curves of rows with a budget: medians, failures, and the cost of a threshold."""

import math
import subprocess
import sys

import pytest

from bridgemark.benchmarks.analysis import curves, ranks
from bridgemark.benchmarks.analysis.curves import Goal
from bridgemark.benchmarks.analysis.row_table import row_table

from support.project import ROOT
from support.synthetic_rows import failed, rows, spending, spent_row

BIAS, LOG_Z = curves.GOALS
BUDGETS = (1e2, 1e3, 1e4, 1e5)


def curve(*values, seed=0, **changes):
    """A row per budget; None: it failed."""
    stored = []
    for budget, value in zip(BUDGETS, values, strict=False):
        if value is None:
            sampler = changes.get("sampler", "smc")
            stored.append(failed(seed=seed, sampler=sampler, budget=budget, budget_unit="gradients"))
        else:
            stored.append(spent_row(budget, value, seed, **changes))
    return stored


def prepared(stored):
    return curves.curve_rows(row_table(stored))


def points(stored, metric="bias2_x_max"):
    table = curves.points(prepared(stored))
    return table.loc[table["metric"] == metric]


def cost_of(stored, goal=BIAS):
    table = curves.costs_to_reach(prepared(stored), goal)
    assert len(table) == 1
    return table.iloc[0]


def test_medians_against_what_was_spent():
    values = (0.1, 0.4, 0.2)
    stored = [spent_row(1e4, value, seed, cost=8_000 + 400 * seed) for seed, value in enumerate(values)]
    (point,) = points(stored).to_dict("records")
    assert (point["value"], point["value.low"], point["value.high"]) == (0.2, 0.1, 0.4)
    assert (point["spent"], point["spent.low"], point["spent.high"]) == (8_400, 8_000, 8_800)
    assert (point["covers"], point["seeds"], point["failed"], point["floor"]) == (False, 3, 0, 2e-4)


@pytest.mark.parametrize(
    ("seeds", "low", "high", "covers"), [(5, 0, 4, False), (8, 0, 7, True), (9, 1, 7, True)]
)
def test_ranges_of_few_seeds_and_intervals_of_more(seeds, low, high, covers):
    """Of 8 seeds only the extremes cover at 95 %, of 9 the second from each end does."""
    (point,) = points([spent_row(1e4, 1.0 + seed, seed) for seed in range(seeds)]).to_dict("records")
    assert (point["value.low"], point["value.high"], point["covers"]) == (1.0 + low, 1.0 + high, covers)


def test_failures_are_worst_and_unsupported_is_no_curve():
    lost = [failed(seed=seed, budget=1e4, budget_unit="gradients") for seed in (2, 3)]
    (point,) = points([spent_row(1e4, 0.1), spent_row(1e4, 0.2, 1), *lost]).to_dict("records")
    assert (point["value"], point["value.low"], point["value.high"]) == (math.inf, 0.1, math.inf)
    assert (point["seeds"], point["failed"]) == (4, 2)
    nan = points([spent_row(1e4, 0.1), spent_row(1e4, math.nan, 1), spent_row(1e4, 0.3, 2)])
    assert (nan["value"].item(), nan["value.high"].item()) == (0.3, math.inf)
    never = failed("unsupported", sampler="hmc", budget=1e4, budget_unit="gradients")
    assert set(points([spent_row(1e4, 0.1), never])["sampler"]) == {"smc"}


def test_a_metric_without_meaning_has_no_curve_not_even_of_failures():
    chain = [
        spent_row(1e4, None, sampler="nuts"),
        failed(sampler="nuts", seed=1, budget=1e4, budget_unit="gradients"),
    ]
    assert set(points([*chain, spent_row(1e4, 0.1)])["sampler"]) == {"smc"}


def test_a_sampler_that_was_handed_exact_draws_has_no_curve():
    exact = curve(1e-6, 1e-6, sampler="hmc", uses_exact_draws=True)
    assert set(points([*exact, *curve(0.1, 0.1)])["sampler"]) == {"smc"}
    assert len(curves.points(prepared(exact))) == 0
    assert len(curves.costs_to_reach(prepared(exact), BIAS)) == 0


def test_failures_without_a_device_stay_with_the_others():
    """At the largest budget every seed of every sampler failed, and its device is unknown."""
    lost = [failed(sampler=name, budget=1e5, budget_unit="gradients") for name in ("smc", "nuts")]
    table = points([spent_row(1e4, 0.1), spent_row(1e4, 0.2, sampler="nuts"), *lost])
    assert set(table["label"]) == {"gmm9"}
    assert list(table["value"]) == [0.2, math.inf, 0.1, math.inf]


def test_a_goal_is_reached_for_good():
    """The first curve dips below at 1e3 and rises again: it is reached only from 1e5 on."""
    line = cost_of(curve(0.1, 0.001, 0.1, 0.001))
    assert (line["cost"], line["largest"], line["at_once"]) == (1e5, 1e5, False)
    assert cost_of(curve(0.1, 0.009, 0.005, 0.001))["cost"] == 1e3
    assert cost_of(curve(0.1, 0.01, 0.005, 0.001))["cost"] == 1e4  # at the threshold is not below


def test_a_goal_that_is_not_reached_costs_more_than_what_was_spent():
    line = cost_of(curve(0.1, 0.001, 0.001, 0.1))
    assert (line["cost"], line["largest"]) == (math.inf, 1e5)
    short = cost_of([*curve(0.1, 0.1, 0.1), spent_row(1e5, 0.1, cost=40_000)])
    assert (short["cost"], short["largest"]) == (math.inf, 4e4)
    lost = cost_of(curve(0.001, 0.001, 0.001, None))
    assert (lost["cost"], lost["largest"]) == (math.inf, 1e5)  # a failure spent its budget


def test_points_are_in_order_of_cost_not_of_budget():
    """The larger budget was spent less: it comes first, and does not count as the last."""
    line = cost_of([spent_row(1e3, 0.1), spent_row(1e4, 0.001, cost=4e4), spent_row(1e5, 0.1, cost=2e4)])
    assert (line["cost"], line["largest"]) == (4e4, 4e4)


def test_the_smallest_budget_suffices():
    line = cost_of(curve(0.001, 0.001))
    assert (line["cost"], line["at_once"]) == (1e2, True)


def test_the_ends_are_those_of_seeds_judged_alone():
    """Five seeds reach it at 1e2, 1e3, 1e4, 1e4 and never; the median stays below from 1e4 on."""
    failures_before = {0: 0, 1: 1, 2: 2, 3: 2, 4: 4}
    few = []
    for seed, count in failures_before.items():
        few += curve(*[0.1] * count, *[0.001] * 4, seed=seed)
    line = cost_of(few)
    assert (line["cost"], line["cost.low"], line["cost.high"], line["covers"]) == (1e4, 1e2, math.inf, False)
    more = [stored for seed in range(5, 8) for stored in curve(0.1, 0.1, 0.001, 0.001, seed=seed)]
    line = cost_of([*few, *more])
    assert (line["cost"], line["cost.low"], line["cost.high"], line["covers"]) == (1e4, 1e2, math.inf, True)


def test_a_seed_that_was_not_run_to_the_end_is_no_end():
    line = cost_of([*curve(0.1, 0.1, 0.001, 0.001), *curve(0.001, 0.001, seed=1)])
    assert (line["cost.low"], line["cost.high"]) == (1e4, 1e4)
    line = cost_of([*curve(0.001), spent_row(1e3, 0.001, 1)])
    assert math.isnan(line["cost.low"])
    assert math.isnan(line["cost.high"])


def test_seconds_to_log_z():
    stored = [
        spent_row(1, -0.2, unit="seconds", metric="log_z_error"),
        spent_row(5, -0.05, unit="seconds", metric="log_z_error"),
    ]
    line = cost_of(stored, LOG_Z)
    assert (line["cost"], line["budget_unit"]) == (5, "seconds")
    assert not len(curves.costs_to_reach(prepared(stored), BIAS))
    assert not len(curves.costs_to_reach(prepared(stored), Goal("seconds", "unheard_of", 1)))


def test_an_edit_supersedes_the_whole_curve():
    new = spent_row(1e3, 0.5, source="ed17ed", started="2031-01-01T00:00:00+00:00")
    assert list(points([*curve(0.1, 0.1, 0.1), new])["budget"]) == [1e3]


def test_rows_with_a_budget_have_no_rank():
    with_budgets = ranks.blocks(row_table([*rows(), *spending(2)]))
    without = ranks.blocks(row_table(rows()))
    assert with_budgets.keys() == without.keys()
    for target, block in without.items():
        assert {name: list(values) for name, values in with_budgets[target].metric.items()} == {
            name: list(values) for name, values in block.metric.items()
        }


PROGRAM = """
import time
from dataclasses import replace
from support.synthetic_rows import spending
from bridgemark.benchmarks.analysis import curves
from bridgemark.benchmarks.analysis.row_table import row_table

kinds = spending(10)
stored = [
    replace(kind, target=f"{kind.target}-{copy}", metrics=dict(kind.metrics))
    for copy in range(30_000 // len(kinds) + 1)
    for kind in kinds
]
table = row_table(stored)
start = time.process_time()
rows = curves.curve_rows(table)
points = curves.points(rows)
costs = [curves.costs_to_reach(rows, goal) for goal in curves.GOALS]
print(len(stored), time.process_time() - start)
"""


@pytest.mark.slow
def test_thirty_thousand_rows():
    """Processor seconds, which a busy machine does not stretch."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT / "tests", check=True)
    count, seconds = map(float, done.stdout.split())
    assert count >= 30_000
    assert seconds < 2
