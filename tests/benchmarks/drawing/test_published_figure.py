"""The figure of published numbers is drawn where there are some, and only there."""

from bridgemark.benchmarks.analysis import published
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.analysis.summary_table import summary_table
from bridgemark.benchmarks.drawing.published import published_figure
from bridgemark.benchmarks.drawing.style import sampler_styles

from support.published_numbers import NUMBERS
from support.synthetic_rows import SAMPLERS, row

STYLES = sampler_styles(SAMPLERS)


def test_a_figure_only_of_targets_with_published_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(published, "read", lambda: NUMBERS)
    without = summary_table(row_table([row("dds", "gmm9")])).to_dict("records")
    assert published_figure(without, STYLES, tmp_path) == []
    summary_rows = summary_table(row_table([row("dds", "funnel-10")])).to_dict("records")
    assert published_figure(summary_rows, STYLES, tmp_path) == [tmp_path / "published.png"]
    assert (tmp_path / "published.png").stat().st_size > 1_000
