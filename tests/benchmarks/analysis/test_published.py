"""Published numbers: facts with a source, of densities of ours, shown at their best beside ours."""

import numpy as np
import pandas as pd
import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.analysis import published
from bridgemark.benchmarks.analysis.tables import frame, summary
from bridgemark.benchmarks.drawing import published as figure
from bridgemark.benchmarks.pages import published as page

from support.synthetic_rows import row

TABLE = pd.DataFrame(
    [
        ("funnel-10", "A", "K=1", "log_z", -0.3, 0.4, "Paper"),
        ("funnel-10", "A", "K=2", "log_z", 0.01, 2.0, "Paper"),
        ("funnel-10", "A", "K=2", "elbo", -0.2, 0.1, "Paper"),
        ("funnel-10", "A", "K=1", "elbo", -0.9, 0.1, "Paper"),
        ("funnel-10", "B", "", "elbo", -0.1, np.nan, "Paper"),
        ("elsewhere", "A", "", "log_z", 0.0, 0.1, "Paper"),
    ],
    columns=["target", "method", "settings", "metric", "value", "sd", "source"],
)


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setattr(published, "read", lambda: TABLE)


def lines(**changes):
    records = [row("dds", "funnel-10", seed, **changes) for seed in range(3)]
    return summary(frame(records)).to_dict("records")


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
    nearest = published.best(truths).groupby("target")["log_z_error"].agg(lambda errors: errors.abs().min())
    assert len(truths) > 5
    assert nearest.drop("lgcp-1600-rescaled", errors="ignore").dropna().max() < 0.3


def test_each_number_is_at_its_best_setting(known):
    found = published.best({"funnel-10": 0.0}).to_dict("records")
    assert [line["method"] for line in found] == ["A", "B"]
    first, second = found
    assert (first["settings"], first["log_z_error"], first["log_z_rmse"]) == ("K=1", -0.3, 0.5)
    assert (first["settings_elbo"], first["elbo_gap"]) == ("K=2", 0.2)
    assert np.isnan(second["log_z_error"])
    assert second["elbo_gap"] == 0.1


def test_ours_stand_first_with_the_error_of_a_single_run(known):
    (line,) = lines()
    text = page.write([line])
    assert text.index("**here**") < text.index("Paper")
    assert "-0.3 ± 0.4" in text
    errors = [row("dds", "funnel-10", seed).metrics["log_z_error"] for seed in range(3)]
    spread = np.std(errors, ddof=1)
    assert published.rmse(line) == pytest.approx(np.hypot(np.median(errors), spread))


def test_nothing_is_shown_of_targets_of_which_nothing_is_published(known, tmp_path):
    others = summary(frame([row("dds", "gmm9")])).to_dict("records")
    assert page.write(others) == ""
    assert figure.published(others, tmp_path) == []
    assert [path.name for path in figure.published(lines(), tmp_path)] == ["published.png"]
