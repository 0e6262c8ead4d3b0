"""The summary table: medians, counts of what failed, groups that never merge, and labels."""

import math

import numpy as np
import pandas as pd
import pytest

from bridgemark.benchmarks.analysis.row_table import drop_superseded, row_table
from bridgemark.benchmarks.analysis.summary_table import differences, summary_table
from bridgemark.benchmarks.rows.row import STATUSES

from support.synthetic_rows import failed, row, with_metric


def summary_of(*stored) -> pd.Series:
    summary = summary_table(row_table(stored))
    assert len(summary) == 1
    return summary.iloc[0]


def test_medians_ranges_and_both_errors_of_log_z():
    errors = [-0.3, 0.1, 0.2, -0.25]
    summary = summary_of(*(with_metric(error, seed) for seed, error in enumerate(errors)))
    assert summary["log_z_abs_error"] == pytest.approx(np.median(np.abs(errors)))
    assert summary["log_z_error"] == pytest.approx(np.median(errors))
    assert (summary["log_z_error.min"], summary["log_z_error.max"]) == (-0.3, 0.2)
    assert (summary["ok"], summary["seeds"], summary["reason"]) == (4, 4, None)


@pytest.mark.parametrize(("seeds", "low", "high"), [(5, 1, 5), (8, 1, 8), (9, 2, 8)])
def test_ends_are_the_range_of_few_seeds_and_an_interval_of_more(seeds, low, high):
    """Of 9 seeds the second from each end holds the median at 96 %, of 8 the extremes at 99 %."""
    summary = summary_of(*(with_metric(1.0 + seed, seed, "bias2_x_max") for seed in range(seeds)))
    assert (summary["bias2_x_max.low"], summary["bias2_x_max.high"]) == (low, high)
    assert (summary["bias2_x_max.min"], summary["bias2_x_max.max"]) == (1, seeds)


def test_failures_stay_visible_and_do_not_move_medians():
    stored = [row(seed=0), failed("timeout", seed=1), failed("out of memory", seed=2), failed(seed=3)]
    summary = summary_of(*stored)
    assert [summary[status] for status in STATUSES] == [1, 0, 0, 2, 1]
    assert summary["reason"] == "timeout: a < b | c; out of memory: a < b | c"
    assert summary["bias2_x_max"] == stored[0].metrics["bias2_x_max"]
    assert summary["started"] == max(stored_row.started for stored_row in stored)


def test_a_failed_metric_fails_the_median():
    summary = summary_of(with_metric(0.1, 0), with_metric(math.nan, 1))
    assert math.isnan(summary["log_z_error"])
    assert math.isnan(summary["log_z_abs_error"])


@pytest.mark.parametrize(
    "change",
    [{"fingerprint": "other"}, {"target_version": 2}, {"draws": 7}, {"precision": "float64"}, {"cores": 2}],
    ids=str,
)
def test_rows_of_another_kind_never_merge(change):
    table = row_table([row(seed=0), row(seed=1, **change)])
    assert list(summary_table(table)["seeds"]) == [1, 1]
    assert len(drop_superseded(table)) == 2


def test_an_edited_sampler_has_a_summary_of_its_own():
    assert len(summary_table(row_table([row(), row(seed=1, source="ed17ed")]))) == 2


def test_labels_distinguish_groups_of_one_sampler():
    summary = summary_table(row_table([row(), row(draws=500), row("nuts")]))
    assert set(summary["label"]) == {"smc (draws 10000)", "smc (draws 500)", "nuts"}


def test_differences_name_only_what_differs():
    keys = [("gmm9", 500, 1), ("gmm9", 500, 2)]
    assert differences(("target", "draws", "cores"), keys) == ["cores 1", "cores 2"]
    assert differences(("target", "draws", "cores"), keys[:1]) == [""]


def test_origins_are_named_once():
    origins = (None, "sent in", "measured here", "sent in")
    stored = [row(seed=seed, origin=origin) for seed, origin in enumerate(origins)]
    assert summary_of(*stored)["origin"] == "yours; measured here; sent in"


def test_a_killed_sampler_has_the_device_of_the_samplers_beside_it():
    summary = summary_table(row_table([row(), failed(sampler="hmc")]))
    assert list(summary["device"]) == ["cpu", "cpu"]


def test_no_rows_are_no_summary():
    assert len(summary_table(row_table([]))) == 0
