"""Figures of ranks: what is drawn is what was found, and what separates nothing is not drawn."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bridgemark.benchmarks.analysis import ranks
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.drawing import rank_figures
from bridgemark.benchmarks.drawing.style import MANY, sampler_styles

from support.synthetic_rows import SAMPLERS, rows

STYLES = sampler_styles(SAMPLERS)


@pytest.fixture
def axes(monkeypatch):
    """The axes of the figures in the order of drawing, kept open for inspection."""
    drawn = []
    monkeypatch.setattr(rank_figures, "save", lambda figure, path: drawn.extend(figure.axes) or path)
    yield drawn
    plt.close("all")


@pytest.fixture
def metrics():
    return {target: block.metric for target, block in ranks.blocks(row_table(rows())).items()}


def texts(axis):
    return " ".join(text.get_text() for text in axis.texts)


@pytest.mark.parametrize(
    ("values", "groups"),
    [
        ([1.0, 1.5, 3.0], [(0, 1)]),
        ([1.0, 2.0, 3.0], [(0, 1), (1, 2)]),
        ([1.0, 1.2, 1.4, 9.0], [(0, 2)]),
        ([1.0, 5.0, 9.0], []),
    ],
)
def test_bars_join_the_widest_runs_within_reach(values, groups):
    assert rank_figures.ranges_within(values, 1.0) == groups


def test_a_panel_per_target_and_dotted_lines_where_nothing_is_claimed(tmp_path, axes, metrics):
    rank_figures.rank_intervals(metrics, STYLES, tmp_path / "a.png")
    assert [axis.get_title(loc="left") for axis in axes] == ["funnel-10", "gmm40-2", "gmm9"]
    assert [label.get_text() for label in axes[0].get_yticklabels()][-1] == "bridge"
    assert sum(line.get_linestyle() == ":" for line in axes[0].lines) == 5


def test_every_sampler_is_on_the_diagram_with_its_mean_rank(tmp_path, axes):
    """Over 40 targets the critical difference of three samplers is .52 (Demšar 2006: 2.343 √(3·4 / 6·40))."""
    means = ranks.MeanRanks({"hmc": 1.0, "smc": 1.4, "dds": 2.9}, 40)
    assert rank_figures.mean_rank_diagram(means, STYLES, tmp_path / "a.png")
    assert all(f"{name} {rank:.2f}" in texts(axes[0]) for name, rank in means.ranks.items())
    assert "critical difference 0.52" in texts(axes[0])


def test_profiles_end_at_the_share_that_was_solved(tmp_path, axes):
    profiles = {"hmc": ranks.Profile(np.array([1.0, 4.0, 5.0]), 6), "smc": ranks.Profile(np.array([]), 6)}
    rank_figures.cost_profiles(profiles, 0.01, STYLES, tmp_path / "a.png")
    ends = [line.get_ydata()[-1] for line in axes[0].lines if line.get_marker() == "None"]
    np.testing.assert_allclose(ends, [0.5, 0.0], atol=0.02)


def test_of_many_profiles_those_that_solve_most_are_drawn(tmp_path, axes):
    names = list(sampler_styles(SAMPLERS))[: MANY + 3]
    solved = {name: ranks.Profile(np.ones(min(index, 12)), 12) for index, name in enumerate(names)}
    rank_figures.cost_profiles(solved, 0.01, STYLES, tmp_path / "a.png")
    ends = [line.get_ydata()[-1] for line in axes[0].lines if line.get_marker() == "None"]
    np.testing.assert_allclose(sorted(ends), np.arange(3, 13) / 12, atol=0.05)


def test_what_separates_nothing_is_not_drawn(tmp_path, axes):
    alike = {"hmc": np.array([1.0, 3.0]), "smc": np.array([2.0, 4.0])}
    profile, unsolved = ranks.Profile(np.array([1.0]), 6), ranks.Profile(np.array([]), 6)
    of_few_targets = {"hmc": ranks.Profile(np.array([1.0]), 4), "smc": ranks.Profile(np.array([]), 4)}
    tied = ranks.MeanRanks({"hmc": 1.0, "smc": 2.0}, 3)
    drawn = [
        *rank_figures.rank_intervals({}, STYLES, tmp_path / "a.png"),
        *rank_figures.rank_intervals({"gmm9": alike}, STYLES, tmp_path / "a.png"),
        *rank_figures.mean_rank_diagram(ranks.MeanRanks({}, 0), STYLES, tmp_path / "b.png"),
        *rank_figures.mean_rank_diagram(tied, STYLES, tmp_path / "b.png"),
        *rank_figures.cost_profiles({}, 0.01, STYLES, tmp_path / "c.png"),
        *rank_figures.cost_profiles({"hmc": profile, "smc": profile}, 0.01, STYLES, tmp_path / "c.png"),
        *rank_figures.cost_profiles({"hmc": unsolved, "smc": unsolved}, 0.01, STYLES, tmp_path / "c.png"),
        *rank_figures.cost_profiles(of_few_targets, 0.01, STYLES, tmp_path / "c.png"),
    ]
    assert drawn == axes == []
