"""Tables and the leaderboard page from made-up rows."""

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bridgemark.benchmarks.analysis import tables
from bridgemark.benchmarks.pages import leaderboard
from bridgemark.benchmarks.rows.row import STATUSES

from support.synthetic_rows import failed, row, rows


def only(lines: pd.DataFrame) -> pd.Series:
    assert len(lines) == 1
    return lines.iloc[0]


def with_metric(value: float | None, seed: int, name: str = "log_z_error"):
    made = row(seed=seed)
    return replace(made, metrics={**made.metrics, name: value})


def test_a_row_a_record_and_none_is_not_nan():
    table = tables.frame([with_metric(None, 0, "elbo"), with_metric(math.nan, 1, "elbo"), failed(seed=2)])
    assert list(table["seed"]) == [0, 1, 2]
    assert table["elbo"][0] is None
    assert math.isnan(table["elbo"][1])
    assert table["fit_evals.gradients"][2] is None
    assert table["floors.bias2_x_max"][0] == 2e-4


def test_medians_ranges_and_both_errors_of_log_z():
    errors = [-0.3, 0.1, 0.2, -0.25]
    line = only(tables.summary(tables.frame([with_metric(error, seed) for seed, error in enumerate(errors)])))
    assert line["log_z_abs_error"] == pytest.approx(np.median(np.abs(errors)))
    assert line["log_z_error"] == pytest.approx(np.median(errors))
    assert (line["log_z_error.min"], line["log_z_error.max"]) == (-0.3, 0.2)
    assert (line["ok"], line["seeds"], line["reason"]) == (4, 4, None)


@pytest.mark.parametrize(
    ("seeds", "low", "high", "cell"),
    [(5, 1, 5, "3 [1, 5]"), (8, 1, 8, "4.5 [1, 8]"), (9, 2, 8, "5 [2, 8]")],
)
def test_ends_are_the_range_of_few_seeds_and_an_interval_of_more(seeds, low, high, cell, tmp_path):
    """Of 9 seeds the second from each end holds the median at 96 %, of 8 the extremes at 99 %."""
    made = [with_metric(1.0 + seed, seed, "bias2_x_max") for seed in range(seeds)]
    line = only(tables.summary(tables.frame(made)))
    assert (line["bias2_x_max.low"], line["bias2_x_max.high"]) == (low, high)
    assert (line["bias2_x_max.min"], line["bias2_x_max.max"]) == (1, seeds)
    assert cell in leaderboard.write(made, tmp_path).read_text()


def test_failures_stay_visible_and_do_not_move_medians():
    made = [row(seed=0), failed("timeout", seed=1), failed("out of memory", seed=2)]
    line = only(tables.summary(tables.frame(made)))
    assert [line[status] for status in STATUSES] == [1, 0, 0, 1, 1]
    assert line["reason"] == "timeout: a < b | c; out of memory: a < b | c"
    assert line["bias2_x_max"] == made[0].metrics["bias2_x_max"]


def test_a_failed_metric_fails_the_median():
    line = only(tables.summary(tables.frame([with_metric(0.1, 0), with_metric(math.nan, 1)])))
    assert math.isnan(line["log_z_error"])
    assert math.isnan(line["log_z_abs_error"])


@pytest.mark.parametrize(
    "change",
    [{"fingerprint": "other"}, {"target_version": 2}, {"draws": 7}, {"precision": "float64"}, {"cores": 2}],
    ids=str,
)
def test_rows_of_another_kind_never_merge(change):
    lines = tables.summary(tables.frame([row(seed=0), row(seed=1, **change)]))
    assert list(lines["seeds"]) == [1, 1]
    assert len(tables.current(tables.frame([row(seed=0), row(seed=1, **change)]))) == 2


def test_labels_tell_twins_apart():
    lines = tables.summary(tables.frame([row(), row(draws=500), row("nuts")]))
    assert set(lines["label"]) == {"smc (draws 10000)", "smc (draws 500)", "nuts"}


def test_an_edited_sampler_supersedes_itself_even_by_failing():
    old = [row(seed=seed) for seed in range(3)]
    new = failed(seed=0, source="ed17ed", started="2031-01-01T00:00:00+00:00")
    table = tables.current(tables.frame([*old, new]))
    assert list(table["source"]) == ["ed17ed"]
    assert len(tables.summary(tables.frame([*old, new]))) == 2


def test_tables_round_trip(tmp_path):
    made = rows()
    tables.write(made, tmp_path)
    read = pd.concat([pd.read_csv(tmp_path / "tables" / f"{name}.csv") for name in {r.sampler for r in made}])
    assert len(read) == len(made)
    read = read.set_index("identity")
    for record in made:
        line = read.loc[record.identity]
        assert (line["status"], line["config"], line["seed"]) == (record.status, record.config, record.seed)
        if record.status == "ok":
            assert line["bias2_x_max"] == pytest.approx(record.metrics["bias2_x_max"], rel=1e-5)
            assert line["fit_evals.gradients"] == record.fit_evals.gradients
            assert line["versions.jax"] == "0.10.2"
    assert len(pd.read_csv(tmp_path / "tables/summary.csv")) == 15
    assert (tmp_path / "tables/summary.md").read_text().count("\n") == 17


def test_csv_keeps_none_and_nan_apart(tmp_path):
    tables.write(
        [with_metric(None, 0, "r_hat_max"), with_metric(math.nan, 1, "r_hat_max"), row(seed=2)], tmp_path
    )
    text = pd.read_csv(tmp_path / "tables/smc.csv", keep_default_na=False)
    assert list(text["r_hat_max"]) == ["", "nan", ""]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (0, "0"),
        (0.1234, "0.12"),
        (-812.5, "-810"),
        (123456, "1.2e5"),
        (2e-4, "2e-4"),
    ],
)
def test_numbers_for_people(value, text):
    assert tables.number(value) == text


def test_page_orders_by_bias_and_keeps_failures_last(tmp_path):
    page = leaderboard.write(rows(), tmp_path).read_text()
    section = page.split("## funnel-10")[1].split("\n## ")[0]
    names = re.findall(r"^\| (\w+) +\| \d/\d", section, re.MULTILINE)
    medians = (
        tables.summary(tables.frame(rows()))
        .query("target == 'funnel-10'")
        .set_index("sampler")["bias2_x_max"]
    )
    assert names == [*medians.dropna().astype(float).sort_values().index, "bridge"]
    assert "- bridge: failed: a &lt; b \\| c" in section
    assert "log Z = 0 ± 0.002" in section
    for part in (
        "3 failed, 1 timeout",
        "jax 0.10.2",
        "Generated by",
        "not an order at equal cost",
        "What the columns mean",
    ):
        assert part in page
    assert "elbo" not in page.split("## Beside")[0].lower()  # a column that nobody fills is left out


def test_page_is_a_function_of_the_rows(tmp_path):
    one, other = (leaderboard.write(made, tmp_path).read_text() for made in (rows(), rows()[::-1]))
    assert one == other


def test_page_of_failures_alone(tmp_path):
    made = [failed("timeout", seed=0), failed("unsupported", sampler="hmc", seed=0)]
    tables.write(made, tmp_path)
    page = leaderboard.write(made, tmp_path).read_text()
    assert "0/1" in page
    assert "- hmc: unsupported: a" in page
    assert "1 timeout" in leaderboard.overview(made)


def test_two_fingerprints_are_two_sections(tmp_path):
    made = [row(), row(fingerprint="other", seed=1)]
    page = leaderboard.write(made, tmp_path).read_text()
    assert page.count("## gmm9") == 2
    assert "gmm9 other" in leaderboard.overview(made)


def test_readme_block_is_replaced_only_between_markers(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"top\n{leaderboard.BEGIN}\nstale\n{leaderboard.END}\nbottom\n")
    assert leaderboard.update_readme(readme, rows())
    once = readme.read_text()
    assert once.startswith("top\n")
    assert once.endswith("bottom\n")
    assert "stale" not in once
    assert "3 failed" in once
    assert leaderboard.update_readme(readme, rows())
    assert readme.read_text() == once
    readme.write_text("no markers")
    assert not leaderboard.update_readme(readme, rows())
    assert readme.read_text() == "no markers"
