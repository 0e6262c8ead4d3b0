"""Published numbers: facts with a source, of densities of ours, at their best settings."""

import numpy as np
import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.analysis import published
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.analysis.summary_table import summary_table

from support.published_numbers import NUMBERS
from support.synthetic_rows import row


@pytest.fixture
def published_numbers(monkeypatch):
    monkeypatch.setattr(published, "read", lambda: NUMBERS)


def test_every_number_is_of_a_target_of_ours_and_has_its_source():
    table = published.read()
    assert set(table["target"]) <= registry.targets().keys()
    assert set(table["metric"]) == {"log_z", "elbo"}
    assert np.isfinite(table["value"]).all()
    assert table[["source", "place", "standing", "method"]].notna().all(axis=None)


def test_the_densities_are_the_same():
    """The best published log Z is within 0.3 of the truth; on the rescaled pines none comes near."""
    names = published.read()["target"].unique()
    built = {name: registry.build(name, registry.targets()[name]) for name in names}
    truths = {name: target.log_z.value for name, target in built.items() if target.log_z}
    best = published.best_published(truths)
    nearest = best.groupby("target")["log_z_error"].agg(lambda errors: errors.abs().min())
    assert len(truths) > 5
    assert nearest.drop("lgcp-1600-rescaled", errors="ignore").dropna().max() < 0.3


def test_each_number_is_at_its_best_setting(published_numbers):
    first, second = published.best_published({"funnel-10": 0.0}).to_dict("records")
    assert (first["method"], second["method"]) == ("A", "B")
    assert (first["settings"], first["log_z_error"], first["log_z_rmse"]) == ("K=1", -0.3, 0.5)
    assert (first["settings_elbo"], first["elbo_gap"]) == ("K=2", 0.2)
    assert np.isnan(second["log_z_error"])
    assert second["elbo_gap"] == 0.1


def test_our_error_is_that_of_a_single_run():
    stored = [row("dds", "funnel-10", seed) for seed in range(3)]
    (summary_row,) = summary_table(row_table(stored)).to_dict("records")
    errors = [stored_row.metrics["log_z_error"] for stored_row in stored]
    rmse = np.hypot(np.median(errors), np.std(errors, ddof=1))
    assert published.single_run_rmse(summary_row) == pytest.approx(rmse)
    (line,) = published.with_log_z([summary_row], "funnel-10")
    assert line["log_z_rmse"] == pytest.approx(rmse)


def test_ours_are_those_of_the_target_with_log_z_the_best_first():
    stored = [row(sampler, target) for sampler in ("hmc", "smc", "dds") for target in ("gmm9", "funnel-10")]
    summary_rows = summary_table(row_table(stored)).to_dict("records")
    lines = published.with_log_z(summary_rows, "funnel-10")
    assert {(line["sampler"], line["target"]) for line in lines} == {
        ("smc", "funnel-10"),
        ("dds", "funnel-10"),
    }
    assert lines[0]["log_z_rmse"] <= lines[1]["log_z_rmse"]
    assert published.log_z_truths(summary_rows) == {"gmm9": 0.0, "funnel-10": 0.0}
