"""The tables of one target: entries of every column, groups, and what fills no column."""

import math
import re
from dataclasses import replace

import pytest

from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.pages import target_table
from bridgemark.benchmarks.pages.shown_rows import shown_rows

from support.synthetic_rows import failed, repeated, row, rows, with_metric


def section_of(stored, target="gmm9") -> str:
    shown = shown_rows(row_table(stored))
    return target_table.section([line for line in shown.rows if line["target"] == target], shown)


def tables_of(stored):
    """The tables of the section, each as a dictionary by sampler of entries by heading."""
    tables = []
    for text in re.findall(r"(?:^\|.*\n?)+", section_of(stored), re.MULTILINE):
        head, _, *lines = [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in text.splitlines()
        ]
        tables.append({line[0]: dict(zip(head[1:], line[1:], strict=True)) for line in lines})
    return tables


def test_the_cost_stands_beside_the_name():
    stored = row()
    entries = tables_of([stored])[0]["smc"]
    assert list(entries)[:3] == ["gradients", "seconds", "group"]
    seconds = stored.fit_seconds + stored.sample_seconds
    assert float(entries["seconds"]) == pytest.approx(seconds, rel=0.06)
    gradients = stored.fit_evals.gradients + stored.sample_evals.gradients
    assert float(entries["gradients"]) == pytest.approx(gradients, rel=0.06)


def test_seeds_have_a_column_only_where_they_are_not_alike():
    assert "seeds" not in tables_of(rows()[:3])[0]["hmc"]
    entries = tables_of([row(), row(seed=1), failed(sampler="hmc")])[0]
    assert (entries["smc"]["seeds"], entries["hmc"]["seeds"]) == ("2/2", "0/1")


@pytest.mark.parametrize(
    ("errors", "entry"),
    [((0.1, 0.3), "+0.2"), ((-0.1, -0.3), "-0.2"), ((-0.1, 0.3), "±0.2"), ((0.1, float("nan")), "nan")],
)
def test_the_error_of_log_z_has_the_sign_on_which_seeds_agree(errors, entry):
    stored = [with_metric(error, seed) for seed, error in enumerate(errors)]
    assert tables_of(stored)[0]["smc"]["log Z error"] == entry


@pytest.mark.parametrize(
    ("pareto_k", "marked"),
    [(1.2, True), (0.5, False), (-math.inf, False), (None, False), (math.nan, False)],
)
def test_heavy_tailed_weights_are_marked(pareto_k, marked):
    stored = with_metric(0.5, 0)
    stored = replace(stored, metrics={**stored.metrics, "pareto_k": pareto_k})
    assert tables_of([stored])[0]["smc"]["log Z error"] == "+0.5" + " †" * marked


@pytest.mark.parametrize(("seeds", "entry"), [(5, "[1, 5]"), (8, "[1, 8]"), (9, "[2, 8]")])
def test_a_median_has_its_ends(seeds, entry):
    stored = [with_metric(1.0 + seed, seed, "bias2_x_max") for seed in range(seeds)]
    assert tables_of(stored)[1]["smc"]["ends of bias² of x"] == entry


def test_a_score_has_its_floor():
    stored = [with_metric(0.5, 0, "bias2_x_max")]
    assert tables_of(stored)[0]["smc"]["bias² of x"] == "0.5 / 2e-4"


def test_components_of_the_variance_have_a_column_only_where_they_are_known():
    known = tables_of([repeated(0, 1.0, 3.0), repeated(1, 5.0, 7.0)])
    assert known[1]["smc"]["sd of log Z"] == "2.6 / 1.4"
    assert "sd of log Z" not in tables_of([row()])[1]["smc"]


@pytest.mark.parametrize(("gap", "marked"), [(-0.5, True), (-0.4, False), (0.5, False), (math.nan, False)])
def test_an_impossible_gap_is_marked(gap, marked):
    """Three standard errors of 0.1 and 0.1 together are 0.42."""
    stored = with_metric(gap, 0, "elbo_gap")
    stored = replace(stored, errors={"elbo": 0.1, "log_z_truth": 0.1})
    assert tables_of([stored])[1]["smc"]["ELBO gap"].endswith(" ‡") is marked


def test_groups_and_the_share_of_neighbours_that_can_be_told_apart():
    """hmc is at 0.1, smc at 0.2 with an overlap, nuts at 5."""
    values = {"hmc": (0.1, 0.15), "smc": (0.14, 0.3), "nuts": (5.0, 6.0)}
    stored = []
    for sampler, scores in values.items():
        for seed, score in enumerate(scores):
            stored.append(row(sampler, seed=seed, metrics={"bias2_x_max": score}, floors={}, errors={}))
    groups = {sampler: entries["group"] for sampler, entries in tables_of(stored)[0].items()}
    assert groups == {"hmc": "1", "smc": "1", "nuts": "2"}
    assert "Of 2 pairs of neighbours by bias² of x, 1 (50 %) can be told apart." in section_of(stored)


def test_the_truth_and_the_reasons_of_failures_are_given():
    section = section_of(rows(), "funnel-10")
    assert "log Z = 0 ± 0.002" in section
    assert "- bridge: failed: a &lt; b \\| c" in section
