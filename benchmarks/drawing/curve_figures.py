"""Figures of rows with a budget: targets down, metrics across, a line a sampler against what was spent."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bridgemark.benchmarks.analysis.curves import GOALS, METRICS
from bridgemark.benchmarks.drawing.style import GREY, grid, head, looks, note, order, sampler_handles, save
from bridgemark.benchmarks.text import number

UNITS = {"gradients": "gradients spent, fit + sample", "seconds": "seconds spent, fit + sample"}


def write(points: pd.DataFrame, folder: Path) -> list[Path]:
    """curves_UNIT.png of the lines of `curves.points`, for each unit that has some."""
    if not len(points):
        return []
    by_unit = {str(unit): own for unit, own in points.groupby("budget_unit")}
    return [
        curves(by_unit[unit], label, folder / f"curves_{unit}.png")
        for unit, label in UNITS.items()
        if unit in by_unit
    ]


def curves(points: pd.DataFrame, axis_label: str, path: Path) -> Path:
    """Small multiples on logarithmic axes of the points of one unit; failures are crosses at the top edge."""
    samplers = order(points["sampler"])
    targets = list(dict.fromkeys(points.sort_values(["dim", "label"])["label"]))
    metrics = [name for name in METRICS if name in set(points["metric"])]
    figure, axes = grid(len(targets) * len(metrics), len(metrics), 3.0, 2.3)
    panels = dict(points.groupby(["label", "metric"]).__iter__())
    low, high = 0.6 * points["spent"].min(), 1.7 * points["spent"].max()
    for place, axis in enumerate(axes):
        down, across = divmod(place, len(metrics))
        target, metric = targets[down], metrics[across]
        axis.set(xscale="log", yscale="log", xlim=(low, high))
        _panel(axis, panels.get((target, metric)), samplers)
        if down == 0:
            axis.set_title(METRICS[metric])
        if across == 0:
            axis.set_ylabel(target, weight="bold")
    figure.supxlabel(axis_label, fontsize="medium")
    head(figure, "What is reached at which cost: lower left is better", _handles(samplers, points))
    return save(figure, path)


def _panel(axis: Axes, points: pd.DataFrame | None, samplers: Sequence[str]) -> None:
    _label(axis.xaxis, *axis.get_xlim())
    axis.grid(color="0.93", linewidth=0.8)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(which="minor", length=0)
    if points is None:
        axis.tick_params(axis="y", which="both", length=0, labelleft=False)
        note(axis, "not known or no meaning")
        return
    bottom, top = _reach(points)
    axis.set_ylim(bottom, top)
    _label(axis.yaxis, bottom, top)
    for goal in GOALS:
        if goal.metric == points["metric"].iloc[0]:
            axis.axhline(goal.threshold, color=GREY, linestyle=":", linewidth=1.0, zorder=1)
    lost = set(points.loc[points["failed"] > 0, "sampler"])
    rungs = {
        name: 0.96 - 0.05 * place for place, name in enumerate(name for name in samplers if name in lost)
    }
    for sampler in samplers:
        own = points.loc[points["sampler"] == sampler].sort_values(["spent", "budget"])
        _curve(axis, own, looks(samplers)[sampler], top)
        if sampler in rungs:
            _crosses(axis, own, looks(samplers)[sampler][0], rungs[sampler])
    _floors(axis, points, samplers)


def _label(axis: Axis, low: float, high: float) -> None:
    """Whole decades, and within a decade and a half, where there may be none, 1, 2 and 5."""
    axis.set_minor_formatter(NullFormatter())
    if high < 30 * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def _reach(points: pd.DataFrame) -> tuple[float, float]:
    """Ends of the axis: all that is finite, and room above it for the crosses."""
    numbers = points[["value", "value.low", "value.high", "floor"]].astype(float).to_numpy()
    shown = numbers[np.isfinite(numbers) & (numbers > 0)]
    low, high = (shown.min(), shown.max()) if len(shown) else (0.1, 1.0)
    room = max(np.log(high / low), 1.0)
    return low * np.exp(-0.08 * room), high * np.exp(0.3 * room)


def _curve(axis: Axes, points: pd.DataFrame, look: tuple, top: float) -> None:
    """One sampler: medians joined where finite, and the band between their ends."""
    colour, marker = look
    names = ("spent", "value", "value.low", "value.high")
    spent, middle, low, high = (points[name].to_numpy(float) for name in names)
    finite, high = np.isfinite(middle), np.minimum(high, top)
    line, ends = {"color": colour, "linewidth": 1.6, "zorder": 3}, {"color": colour, "linewidth": 0.9}
    axis.plot(spent, np.where(finite, middle, np.nan), **line)
    axis.plot(
        spent[finite], middle[finite], marker, color=colour, markersize=6, markeredgecolor="white", zorder=4
    )
    axis.fill_between(spent, low, high, where=finite, color=colour, alpha=0.13, linewidth=0)
    axis.vlines(spent[finite], low[finite], high[finite], alpha=0.6, **ends)


def _crosses(axis: Axes, points: pd.DataFrame, colour: tuple, height: float) -> None:
    """At the top edge: large where the median failed, small where only some seeds did."""
    whole = np.isinf(points["value"].to_numpy(float))
    some = (points["failed"].to_numpy() > 0) & ~whole
    for of, size in ((some, 5), (whole, 8)):
        spent = points["spent"].to_numpy(float)[of]
        look = {"color": colour, "markersize": size, "markeredgewidth": 1.6}
        axis.plot(spent, np.full(len(spent), height), "x", transform=axis.get_xaxis_transform(), **look)


def _floors(axis: Axes, points: pd.DataFrame, samplers: Sequence[str]) -> None:
    """What exact draws score: one line, or where samplers drew other numbers of them one of each colour."""
    known = points.loc[points["floor"].notna()].sort_values(["spent", "budget"])
    if not len(known):
        return
    floors = known["floor"].astype(float)
    if floors.max() <= floors.min() * (1 + 1e-6):
        axis.axhline(floors.iloc[0], color=GREY, linestyle="--", linewidth=1.2, zorder=1)
        return
    for sampler, own in known.groupby("sampler"):
        colour, _ = looks(samplers)[str(sampler)]
        axis.plot(own["spent"], own["floor"].astype(float), "--", color=colour, linewidth=0.9, zorder=2)


def _handles(samplers: Sequence[str], points: pd.DataFrame) -> list:
    """The samplers, and what else is drawn; bands are intervals where there are seeds enough."""
    many = list(map(bool, points["covers"]))
    few = "range of few seeds, no 95 %"
    claims = few if not any(many) else "95 % of the median" + ("" if all(many) else f", or {few}")
    return [
        *sampler_handles(samplers),
        Patch(color="0.85", label=claims),
        Line2D([], [], color=GREY, linestyle="--", label="exact draws"),
        Line2D([], [], color=GREY, linestyle=":", label="threshold"),
        Line2D([], [], color=GREY, marker="x", linestyle="", label="failed (small: some seeds)"),
    ]
