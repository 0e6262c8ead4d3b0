"""Figures from a made-up store: they exist, hold what was stored, and failures do not stop them."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bridgemark.benchmarks.drawing import (
    cost_and_time,
    curve_figures,
    draw_panels,
    figures,
    log_z_errors,
    published,
    rank_figures,
    style,
)
from bridgemark.benchmarks.rows.store import Store

from support.synthetic_rows import failed, fill, filled, row, spent_row

NAMES = ["samples.png", "log_z_error.png", "bias_cost.png", "time.png"]
NAMES += ["ranks.png", "mean_ranks.png", "profiles.png", "published.png"]


@pytest.fixture
def axes(monkeypatch):
    """The axes of every saved figure by file name, kept open for inspection."""
    drawn = {}

    def save_small(figure, path):
        drawn[path.name] = figure.axes
        figure.savefig(path, dpi=20)
        return path

    for module in (cost_and_time, curve_figures, draw_panels, log_z_errors, published, rank_figures):
        monkeypatch.setattr(module, "save", save_small)
    yield drawn
    plt.close("all")


def texts(axis) -> str:
    return " ".join([text.get_text() for text in axis.texts] + [axis.get_title(loc="right")])


def draw(store, results_dir):
    return figures.write(store.read_all(), store, results_dir)


def test_whole_grid(tmp_path, axes):
    paths = draw(filled(tmp_path / "store"), tmp_path)
    assert [path.name for path in paths] == NAMES
    assert all(path.parent == tmp_path / "figures" and path.stat().st_size > 1_000 for path in paths)
    assert len(axes["samples.png"]) == 15
    by_target = {axis.get_title(loc="left"): axis for axis in axes["bias_cost.png"]}
    assert "bridge: failed" in texts(by_target["funnel-10"])
    assert "bridge: timeout" in texts(by_target["gmm9"])
    marks = [line for line in by_target["gmm9"].lines if line.get_marker() != "None"]
    assert len(marks) == 14
    assert "2/3 ok" in " ".join(texts(axis) for axis in axes["time.png"])


def test_log_z_shows_every_seed_and_no_chain(tmp_path, axes):
    draw(filled(tmp_path / "store"), tmp_path)
    (axis,) = axes["log_z_error.png"]
    crosses = [line for line in axis.lines if line.get_marker() == "x"]
    dots = [line for line in axis.lines if line.get_marker() not in ("x", "None")]
    assert (len(dots), len(crosses)) == (3 * 9 - 4, 4)


def test_failures_alone(tmp_path, axes):
    draw(fill(Store(tmp_path / "store"), [failed("timeout"), failed("failed", sampler="hmc")]), tmp_path)
    assert sorted(axes) == sorted(set(NAMES) - {"published.png"})
    assert "timeout" in texts(axes["samples.png"][1])


def test_budgets_alone(tmp_path, axes):
    store = fill(Store(tmp_path / "store"), [spent_row(1e4, 0.1), spent_row(1e5, 0.001)])
    assert [path.name for path in draw(store, tmp_path)] == ["curves_gradients.png"]


def test_nothing_that_can_be_scored(tmp_path, axes):
    """A target without truth, known to no registry, whose only metric failed."""
    bare = row(target="elsewhere", metrics={"log_z_error": float("nan")}, floors={}, errors={})
    store = Store(tmp_path / "store")
    store.write(bare, {"x": np.zeros((5, 2))})
    draw(store, tmp_path)
    assert "not known" in texts(axes["bias_cost.png"][0])
    assert "nothing to draw" in texts(axes["samples.png"][0])


def test_a_dominant_weight_is_what_is_shown():
    x = np.array([[0.0, 0.0], [1.0, 2.0], [5.0, 5.0]])
    cloud = draw_panels._thinned({"x": x, "log_weights": np.array([-np.inf, 0.0, -200.0])})
    assert np.all(cloud == [1.0, 2.0])
    assert draw_panels._thinned({"x": x[:, :1]}) is None


def test_styles_do_not_depend_on_what_else_is_drawn():
    few = style.sampler_styles(["smc"])
    many = style.sampler_styles(["smc", *(f"new-{index}" for index in range(40))])
    assert few["smc"] == many["smc"]
    assert len(set(many.values())) == len(many)
