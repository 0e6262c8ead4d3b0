"""The figure of published numbers beside ours: targets down, errors of log Z and ELBO gaps across."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.published import best_published, log_z_truths, with_log_z
from bridgemark.benchmarks.analysis.summary_table import SummaryRow
from bridgemark.benchmarks.drawing.style import GREY, Styles, sampler_handles, save, title_and_legend
from bridgemark.benchmarks.text import number

BEST = 8  # of ours are shown on each target
AXIS_LABELS = {columns.LOG_Z_RMSE: "root mean square error of log Z", columns.ELBO_GAP: "ELBO gap"}


def published_figure(summary_rows: Sequence[SummaryRow], styles: Styles, folder: Path) -> list[Path]:
    """Draw published.png in `folder`; no file is made if nothing is published of the rows' targets.

    Of our samplers, the BEST on each target are shown.
    """
    published = {
        str(target): lines
        for target, lines in best_published(log_z_truths(summary_rows)).groupby(columns.TARGET)
    }
    if not published:
        return []
    ours = {target: with_log_z(summary_rows, target)[:BEST] for target in published}
    heights = [len(lines) + 1 for lines in published.values()]
    figure, axes = plt.subplots(
        len(published),
        len(AXIS_LABELS),
        figsize=(9.5, 0.6 * len(published) + 0.2 * sum(heights)),
        height_ratios=heights,
        squeeze=False,
        sharey="row",
        layout="constrained",
    )
    for panels, (target, lines) in zip(axes, published.items(), strict=True):
        for axis, (name, axis_label) in zip(panels, AXIS_LABELS.items(), strict=True):
            _panel(axis, name, lines, ours[target], styles)
            axis.set_xlabel(f"{axis_label}, {target}")
    samplers = {row[columns.SAMPLER] for rows in ours.values() for row in rows}
    hollow = Line2D([], [], color=GREY, marker="o", markerfacecolor="white", linestyle="", label="published")
    title = f"Published numbers at their best, and the best {BEST} of ours: left is better"
    title_and_legend(figure, title, [*sampler_handles(samplers, styles), hollow])
    return [save(figure, folder / "published.png")]


def _panel(
    axis: Axes, name: str, published: pd.DataFrame, ours: Sequence[SummaryRow], styles: Styles
) -> None:
    """Ours on the top line, the methods of each paper below."""
    axis.set_xscale("log")
    axis.xaxis.set_minor_formatter(NullFormatter())  # within one decade its labels would overlap
    for row in ours:
        if row.get(name):
            colour, marker = styles[row[columns.SAMPLER]]
            axis.plot(row[name], 0, marker, color=colour, markersize=8, markeredgecolor="white")
    axis.plot(published[name], range(1, len(published) + 1), "o", color=GREY, markerfacecolor="white")
    methods = published[columns.METHOD].str.replace(r" [NT]=.*", "", regex=True)
    labels = ["here", *(methods + ", " + published[columns.PAPER])]
    axis.set(yticks=range(len(labels)), yticklabels=labels, ylim=(len(labels) - 0.5, -0.5))
    axis.margins(x=0.1)
    axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.tick_params(axis="y", length=0, labelsize="x-small")
    axis.grid(color="0.93", linewidth=0.8)
