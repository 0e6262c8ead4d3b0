"""The figure of published numbers beside ours: targets down, errors of log Z and ELBO gaps across."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bridgemark.benchmarks.analysis.published import best, judged, truths
from bridgemark.benchmarks.analysis.tables import Line
from bridgemark.benchmarks.drawing.style import GREY, head, looks, sampler_handles, save
from bridgemark.benchmarks.text import number

ACROSS = {"log_z_rmse": "root mean square error of log Z", "elbo_gap": "ELBO gap"}


def published(lines: Sequence[Line], folder: Path) -> list[Path]:
    """published.png in `folder`, from summary lines; none where nothing is published of their targets."""
    found = [(str(target), own) for target, own in best(truths(lines)).groupby("target")]
    if not found:
        return []
    samplers = {line["sampler"] for target, _ in found for line in judged(lines, target)}
    heights = [len(own) + 1 for _, own in found]
    figure, axes = plt.subplots(
        *(len(found), len(ACROSS)),
        figsize=(9.5, 0.6 * len(found) + 0.2 * sum(heights)),
        height_ratios=heights,
        squeeze=False,
        sharey="row",
        layout="constrained",
    )
    for row, (target, own) in zip(axes, found, strict=True):
        for axis, (name, heading) in zip(row, ACROSS.items(), strict=True):
            _panel(axis, name, own, judged(lines, target), samplers)
            axis.set_xlabel(f"{heading}, {target}")
    hollow = Line2D([], [], color=GREY, marker="o", markerfacecolor="white", linestyle="", label="published")
    head(
        figure,
        "Published numbers at their best, and ours: left is better",
        [*sampler_handles(samplers), hollow],
    )
    return [save(figure, folder / "published.png")]


def _panel(axis: Axes, name: str, theirs: pd.DataFrame, ours: Sequence[Line], samplers: set[str]) -> None:
    """Ours on the top line, each paper's methods below."""
    axis.set_xscale("log")
    axis.xaxis.set_minor_formatter(NullFormatter())  # within one decade its labels would overlap
    for line in ours:
        if line.get(name):
            colour, marker = looks(samplers)[line["sampler"]]
            axis.plot(line[name], 0, marker, color=colour, markersize=8, markeredgecolor="white")
    axis.plot(theirs[name], range(1, len(theirs) + 1), "o", color=GREY, markerfacecolor="white")
    labels = theirs["method"].str.replace(r" [NT]=.*", "", regex=True) + ", " + theirs["source"]
    axis.set(yticks=range(len(theirs) + 1), yticklabels=["here", *labels], ylim=(len(theirs) + 0.5, -0.5))
    axis.margins(x=0.1)
    axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.tick_params(axis="y", length=0, labelsize="x-small")
    axis.grid(color="0.93", linewidth=0.8)
