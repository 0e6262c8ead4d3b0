"""The files below tables/ hold the summary table, and keep None and NaN apart."""

import math

import pandas as pd
import pytest

from bridgemark.benchmarks.analysis import tables
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.analysis.summary_table import summary_table

from support.synthetic_rows import row, rows, with_metric


def test_the_summary_table_round_trips(tmp_path):
    summary = summary_table(row_table(rows()))
    paths = tables.write(summary, tmp_path)
    assert [path.name for path in paths] == ["summary.csv", "summary.md"]
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == ["summary.csv", "summary.md"]
    read = pd.read_csv(paths[0])
    assert list(read["label"]) == list(summary["label"])
    assert list(read["ok"]) == list(summary["ok"])
    assert read["bias2_x_max"].to_list() == pytest.approx(
        summary["bias2_x_max"].astype(float).to_list(), rel=1e-5, nan_ok=True
    )
    assert paths[1].read_text().count("\n") == len(summary) + 2


def test_csv_keeps_none_and_nan_apart(tmp_path):
    stored = [with_metric(None, 0, "r_hat_max"), with_metric(math.nan, 1, "r_hat_max"), row(seed=2)]
    tables.write_csv(row_table(stored), tmp_path / "rows.csv")
    text = pd.read_csv(tmp_path / "rows.csv", keep_default_na=False)
    assert list(text["r_hat_max"]) == ["", "nan", ""]


def test_equal_rows_give_equal_bytes(tmp_path):
    for name, stored in (("a", rows()), ("b", rows()[::-1])):
        tables.write(summary_table(row_table(stored)), tmp_path / name)
    for name in ("summary.csv", "summary.md"):
        assert (tmp_path / "a/tables" / name).read_bytes() == (tmp_path / "b/tables" / name).read_bytes()
