"""A finished cell in a few words: its seeds, scores and cost, on lines of 80 characters."""

import io
import math
from dataclasses import replace

import pytest
from rich.console import Console

from bridgemark.benchmarks.rows.cost import Cost
from bridgemark.benchmarks.sweep import progress
from bridgemark.benchmarks.sweep.outcome import phrases
from bridgemark.benchmarks.sweep.request import Cell

from support.stored_rows import HOSTILE_TEXTS
from support.synthetic_rows import failed, row


def scored(seed, **metrics):
    cost = Cost(values=0, gradients=10**7, simulations=0)
    return row(seed=seed, metrics=metrics, fit_evals=cost, sample_evals=replace(cost, gradients=0))


def test_scores_are_medians_over_the_seeds_that_are_ok():
    rows = [
        scored(seed, log_z=3.0, log_z_error=error, bias2_x_max=bias, importance_ess_fraction=share)
        for seed, (error, bias, share) in enumerate(
            ((0.012, 4.8e-4, 0.41), (0.5, 1.0, 0.2), (-1.0, 0.0, 0.9))
        )
    ]
    lost = failed("timeout", seed=3)
    assert phrases([*rows, lost], 12.3) == [
        "3 ok",
        "1 timeout (timeout: a < b | c)",
        "log Z error +0.012",
        "bias² 4.8e-4",
        "ESS 41 %",
        "1e7 gradients",
        "12 s",
    ]


def test_without_a_truth_log_z_itself_is_shown():
    texts = phrases([scored(0, log_z=-41.65, log_z_error=None)], 1.0)
    assert texts == ["1 ok", "log Z -41.65", "1e7 gradients", "1 s"]


@pytest.mark.parametrize(("error", "text"), [(-0.5, "-0.5"), (0.0, "0"), (math.inf, "inf")])
def test_errors_have_a_sign(error, text):
    shown = phrases([scored(0, log_z=1.0, log_z_error=error)], 1.0)[1]
    assert shown.removeprefix("log Z error ").removeprefix("+") == text


def test_chains_have_an_effective_sample_size_and_what_failed_is_left_out():
    texts = phrases([scored(0, ess_bulk_min=812.4, bias2_x_max=math.nan)], 400.0)
    assert texts == ["1 ok", "ESS 812", "1e7 gradients", "7 min"]


def test_a_cell_that_failed_says_why():
    rows = [failed("failed", seed=seed) for seed in range(3)]
    assert phrases(rows, 5.0) == ["3 failed (failed: a < b | c)", "5 s"]
    unsupported = replace(rows[0], status="unsupported", reason="x" * 300)
    assert len(phrases([unsupported], 5.0)[0]) < 100


def printed(cell, outcome, width):
    console = Console(file=io.StringIO(), width=width)
    cells = [cell] * 12
    with progress.create_display(cells, console) as display:
        display.cell_ended(cell, outcome, unreported=1)
    return console.file.getvalue().splitlines()


CELL = Cell((scored(0),))
OUTCOME = ["3 ok", "log Z error +0.012", "bias² 4.8e-4", "ESS 41 %", "1e7 gradients", "12 s"]


def test_a_wide_terminal_has_one_line_for_a_cell():
    (line,) = printed(CELL, OUTCOME, 120)
    assert line.startswith(
        "[ 1/12] smc x gmm9: 3 ok, log Z error +0.012, bias² 4.8e-4, ESS 41 %, 1e7 gradients, 12 s (about"
    )
    assert line.endswith(" left)")


def test_lines_are_broken_between_phrases_at_80_characters():
    lines = printed(CELL, OUTCOME, 80)
    assert len(lines) == 2
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("[ 1/12] smc x gmm9: 3 ok, log Z error +0.012,")
    assert lines[1].startswith(" " * len("[ 1/12] "))
    for phrase in OUTCOME:
        assert any(phrase in line for line in lines)


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: repr(text[:12]))
def test_reasons_are_text_on_short_lines(text):
    lost = replace(failed("failed"), reason=text)
    lines = printed(Cell((lost,)), phrases([lost], 1.0), 80)
    assert max(map(len, lines)) <= 80
    assert all(line.isprintable() for line in lines)
