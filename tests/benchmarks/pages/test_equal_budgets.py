"""The section at equal budgets and tables/curves.csv, from made-up rows with a budget."""

import math

import numpy as np
import pandas as pd
import pytest

from bridgemark.benchmarks.analysis import curves
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.pages import equal_budgets, leaderboard
from bridgemark.benchmarks.rows.results import Results

from support.synthetic_rows import failed, rows, spending, spent_row


def section_of(stored) -> str:
    curve_rows = curves.curve_rows(row_table(stored))
    return equal_budgets.section(curve_rows, curves.points(curve_rows))


@pytest.mark.parametrize(
    ("cost", "low", "high", "covers", "text"),
    [
        (1e4, 100, math.inf, False, "1e4 (100 – > 1e5)"),
        (1e4, 100, math.inf, True, "1e4 [100, > 1e5]"),
        (math.inf, math.inf, math.inf, False, "> 1e5"),
        (1e4, math.nan, math.nan, False, "1e4"),
        (1e4, 1e4, 1e4, False, "1e4"),
    ],
)
def test_text_of_a_cost(cost, low, high, covers, text):
    line = {"cost": cost, "cost.low": low, "cost.high": high, "covers": covers, "largest": 1e5}
    assert equal_budgets.cost_text(line | {"at_once": False}) == text
    assert equal_budgets.cost_text(line | {"at_once": True}) == f"≤ {text}"


def test_the_section(tmp_path):
    leaderboard.write(row_table(spending()), Results((tmp_path,)), tmp_path)
    section = section_of(spending())
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
    assert " inf" not in section.split("`inf` is a failure")[1]
    table = pd.read_csv(tmp_path / "tables/curves.csv")
    assert set(table["budget_unit"]) == {"gradients", "seconds"}
    lost = table.query("sampler == 'bridge' and target == 'funnel-10' and budget == 1e7")
    assert np.isinf(lost["value"]).all()
    assert not (tmp_path / "figures").exists()


def test_the_section_of_failures_and_of_the_unsupported():
    lost = failed("timeout", budget=1e4, budget_unit="gradients")
    assert "failed" in section_of([spent_row(1e3, 0.1), lost])
    assert "unsupported: a" in section_of([failed("unsupported", budget=1e4, budget_unit="gradients")])


def test_no_budget_no_section():
    assert section_of(rows()) == ""
    assert section_of([]) == ""


def test_a_page_of_budgets_alone_has_its_figures(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "curves_gradients.png").touch()
    table = row_table([spent_row(1e4, 0.1), spent_row(1e5, 0.001)])
    page = leaderboard.write(table, Results((tmp_path,)), tmp_path).read_text()
    assert "(figures/curves_gradients.png)" in page


def test_the_table_of_budgets_goes_with_the_last_of_their_rows(tmp_path):
    path = tmp_path / "tables" / "curves.csv"
    leaderboard.write(row_table([spent_row(1e4, 0.1), spent_row(1e5, 0.001)]), Results((tmp_path,)), tmp_path)
    assert path.is_file()
    leaderboard.write(row_table(rows()), Results((tmp_path,)), tmp_path)
    assert not path.exists()
