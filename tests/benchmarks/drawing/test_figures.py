"""Figures from a made-up store: they exist, hold what was stored, and failures do not stop them."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bridgemark.benchmarks.drawing import draw_panels, figures, style
from bridgemark.benchmarks.pages import leaderboard
from bridgemark.benchmarks.rows.store import Store

from support.synthetic_rows import failed, fill, filled, row

NAMES = ["samples.png", "log_z_error.png", "bias_cost.png", "time.png"]
NAMES += ["ranks.png", "mean_ranks.png", "profiles.png", "published.png"]


@pytest.fixture
def axes(monkeypatch):
    """The axes of every saved figure by file name, kept open for inspection."""
    seen = {}

    def keep(figure, path):
        seen[path.name] = figure.axes
        figure.savefig(path, dpi=20)
        return path

    for module in (figures, figures.cost_and_time, figures.rank_figures, figures.published, draw_panels):
        monkeypatch.setattr(module, "save", keep)
    yield seen
    plt.close("all")


def texts(axis) -> str:
    return " ".join([text.get_text() for text in axis.texts] + [axis.get_title(loc="right")])


def test_whole_grid(tmp_path, axes):
    store = filled(tmp_path / "store")
    paths = figures.write(store, tmp_path)
    assert [path.name for path in paths] == NAMES
    assert all(path.parent == tmp_path / "figures" and path.stat().st_size > 1_000 for path in paths)
    assert len(axes["samples.png"]) == 15
    by_target = {axis.get_title(loc="left"): axis for axis in axes["bias_cost.png"]}
    assert "bridge: failed" in texts(by_target["funnel-10"])
    assert "bridge: timeout" in texts(by_target["gmm9"])
    marks = [line for line in by_target["gmm9"].lines if line.get_marker() != "None"]
    assert len(marks) == 14
    assert "2/3 ok" in " ".join(texts(axis) for axis in axes["time.png"])
    page = leaderboard.write(store.read_all(), tmp_path).read_text()
    assert all(f"(figures/{name})" in page for name in NAMES)


def test_log_z_shows_every_seed_and_no_chain(tmp_path, axes):
    figures.write(filled(tmp_path / "store"), tmp_path)
    (axis,) = axes["log_z_error.png"]
    crosses = [line for line in axis.lines if line.get_marker() == "x"]
    dots = [line for line in axis.lines if line.get_marker() not in ("x", "None")]
    assert (len(dots), len(crosses)) == (3 * 9 - 4, 4)


def test_failures_alone(tmp_path, axes):
    store = fill(Store(tmp_path / "store"), [failed("timeout"), failed("failed", sampler="hmc")])
    figures.write(store, tmp_path)
    assert sorted(axes) == sorted(set(NAMES) - {"published.png"})
    assert "timeout" in texts(axes["samples.png"][1])


def test_nothing_that_can_be_judged(tmp_path, axes):
    """A target without truth, known to no registry, whose only metric failed."""
    bare = row(target="elsewhere", metrics={"log_z_error": float("nan")}, floors={}, errors={})
    store = Store(tmp_path / "store")
    store.write(bare, {"x": np.zeros((5, 2))})
    figures.write(store, tmp_path)
    assert "not known" in texts(axes["bias_cost.png"][0])
    assert "nothing to draw" in texts(axes["samples.png"][0])


def test_a_dominant_weight_is_what_is_shown():
    x = np.array([[0.0, 0.0], [1.0, 2.0], [5.0, 5.0]])
    shown = draw_panels._shown({"x": x, "log_weights": np.array([-np.inf, 0.0, -200.0])})
    assert np.all(shown == [1.0, 2.0])
    assert draw_panels._shown({"x": x[:, :1]}) is None


def test_looks_do_not_depend_on_who_else_is_there():
    few, many = style.looks(["smc"]), style.looks(["smc", *(f"new-{place}" for place in range(40))])
    assert few["smc"] == many["smc"]
    assert len(set(many.values())) == len(many)
