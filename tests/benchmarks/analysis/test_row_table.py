"""The row table: a line per stored row, and which rows an edit, a budget or a killed run leaves out."""

import math

import pytest

from bridgemark.benchmarks.analysis.row_table import (
    drop_superseded,
    fill_device,
    row_table,
    with_budget,
    without_budget,
)
from bridgemark.benchmarks.rows.cost import Cost, spent

from support.synthetic_rows import failed, row, spending, with_metric


def test_a_line_per_row_and_none_is_not_nan():
    table = row_table([with_metric(None, 0, "elbo"), with_metric(math.nan, 1, "elbo"), failed(seed=2)])
    assert list(table["seed"]) == [0, 1, 2]
    assert table["elbo"][0] is None
    assert math.isnan(table["elbo"][1])
    assert table["fit_evals.gradients"][2] is None
    assert table["floors.bias2_x_max"][0] == 2e-4


def test_a_row_says_how_its_sets_of_draws_vary():
    repeated = row(repeats={"log_z_error": [1.0, 2.0, 3.0], "elbo": [None, None, None]})
    table = row_table([repeated, row(seed=1)])
    assert list(table["evaluation_sd.log_z_error"]) == [1.0, None]
    assert list(table["evaluation_mean.log_z_error"]) == [2.0, None]
    assert list(table["evaluations"]) == [3, None]
    assert "evaluation_sd.elbo" not in table


def test_what_a_row_spent_in_gradients_and_in_seconds():
    """A gradient counts 1, a value or a simulation 1/3."""
    fit = Cost(values=3, gradients=10, simulations=6)
    sample = Cost(values=0, gradients=5, simulations=0)
    assert spent(fit, sample) == pytest.approx(18)
    stored = row(fit_evals=fit, sample_evals=sample, fit_seconds=1.0, sample_seconds=2.0)
    table = row_table([stored, failed(seed=1)])
    assert list(table["spent"]) == [pytest.approx(18), None]
    assert list(table["gradients"]) == [15, None]
    assert list(table["spent_seconds"]) == [3.0, None]


def test_a_budget_divides_the_rows():
    table = row_table([row(), *spending(1)])
    assert len(without_budget(table)) == 1
    assert len(with_budget(table)) == len(table) - 1


def test_an_edited_sampler_supersedes_itself_even_by_failing():
    old = [row(seed=seed) for seed in range(3)]
    new = failed(seed=0, source="ed17ed", started="2031-01-01T00:00:00+00:00")
    assert list(drop_superseded(row_table([*old, new]))["source"]) == ["ed17ed"]


def test_an_edited_target_supersedes_itself():
    old = [row(seed=seed, target_hash="01d") for seed in range(3)]
    new = row(seed=0, target_hash="ed17ed", started="2031-01-01T00:00:00+00:00")
    assert list(drop_superseded(row_table([*old, new]))["target_hash"]) == ["ed17ed"]


def test_of_one_seed_the_last_run_stays():
    old = [row(seed=seed) for seed in range(3)]
    new = row(seed=1, identity="a", versions={"jax": "0.11"}, started="2031-01-01T00:00:00+00:00")
    left = drop_superseded(row_table([new, *old]))
    assert list(left["seed"]) == [0, 1, 2]
    assert list(left["versions.jax"]) == ["0.10.2", "0.11", "0.10.2"]


def test_an_edit_supersedes_other_budgets_only_across_budgets():
    old = row(budget=1e4, budget_unit="gradients")
    new = row(budget=1e5, budget_unit="gradients", source="ed17ed", started="2031-01-01T00:00:00+00:00")
    table = row_table([old, new])
    assert len(drop_superseded(table)) == 2
    assert list(drop_superseded(table, across=("budget",))["budget"]) == [1e5]


def test_a_killed_run_has_the_device_of_the_rows_beside_it():
    table = row_table([row(), failed(seed=1), failed(sampler="hmc")])
    by_sampler = fill_device(table, ("sampler", "device"))["device"]
    assert list(by_sampler.fillna("unknown")) == ["unknown", "cpu", "cpu"]
    assert list(fill_device(table, ("target", "device"))["device"]) == ["cpu", "cpu", "cpu"]


def test_no_rows_are_an_empty_table():
    table = row_table([])
    assert len(drop_superseded(table)) == len(with_budget(table)) == 0
