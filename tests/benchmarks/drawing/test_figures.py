"""Figures from made-up rows: they exist, hold what was stored, and failures do not stop them."""

import struct
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest

from bridgemark.benchmarks.drawing import (
    cost_and_time,
    curve_figures,
    draw_panels,
    figures,
    log_z_errors,
    published,
    rank_figures,
    stamps,
    style,
)

from support.synthetic_rows import failed, row, rows, spending, spent_row

NAMES = ["samples.png", "log_z_error.png", "bias_cost.png", "time.png", "ranks.png", "published.png"]


def shown(stored):
    """The rows with draws to show, a small square of points."""
    return [replace(known, shown_draws=[[0.0, 0.0], [1.0, 0.5]]) for known in stored]


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


def by_title(panels):
    return {axis.get_title(loc="left"): axis for axis in panels}


def chunks(path):
    """The types and contents of the chunks of a PNG file."""
    content, start = path.read_bytes(), 8
    while start < len(content):
        (length,) = struct.unpack(">I", content[start : start + 4])
        yield content[start + 4 : start + 8], content[start + 8 : start + 8 + length]
        start += length + 12


def test_whole_grid(tmp_path, axes):
    paths = figures.write(shown(rows()), tmp_path)
    assert [path.name for path in paths] == NAMES
    assert all(path.parent == tmp_path / "figures" and path.stat().st_size > 1_000 for path in paths)
    assert len(axes["samples.png"]) == 15
    panels = by_title(axes["bias_cost.png"])
    assert "bridge: failed" in texts(panels["funnel-10"])
    assert "bridge: timeout" in texts(panels["gmm9"])
    marks = [line for line in panels["gmm9"].lines if line.get_marker() != "None"]
    assert len(marks) == 14
    assert "2/3 ok" in " ".join(texts(axis) for axis in axes["time.png"])


def test_log_z_shows_every_seed_and_no_chain(tmp_path, axes):
    figures.write(shown(rows()), tmp_path)
    panels = by_title(axes["log_z_error.png"])
    labels = [label.get_text() for label in panels["gmm9"].get_yticklabels()]
    assert labels == ["smc", "dds", "bridge"]
    lines = [line for axis in panels.values() for line in axis.lines]
    crosses = [line for line in lines if line.get_marker() == "x"]
    dots = [line for line in lines if line.get_marker() not in ("x", "None")]
    assert (len(dots), len(crosses)) == (3 * 9 - 4, 4)


def test_failures_alone_have_only_their_panels(tmp_path, axes):
    figures.write([failed("timeout"), failed("failed", sampler="hmc")], tmp_path)
    assert sorted(axes) == ["samples.png"]
    assert "timeout" in texts(axes["samples.png"][1])


def test_budgets_alone(tmp_path, axes):
    paths = figures.write([spent_row(1e4, 0.1), spent_row(1e5, 0.001)], tmp_path)
    assert [path.name for path in paths] == ["curves_gradients.png"]


def test_nothing_that_can_be_scored(tmp_path, axes):
    """A target without truth, known to no registry, whose only metric failed, has its seconds only."""
    bare = row(target="elsewhere", metrics={"log_z_error": float("nan")}, floors={}, errors={})
    assert [path.name for path in figures.write([bare], tmp_path)] == ["board_time.png"]


def test_of_many_samplers_only_the_unbeaten_and_ones_own_have_colours(tmp_path, axes):
    many = [row(seed=index, origin="measured here") for index in range(12)]
    many = [replace(known, sampler=f"sampler-{index}", seed=0) for index, known in enumerate(many)]
    own = replace(row(seed=50), sampler="mine", metrics={"bias2_x_max": 100.0})
    styles = style.sampler_styles([known.sampler for known in [*many, own]])
    figures.write([*many, own], tmp_path)
    (panel,) = axes["board_bias_cost.png"]
    best = min(many, key=lambda known: known.metrics["bias2_x_max"])
    coloured = {line.get_color() for line in panel.lines if line.get_marker() != "None"}
    assert {styles[best.sampler].colour, styles["mine"].colour, cost_and_time.UNNAMED} <= coloured
    grey = [line for line in panel.lines if line.get_color() == cost_and_time.UNNAMED]
    assert 0 < len(grey) < 12


def test_equal_rows_give_equal_files_without_dates_or_software(tmp_path):
    stored = [known for known in shown(rows()) if known.target == "gmm9"]
    first = figures.write(stored, tmp_path / "a")
    second = figures.write(stored[::-1], tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    for path in first:
        described = dict(content.split(b"\0", 1) for kind, content in chunks(path) if kind == b"tEXt")
        assert set(described) == {b"Rows"}
        assert b"tIME" not in {kind for kind, _ in chunks(path)}


def test_the_stamp_of_a_figure_is_that_of_its_rows(tmp_path, axes):
    stored = [*rows(), *spending(1, (1e4,))]
    paths = figures.write(stored, tmp_path)
    drawn = figures.drawn_rows(stored)
    assert {stamps.read(path) for path in paths} == {stamps.stamp_of(drawn[path.stem]) for path in paths}
    changed = [replace(stored[0], fit_seconds=123.0), *stored[1:]]
    now = figures.drawn_rows(changed)
    for path in paths:
        is_current = stamps.read(path) == stamps.stamp_of(now[path.stem])
        assert is_current == path.stem.startswith("curves")


def test_a_figure_without_a_stamp_has_none(tmp_path):
    figure = plt.figure()
    assert stamps.read(style.save(figure, tmp_path / "a.png")) is None
    assert [kind for kind, _ in chunks(tmp_path / "a.png") if kind == b"tEXt"] == []


def test_figures_of_earlier_rows_are_removed_and_others_stay(tmp_path, axes):
    folder = tmp_path / "figures"
    folder.mkdir()
    for name in ("board_ranks.png", "curves_seconds.png", "scaling.png"):
        (folder / name).touch()
    figures.write([spent_row(1e4, 0.1), spent_row(1e5, 0.001)], tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["curves_gradients.png", "scaling.png"]


def test_ticks_are_plain_numbers(tmp_path, axes):
    """Formulas are not parsed, because strangers' names are labels."""
    figures.write([*shown(rows()), *spending(1)], tmp_path)
    for panels in axes.values():
        for axis in panels:
            labels = [*axis.get_xticklabels(), *axis.get_yticklabels()]
            assert not any("$" in label.get_text() for label in labels)


def test_styles_do_not_depend_on_what_else_is_drawn():
    few = style.sampler_styles(["smc"])
    many = style.sampler_styles(["smc", *(f"new-{index}" for index in range(40))])
    assert few["smc"] == many["smc"]
    assert len(set(many.values())) == len(many)
