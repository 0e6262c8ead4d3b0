"""Curves of rows with a budget: medians, failures, the cost of a threshold, the page and the figures."""

import math
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from bridgemark.benchmarks.analysis import curves, ranks, tables
from bridgemark.benchmarks.analysis.compare import compare
from bridgemark.benchmarks.analysis.curves import Goal
from bridgemark.benchmarks.drawing import curve_figures, figures
from bridgemark.benchmarks.pages import equal_budgets, leaderboard
from bridgemark.benchmarks.rows.cost import Cost, spent
from bridgemark.benchmarks.rows.store import Store

from support.synthetic_rows import TARGETS, failed, fill, row, rows, spending

BIAS, LOG_Z = curves.GOALS
BUDGETS = (1e2, 1e3, 1e4, 1e5)


def made(budget, value, seed=0, sampler="smc", unit="gradients", metric="bias2_x_max", cost=None, **changes):
    """An ok row that spent its budget, or `cost`."""
    whole = budget if cost is None else cost
    return row(
        sampler,
        seed=seed,
        budget=budget,
        budget_unit=unit,
        metrics={metric: value},
        fit_seconds=0.5 * whole,
        sample_seconds=0.5 * whole,
        fit_evals=Cost(values=3 * int(whole // 4), gradients=int(whole // 4), simulations=0),
        sample_evals=Cost(values=0, gradients=int(whole // 2), simulations=0),
        **changes,
    )


def curve(*values, seed=0, **kinds):
    """A row a budget; None: it failed."""
    return [
        failed(seed=seed, sampler=kinds.get("sampler", "smc"), budget=budget, budget_unit="gradients")
        if value is None
        else made(budget, value, seed, **kinds)
        for budget, value in zip(BUDGETS, values, strict=False)
    ]


def prepared(records):
    return curves.prepared(tables.frame(records))


def points(records, metric="bias2_x_max"):
    found = curves.points(prepared(records))
    return found.loc[found["metric"] == metric]


def goal(records, which=BIAS):
    found = curves.reached(prepared(records), which)
    assert len(found) == 1
    return found.iloc[0]


def test_the_rate_of_exchange():
    fit = Cost(values=3, gradients=10, simulations=6)
    assert spent(fit, Cost(values=0, gradients=5, simulations=0)) == pytest.approx(18)
    table = tables.frame([made(400, 0.1), failed(seed=1)])
    assert table["spent"][0] == pytest.approx(100 + 300 / 3 + 200)
    assert table["spent_seconds"][0] == 400
    assert table["spent"][1] is None


def test_medians_against_what_was_spent():
    seeds = [made(1e4, value, seed, cost=8_000 + 400 * seed) for seed, value in enumerate((0.1, 0.4, 0.2))]
    (line,) = points(seeds).to_dict("records")
    assert (line["value"], line["value.low"], line["value.high"]) == (0.2, 0.1, 0.4)
    assert (line["spent"], line["spent.low"], line["spent.high"]) == (8_400, 8_000, 8_800)
    assert (line["covers"], line["seeds"], line["failed"], line["floor"]) == (False, 3, 0, 2e-4)


@pytest.mark.parametrize(
    ("seeds", "low", "high", "covers"), [(5, 0, 4, False), (8, 0, 7, True), (9, 1, 7, True)]
)
def test_ranges_of_few_seeds_and_intervals_of_more(seeds, low, high, covers):
    """Of 8 seeds only the extremes cover at 95 %, of 9 the second from each end does."""
    (line,) = points([made(1e4, 1.0 + seed, seed) for seed in range(seeds)]).to_dict("records")
    assert (line["value.low"], line["value.high"], line["covers"]) == (1.0 + low, 1.0 + high, covers)


def test_failures_are_worst_and_unsupported_is_no_curve():
    lost = [failed(seed=seed, budget=1e4, budget_unit="gradients") for seed in (2, 3)]
    (line,) = points([made(1e4, 0.1), made(1e4, 0.2, 1), *lost]).to_dict("records")
    assert (line["value"], line["value.low"], line["value.high"]) == (math.inf, 0.1, math.inf)
    assert (line["seeds"], line["failed"]) == (4, 2)
    nan = points([made(1e4, 0.1), made(1e4, math.nan, 1), made(1e4, 0.3, 2)])
    assert (nan["value"].item(), nan["value.high"].item()) == (0.3, math.inf)
    never = failed("unsupported", sampler="hmc", budget=1e4, budget_unit="gradients")
    assert set(points([made(1e4, 0.1), never])["sampler"]) == {"smc"}


def test_a_metric_without_meaning_has_no_curve_not_even_of_failures():
    chain = [
        made(1e4, None, sampler="nuts"),
        failed(sampler="nuts", seed=1, budget=1e4, budget_unit="gradients"),
    ]
    assert set(points([*chain, made(1e4, 0.1)])["sampler"]) == {"smc"}


def test_failures_without_a_device_stay_with_the_others():
    """At the largest budget every seed of every sampler failed, and knows no device."""
    lost = [failed(sampler=name, budget=1e5, budget_unit="gradients") for name in ("smc", "nuts")]
    found = points([made(1e4, 0.1), made(1e4, 0.2, sampler="nuts"), *lost])
    assert set(found["label"]) == {"gmm9"}
    assert list(found["value"]) == [0.2, math.inf, 0.1, math.inf]


def test_reached_is_for_good():
    """It dips below at 1e3 and rises again: reached only from 1e5 on."""
    line = goal(curve(0.1, 0.001, 0.1, 0.001))
    assert (line["cost"], line["largest"], line["at_once"]) == (1e5, 1e5, False)
    assert goal(curve(0.1, 0.009, 0.005, 0.001))["cost"] == 1e3
    assert goal(curve(0.1, 0.01, 0.005, 0.001))["cost"] == 1e4  # at the threshold is not below


def test_not_reached_is_censored_at_what_was_spent():
    line = goal(curve(0.1, 0.001, 0.001, 0.1))
    assert (line["cost"], line["largest"]) == (math.inf, 1e5)
    assert equal_budgets.text_of_reached(line) == "> 1e5"
    short = goal([*curve(0.1, 0.1, 0.1), made(1e5, 0.1, cost=40_000)])
    assert equal_budgets.text_of_reached(short) == "> 4e4"
    lost = goal(curve(0.001, 0.001, 0.001, None))
    assert equal_budgets.text_of_reached(lost) == "> 1e5"  # a failure spent its budget


def test_the_smallest_budget_suffices():
    line = goal(curve(0.001, 0.001))
    assert (line["cost"], line["at_once"]) == (1e2, True)
    assert equal_budgets.text_of_reached(line) == "≤ 100"


def test_the_ends_are_of_seeds_alone():
    """Reached at 1e2, 1e3, 1e4, 1e4 and never; the median stays below from 1e4 on."""
    last = {0: 0, 1: 1, 2: 2, 3: 2, 4: 9}
    seeds = [one for seed, at in last.items() for one in curve(*(0.1,) * at, *(0.001,) * 4, seed=seed)]
    line = goal(seeds)
    assert (line["cost"], line["low"], line["high"], line["covers"]) == (1e4, 1e2, math.inf, False)
    assert equal_budgets.text_of_reached(line) == "1e4 (100 – > 1e5)"
    more = [one for seed in range(5, 8) for one in curve(0.1, 0.1, 0.001, 0.001, seed=seed)]
    line = goal([*seeds, *more])
    assert (line["cost"], line["covers"]) == (1e4, True)
    assert equal_budgets.text_of_reached(line) == "1e4 [100, > 1e5]"


def test_a_seed_that_was_not_run_to_the_end_is_no_end():
    line = goal([*curve(0.1, 0.1, 0.001, 0.001), *curve(0.001, 0.001, seed=1)])
    assert (line["low"], line["high"]) == (1e4, 1e4)


def test_seconds_to_log_z():
    made_rows = [
        made(budget, value, unit="seconds", metric="log_z_error") for budget, value in ((1, -0.2), (5, -0.05))
    ]
    line = goal(made_rows, LOG_Z)
    assert (line["cost"], line["budget_unit"]) == (5, "seconds")
    assert not len(curves.reached(prepared(made_rows), BIAS))
    assert not len(curves.reached(prepared(made_rows), Goal("seconds", "unheard_of", 1)))


def test_an_edit_supersedes_the_whole_curve():
    new = made(1e3, 0.5, source="ed17ed", started="2031-01-01T00:00:00+00:00")
    assert list(points([*curve(0.1, 0.1, 0.1), new])["budget"]) == [1e3]


def test_rows_with_a_budget_stay_apart(tmp_path):
    """They change no table, rank, comparison or page of the others but for what counts all rows."""
    both, alone = [*rows(), *spending(2)], rows()
    assert leaderboard.overview(both) == leaderboard.overview(alone)
    of_both, of_alone = (ranks.blocks(tables.frame(some), "bias2_x_max") for some in (both, alone))
    assert of_both.keys() == of_alone.keys()
    page = leaderboard.write(both, tmp_path).read_text()
    old = leaderboard.write(alone, tmp_path).read_text()
    for target in TARGETS:
        assert old.split(f"## {target}\n")[1].split("\n## ")[0] in page
    assert "At equal budgets" not in old


def test_budgets_are_compared_apart():
    found = compare(spending(2), spending(2))
    assert (len(found.cells), len(found.changed)) == (5 * 3 * 4 * 2, 0)
    assert (len(found.only_a), len(found.only_b)) == (0, 0)
    assert len(compare(spending(2), rows()).only_a) == 5 * 3 * 4 * 2


def test_the_section(tmp_path):
    page = leaderboard.write(spending(), tmp_path).read_text()
    section = page.split("## At equal budgets")[1]
    for part in (
        "### funnel-10 at equal budgets",
        "gradients to bias² of x < 0.01",
        "seconds to \\|log Z error\\| < 0.1",
        "bias² of x at 1e7",
        "- nuts for 1e7 gradients: 5 of 5 seeds missed it, such as seed ",
        ": its chains end at 3e5",
        "- bridge for 1e7 gradients: timeout: timeout: a &lt; b \\| c",
        "failed",
        "> 1e7",
    ):
        assert part in section
    assert " inf" not in section.split("`inf` is a failure")[1].split("## What")[0]
    table = pd.read_csv(tmp_path / "tables/curves.csv")
    assert set(table["budget_unit"]) == {"gradients", "seconds"}
    assert np.isinf(
        table.query("sampler == 'bridge' and target == 'funnel-10' and budget == 1e7")["value"]
    ).all()
    assert not (tmp_path / "figures").exists()


def test_the_section_of_failures_and_of_the_unsupported(tmp_path):
    lost = [
        failed(status, budget=1e4, budget_unit="gradients", seed=0) for status in ("timeout", "unsupported")
    ]
    assert "failed" in equal_budgets.write(tables.frame([made(1e3, 0.1), lost[0]]), tmp_path)
    assert "unsupported: a" in equal_budgets.write(tables.frame([lost[1]]), tmp_path)
    assert equal_budgets.write(tables.frame(rows()), tmp_path) == ""
    assert equal_budgets.write(tables.frame([]), tmp_path) == ""


@pytest.fixture
def drawn(monkeypatch):
    """Figures by file name, kept open for inspection."""
    seen = {}

    def keep(figure, path):
        seen[path.name] = figure
        figure.savefig(path, dpi=20)
        return path

    monkeypatch.setattr(curve_figures, "save", keep)
    yield seen
    plt.close("all")


def test_figures_of_both_units(tmp_path, drawn):
    found = curves.points(prepared(spending()))
    paths = curve_figures.write(found, tmp_path)
    assert [path.name for path in paths] == ["curves_gradients.png", "curves_seconds.png"]
    axes = drawn["curves_gradients.png"].axes
    assert len(axes) == 3 * 5
    crosses = [line for line in axes[10].lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert [(list(line.get_xdata()), line.get_markersize()) for line in crosses] == [([1e7], 8)]


def test_no_budget_no_figure(tmp_path):
    assert curve_figures.write(curves.points(prepared(rows())), tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_budgets_alone_have_their_figures_and_page(tmp_path, drawn):
    store = fill(Store(tmp_path / "store"), [made(1e4, 0.1), made(1e5, 0.001)])
    assert [path.name for path in figures.write(store, tmp_path)] == ["curves_gradients.png"]
    page = leaderboard.write(store.read_all(), tmp_path).read_text()
    assert "(figures/curves_gradients.png)" in page
    assert leaderboard.overview(store.read_all())


PROGRAM = """
import time
from dataclasses import replace
from support.synthetic_rows import spending
from bridgemark.benchmarks.analysis import curves, tables

kinds = spending(10)
records = [
    replace(kind, target=f"{kind.target}-{copy}", metrics=dict(kind.metrics))
    for copy in range(30_000 // len(kinds) + 1)
    for kind in kinds
]
table = tables.frame(records)
start = time.process_time()
rows = curves.prepared(table)
found = curves.points(rows)
reached = [curves.reached(rows, goal) for goal in curves.GOALS]
print(len(records), time.process_time() - start)
"""


@pytest.mark.slow
def test_thirty_thousand_rows():
    """Processor seconds, which a busy machine does not stretch."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=Path(__file__).resolve().parents[2], check=True
    )
    count, seconds = map(float, done.stdout.split())
    assert count >= 30_000
    assert seconds < 2
