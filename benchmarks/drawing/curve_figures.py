"""Figures of rows with a budget: targets down, metrics across, and in each panel a curve per sampler."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.curves import GOALS, METRICS
from bridgemark.benchmarks.analysis.order import sort_samplers
from bridgemark.benchmarks.drawing.style import (
    GREY,
    Colour,
    Style,
    Styles,
    label_decades,
    panels,
    remark,
    sampler_handles,
    save,
    title_and_legend,
)

AXIS_LABELS = {"gradients": "gradients spent, fit + sample", "seconds": "seconds spent, fit + sample"}
SMALL_CROSS, LARGE_CROSS = 5, 8


def curve_figures(points: pd.DataFrame, styles: Styles, folder: Path) -> list[Path]:
    """Draw curves_UNIT.png of the table `curves.points`, for each unit of budgets that it has."""
    if not len(points):
        return []
    paths = []
    for unit, axis_label in AXIS_LABELS.items():
        points_of_unit = points.loc[points[columns.BUDGET_UNIT] == unit]
        if len(points_of_unit):
            path = folder / f"curves_{unit}.png"
            paths.append(_curve_figure(points_of_unit, axis_label, styles, path))
    return paths


def _curve_figure(points: pd.DataFrame, axis_label: str, styles: Styles, path: Path) -> Path:
    """Draw the points of one unit on logarithmic axes; a failure is a cross at the upper edge."""
    samplers = sort_samplers(points[columns.SAMPLER])
    by_size = points.sort_values([columns.DIM, columns.LABEL])
    targets = list(dict.fromkeys(by_size[columns.LABEL]))
    metrics = [metric for metric in METRICS if metric in set(points[columns.METRIC])]
    figure, axes = panels(len(targets) * len(metrics), len(metrics), 3.0, 2.3)
    points_of = dict(points.groupby([columns.LABEL, columns.METRIC]).__iter__())
    spent = points[columns.SPENT]
    low, high = 0.6 * spent.min(), 1.7 * spent.max()
    for index, axis in enumerate(axes):
        down, across = divmod(index, len(metrics))
        target, metric = targets[down], metrics[across]
        axis.set(xscale="log", yscale="log", xlim=(low, high))
        _panel(axis, points_of.get((target, metric)), samplers, styles)
        if down == 0:
            axis.set_title(METRICS[metric])
        if across == 0:
            axis.set_ylabel(target, weight="bold")
    figure.supxlabel(axis_label, fontsize="medium")
    title = "What is reached at which cost: lower left is better"
    title_and_legend(figure, title, _handles(samplers, styles, points))
    return save(figure, path)


def _panel(axis: Axes, points: pd.DataFrame | None, samplers: Sequence[str], styles: Styles) -> None:
    """One metric of one target; `points` is None if no sampler has it."""
    _set_ticks(axis.xaxis, *axis.get_xlim())
    axis.grid(color="0.93", linewidth=0.8)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(which="minor", length=0)
    if points is None:
        axis.tick_params(axis="y", which="both", length=0, labelleft=False)
        remark(axis, "not known or no meaning")
        return
    bottom, top = _y_limits(points)
    axis.set_ylim(bottom, top)
    _set_ticks(axis.yaxis, bottom, top)
    for goal in GOALS:
        if goal.metric == points[columns.METRIC].iloc[0]:
            axis.axhline(goal.threshold, color=GREY, linestyle=":", linewidth=1.0, zorder=1)
    with_failures = set(points.loc[points[columns.FAILED] > 0, columns.SAMPLER])
    crossed = [sampler for sampler in samplers if sampler in with_failures]
    for sampler in samplers:
        curve = points.loc[points[columns.SAMPLER] == sampler]
        curve = curve.sort_values([columns.SPENT, columns.BUDGET])
        _draw_curve(axis, curve, styles[sampler], top)
        if sampler in crossed:
            height = 0.96 - 0.05 * crossed.index(sampler)  # in panels; crosses of two samplers never overlap
            _draw_crosses(axis, curve, styles[sampler].colour, height)
    _draw_floors(axis, points, styles)


def _set_ticks(axis: Axis, low: float, high: float) -> None:
    """Label whole decades, and 1, 2 and 5 where the axis is so short that it may have no whole decade."""
    label_decades(axis)
    if high < 30 * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))


def _y_limits(points: pd.DataFrame) -> tuple[float, float]:
    """Ends of an axis that holds all finite numbers and, above them, the crosses."""
    value = columns.VALUE
    names = [value, columns.low(value), columns.high(value), columns.FLOOR]
    numbers = points[names].astype(float).to_numpy()
    positive = numbers[np.isfinite(numbers) & (numbers > 0)]
    low, high = (positive.min(), positive.max()) if len(positive) else (0.1, 1.0)
    length = max(np.log(high / low), 1.0)
    return low * np.exp(-0.08 * length), high * np.exp(0.3 * length)


def _draw_curve(axis: Axes, curve: pd.DataFrame, style: Style, top: float) -> None:
    """Join the medians where they are finite, and shade the band between their ends."""
    colour, marker = style
    spent = curve[columns.SPENT].to_numpy(float)
    value = curve[columns.VALUE].to_numpy(float)
    low = curve[columns.low(columns.VALUE)].to_numpy(float)
    high = np.minimum(curve[columns.high(columns.VALUE)].to_numpy(float), top)
    finite = np.isfinite(value)
    axis.plot(spent, np.where(finite, value, np.nan), color=colour, linewidth=1.6, zorder=3)
    dots = {"color": colour, "markersize": 6, "markeredgecolor": "white", "zorder": 4}
    axis.plot(spent[finite], value[finite], marker, **dots)
    axis.fill_between(spent, low, high, where=finite, color=colour, alpha=0.13, linewidth=0)
    axis.vlines(spent[finite], low[finite], high[finite], alpha=0.6, color=colour, linewidth=0.9)


def _draw_crosses(axis: Axes, curve: pd.DataFrame, colour: Colour, height: float) -> None:
    """Draw a large cross where the median is a failure, a small one where only some of the seeds failed."""
    median_failed = np.isinf(curve[columns.VALUE].to_numpy(float))
    some_failed = (curve[columns.FAILED].to_numpy() > 0) & ~median_failed
    for is_crossed, size in ((some_failed, SMALL_CROSS), (median_failed, LARGE_CROSS)):
        spent = curve[columns.SPENT].to_numpy(float)[is_crossed]
        marks = {"color": colour, "markersize": size, "markeredgewidth": 1.6}
        axis.plot(spent, np.full(len(spent), height), "x", transform=axis.get_xaxis_transform(), **marks)


def _draw_floors(axis: Axes, points: pd.DataFrame, styles: Styles) -> None:
    """Draw the floor: one line or, if samplers made different numbers of draws, a line per sampler."""
    with_floor = points.loc[points[columns.FLOOR].notna()].sort_values([columns.SPENT, columns.BUDGET])
    if not len(with_floor):
        return
    floors = with_floor[columns.FLOOR].astype(float)
    if floors.max() <= floors.min() * (1 + 1e-6):
        axis.axhline(floors.iloc[0], color=GREY, linestyle="--", linewidth=1.2, zorder=1)
        return
    for sampler, curve in with_floor.groupby(columns.SAMPLER):
        colour = styles[str(sampler)].colour
        floor = curve[columns.FLOOR].astype(float)
        axis.plot(curve[columns.SPENT], floor, "--", color=colour, linewidth=0.9, zorder=2)


def _handles(samplers: Sequence[str], styles: Styles, points: pd.DataFrame) -> list[Artist]:
    """Legend entries of the samplers and of all else; bands are intervals where there are seeds enough."""
    band = "range of few seeds, no 95 %"
    covers = points[columns.COVERS].to_numpy(bool)
    if covers.all():
        band = "95 % of the median"
    elif covers.any():
        band = f"95 % of the median, or {band}"
    return [
        *sampler_handles(samplers, styles),
        Patch(color="0.85", label=band),
        Line2D([], [], color=GREY, linestyle="--", label="exact draws"),
        Line2D([], [], color=GREY, linestyle=":", label="threshold"),
        Line2D([], [], color=GREY, marker="x", linestyle="", label="failed (small: some seeds)"),
    ]
