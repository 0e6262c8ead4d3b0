"""The files below tables/ hold what is stored, and keep None and NaN apart."""

import math

import pandas as pd
import pytest

from bridgemark.benchmarks.analysis import tables
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.analysis.summary_table import summary_table

from support.synthetic_rows import row, rows, with_metric


def test_files_round_trip(tmp_path):
    stored = {stored_row.identity: stored_row for stored_row in rows()}
    table = row_table(stored.values())
    paths = tables.write(table, summary_table(table), tmp_path)
    names = ["bridge.csv", "dds.csv", "hmc.csv", "nuts.csv", "smc.csv"]
    assert [path.name for path in paths] == [*names, "summary.csv", "summary.md"]
    read = pd.concat([pd.read_csv(path) for path in paths[:5]]).set_index("identity")
    assert set(read.index) == set(stored)
    for identity, stored_row in stored.items():
        line = read.loc[identity]
        assert (line["status"], line["config"]) == (stored_row.status, stored_row.config)
        assert line["seed"] == stored_row.seed
        if stored_row.status == "ok":
            assert line["bias2_x_max"] == pytest.approx(stored_row.metrics["bias2_x_max"], rel=1e-5)
            assert line["fit_evals.gradients"] == stored_row.fit_evals.gradients
            assert line["versions.jax"] == "0.10.2"
    assert len(pd.read_csv(tmp_path / "tables/summary.csv")) == 15
    assert (tmp_path / "tables/summary.md").read_text().count("\n") == 17


def test_csv_keeps_none_and_nan_apart(tmp_path):
    stored = [with_metric(None, 0, "r_hat_max"), with_metric(math.nan, 1, "r_hat_max"), row(seed=2)]
    table = row_table(stored)
    tables.write(table, summary_table(table), tmp_path)
    text = pd.read_csv(tmp_path / "tables/smc.csv", keep_default_na=False)
    assert list(text["r_hat_max"]) == ["", "nan", ""]
