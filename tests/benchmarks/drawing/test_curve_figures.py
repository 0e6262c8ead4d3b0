"""Figures of curves: a panel per target and metric, and a cross for every failure."""

import matplotlib.pyplot as plt
import pytest

from bridgemark.benchmarks.analysis import curves
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.drawing import curve_figures
from bridgemark.benchmarks.drawing.style import sampler_styles

from support.synthetic_rows import SAMPLERS, rows, spending


def draw(stored, folder):
    points = curves.points(curves.curve_rows(row_table(stored)))
    return curve_figures.curve_figures(points, sampler_styles(SAMPLERS), folder)


@pytest.fixture
def axes(monkeypatch):
    """The axes of every figure by file name, kept open for inspection."""
    drawn = {}

    def save_small(figure, path):
        drawn[path.name] = figure.axes
        figure.savefig(path, dpi=20)
        return path

    monkeypatch.setattr(curve_figures, "save", save_small)
    yield drawn
    plt.close("all")


def test_figures_of_both_units(tmp_path, axes):
    paths = draw(spending(), tmp_path)
    assert [path.name for path in paths] == ["curves_gradients.png", "curves_seconds.png"]
    panels = axes["curves_gradients.png"]
    assert len(panels) == 3 * 5
    crosses = [line for line in panels[10].lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert [(list(line.get_xdata()), line.get_markersize()) for line in crosses] == [([1e7], 8)]


def test_no_budget_no_figure(tmp_path):
    assert draw(rows(), tmp_path) == []
    assert list(tmp_path.iterdir()) == []
