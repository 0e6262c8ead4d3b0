"""Figures of ranks: intervals target by target, mean ranks with a critical difference, cost profiles."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from bridgemark.benchmarks.analysis.ranks import (
    MeanRanks,
    Profile,
    Values,
    critical_difference,
    intervals,
    resampled,
)
from bridgemark.benchmarks.drawing.style import GREY, Look, grid, head, looks, note, sampler_handles, save
from bridgemark.benchmarks.text import number


def rank_intervals(targets: Mapping[str, Values], path: Path) -> Path:
    """A panel a target, a line a sampler: its rank, the interval, and behind it the bootstrapped ranks."""
    tallest = max(map(len, targets.values()), default=1)
    figure, axes = grid(len(targets) or 1, 4, 3.4, max(2.6, 0.8 + 0.22 * tallest))
    for axis, (target, values) in zip(axes, targets.items(), strict=False):
        axis.set_title(target, loc="left")
        _ranked(axis, values)
    if not targets:
        note(axes[0], "nothing to rank")
    figure.supxlabel("rank by the median over seeds, 1 is best", fontsize="medium")
    handles = [
        Line2D([], [], color=GREY, linewidth=2, label="holds all ranks at 95 %"),
        Line2D([], [], color=GREY, linewidth=2, linestyle=":", label="few seeds: ranges, no 95 %"),
        Line2D([], [], color="0.8", linewidth=6, label="bootstrap over seeds"),
    ]
    head(figure, "Ranks by worst squared bias of x, and how sure they are", handles)
    return save(figure, path)


def mean_rank_diagram(means: MeanRanks, path: Path) -> Path:
    """Mean ranks on one line, best left; a bar joins those that the critical difference cannot tell apart."""
    names = sorted(means.ranks, key=lambda name: means.ranks[name])
    figure, (axis,) = grid(1, 1, 8.0, 1.4 + 0.28 * len(names))
    axis.set_axis_off()
    head(figure, f"Mean ranks over {means.targets} targets that every sampler here can be ranked on", [])
    if len(names) < 2:
        note(axis, "no target on which two samplers are ranked")
        return save(figure, path)
    values = [means.ranks[name] for name in names]
    reach = critical_difference(len(names), means.targets)
    groups = alike(values, reach)
    top = 0.6 * (len(groups) + 1)
    _scale(axis, len(names), top, reach)
    for height, (first, last) in enumerate(groups, 1):
        ends = values[first] - 0.04, values[last] + 0.04
        axis.plot(ends, [top - 0.6 * height] * 2, color="0.25", linewidth=4, solid_capstyle="butt")
    look = looks(names)
    for place, name in enumerate(names):
        _named(axis, place, f"{name} {values[place]:.2f}", look[name], values, top)
    axis.set(xlim=(-0.2, len(names) + 1.2), ylim=(-0.25 * len(names) - 0.4, top + 2.0))
    return save(figure, path)


def alike(values: Sequence[float], reach: float) -> list[tuple[int, int]]:
    """First and last places of the widest runs of ascending values that span at most `reach`, two or more."""
    ends = [int(np.searchsorted(values, value + reach, side="right")) - 1 for value in values]
    return [
        (first, last)
        for first, last in enumerate(ends)
        if last > first and (first == 0 or ends[first - 1] < last)
    ]


def cost_profiles(profiles: Mapping[str, Profile], threshold: float, path: Path) -> Path:
    """Share of targets solved against cost over the cheapest solver's; what is not solved never counts."""
    figure, (axis,) = grid(1, 1, 8.0, 4.0)
    solved = [own.ratios for own in profiles.values() if len(own.ratios)]
    end = 1.5 * max([2.0, *(ratios[-1] for ratios in solved)])
    apart = min(0.008, 0.08 / (len(profiles) or 1))  # or equal lines would hide each other
    for place, name in enumerate(sorted(profiles)):
        own, (colour, marker) = profiles[name], looks(profiles)[name]
        steps = np.array([0.9, *own.ratios, end])
        shares = np.array([own.share(ratio) for ratio in steps])
        shown = shares + apart * (place - len(profiles) / 2)
        axis.step(steps, shown, where="post", color=colour, linewidth=1.8)
        axis.plot(steps[1:-1], shown[1:-1], marker, color=colour, markersize=7, markeredgecolor="white")
    if not solved:
        note(axis, "no target is solved")
    axis.set(xscale="log", xlim=(0.9, end), ylim=(-0.05, 1.05))
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if end < 1e3 else (1,)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("what is spent, in gradients, over the cheapest solver's on the same target")
    axis.set_ylabel(f"share of targets with bias² < {threshold}")
    axis.spines[["top", "right"]].set_visible(False)
    head(figure, "Who solves how much at which price: upper left is better", sampler_handles(profiles))
    return save(figure, path)


def _ranked(axis: Axes, values: Values) -> None:
    found, drawn = intervals(values), resampled(values)
    names = sorted(found, key=lambda name: (found[name].middle, name))
    columns = dict(zip(values, drawn.T, strict=True))
    for place, name in enumerate(names):
        own, (colour, marker) = found[name], looks(names)[name]
        ranks, counts = np.unique(columns[name], return_counts=True)
        for rank, share in zip(ranks, counts / len(drawn), strict=True):
            axis.plot(
                [rank] * 2,
                [place - 0.4 * share, place + 0.4 * share],
                color="0.8",
                linewidth=6,
                solid_capstyle="butt",
            )
        line = "-" if own.level else ":"
        axis.plot([own.low, own.high], [place] * 2, line, color=colour, linewidth=2)
        axis.plot(own.middle, place, marker, color=colour, markersize=7, markeredgecolor="white")
    axis.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    axis.set_xlim(0.5, len(names) + 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.tick_params(axis="y", length=0)


def _scale(axis: Axes, samplers: int, top: float, reach: float) -> None:
    """The line of ranks with its ticks, and above it how long the critical difference is."""
    axis.plot([1, samplers], [top, top], color=GREY, linewidth=1)
    for rank in range(1, samplers + 1):
        axis.plot([rank, rank], [top, top + 0.15], color=GREY, linewidth=1)
        if rank == 1 or not rank % (1 + samplers // 12):
            axis.text(rank, top + 0.25, str(rank), ha="center", va="bottom", color=GREY)
    axis.plot([1, 1 + reach], [top + 1.2] * 2, color="0.25", linewidth=1.5, marker="|")
    axis.text(1 + reach / 2, top + 1.35, f"critical difference {reach:.2f} (95 %)", ha="center", va="bottom")


def _named(axis: Axes, place: int, label: str, look: Look, values: Sequence[float], top: float) -> None:
    """A sampler's mark and label, led to its place on the line: the better half on the left."""
    colour, marker = look
    left = place < len(values) / 2
    height = -0.5 * (place if left else len(values) - 1 - place)
    side, align = (0.6, "right") if left else (len(values) + 0.4, "left")
    axis.plot([values[place], values[place], side], [top, height, height], color=colour, linewidth=1)
    axis.plot(side, height, marker, color=colour, markersize=8, markeredgecolor="white")
    axis.text(side, height, f"   {label}   ", ha=align, va="center", color=colour, weight="bold")
