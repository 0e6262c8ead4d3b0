"""Figures of ranks: intervals target by target, mean ranks with a critical difference, cost profiles."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from bridgemark.benchmarks.analysis.order import position, sort_samplers
from bridgemark.benchmarks.analysis.ranks import (
    MeanRanks,
    Profile,
    Values,
    bootstrapped_ranks,
    critical_difference,
    intervals,
)
from bridgemark.benchmarks.drawing.style import (
    GREY,
    MANY,
    Style,
    Styles,
    panels,
    sampler_handles,
    save,
    title_and_legend,
)
from bridgemark.benchmarks.text import number

MIN_TARGETS = 5  # of a cost profile; the shares of fewer targets are too coarse
BAR_STEP = 0.6  # between two bars of the diagram of mean ranks, in ranks
MARK = {"markersize": 7, "markeredgecolor": "white"}


def rank_intervals(targets: Mapping[str, Values], styles: Styles, path: Path) -> list[Path]:
    """Draw a panel per target and in it, per sampler, its rank, the interval and the bootstrapped ranks.

    No file is made if no two samplers can be told apart on any target.
    """
    if not any(interval.low > 1 for values in targets.values() for interval in intervals(values).values()):
        return []
    tallest = max(map(len, targets.values()))
    figure, axes = panels(len(targets), 4, 3.4, max(2.6, 0.8 + 0.22 * tallest))
    for axis, (target, values) in zip(axes, targets.items(), strict=True):
        axis.set_title(target, loc="left")
        _rank_panel(axis, values, styles)
    figure.supxlabel("rank by the median over seeds, 1 is best", fontsize="medium")
    handles = [
        Line2D([], [], color=GREY, linewidth=2, label="holds all ranks at 95 %"),
        Line2D([], [], color=GREY, linewidth=2, linestyle=":", label="few seeds: ranges, no 95 %"),
        Line2D([], [], color="0.8", linewidth=6, label="bootstrap over seeds"),
    ]
    title_and_legend(figure, "Ranks by worst squared bias of x, and how sure they are", handles)
    return [save(figure, path)]


def mean_rank_diagram(means: MeanRanks, styles: Styles, path: Path) -> list[Path]:
    """Draw mean ranks on one axis, the best on the left (Demšar 2006, figure 1).

    A bar joins samplers that the critical difference cannot tell apart. No file is made if it cannot tell any
    two apart.
    """
    samplers = sorted(means.ranks, key=lambda sampler: means.ranks[sampler])
    if len(samplers) < 2:
        return []
    ranks = [means.ranks[sampler] for sampler in samplers]
    difference = critical_difference(len(samplers), means.targets)
    if ranks[-1] - ranks[0] <= difference:
        return []
    figure, (axis,) = panels(1, 1, 8.0, 1.4 + 0.28 * len(samplers))
    axis.set_axis_off()
    title = f"Mean ranks over {means.targets} targets that every sampler here can be ranked on"
    title_and_legend(figure, title, [])
    bars = ranges_within(ranks, difference)
    top = BAR_STEP * (len(bars) + 1)
    _draw_rank_axis(axis, len(samplers), top, difference)
    for index, bar in enumerate(bars, 1):
        ends = ranks[bar.first] - 0.04, ranks[bar.last] + 0.04
        axis.plot(ends, [top - BAR_STEP * index] * 2, color="0.25", linewidth=4, solid_capstyle="butt")
    for index, sampler in enumerate(samplers):
        _name_sampler(axis, index, f"{sampler} {ranks[index]:.2f}", styles[sampler], ranks, top)
    axis.set(xlim=(-0.2, len(samplers) + 1.2), ylim=(-0.25 * len(samplers) - 0.4, top + 2.0))
    return [save(figure, path)]


class Range(NamedTuple):
    """Consecutive entries of a sequence, by the indices of the first and the last."""

    first: int
    last: int


def ranges_within(values: Sequence[float], reach: float) -> list[Range]:
    """The widest ranges of at least two of the ascending `values` that differ by at most `reach`."""
    ranges: list[Range] = []
    for first, value in enumerate(values):
        last = int(np.searchsorted(values, value + reach, side="right")) - 1
        is_inside_previous = bool(ranges) and last <= ranges[-1].last
        if last > first and not is_inside_previous:
            ranges.append(Range(first, last))
    return ranges


def cost_profiles(
    profiles: Mapping[str, Profile], threshold: float, styles: Styles, path: Path
) -> list[Path]:
    """Draw the share of targets solved against the cost over the cheapest solver's.

    Of many samplers, the MANY that solve most are drawn. No file is made for fewer than MIN_TARGETS targets,
    or if the profiles are alike.
    """
    chosen = _best(profiles)
    targets = max([profile.targets for profile in profiles.values()], default=0)
    curves = {(profile.targets, *profile.ratios.tolist()) for profile in chosen.values()}
    if targets < MIN_TARGETS or len(curves) < 2:
        return []
    figure, (axis,) = panels(1, 1, 8.0, 4.0)
    end = 1.5 * max([2.0, *(profile.ratios[-1] for profile in chosen.values() if len(profile.ratios))])
    apart = min(0.008, 0.08 / len(chosen))  # a small shift, so that equal curves do not coincide
    for index, (sampler, profile) in enumerate(chosen.items()):
        colour, marker = styles[sampler]
        ratios = np.array([0.9, *profile.ratios, end])
        shares = np.array([profile.share(ratio) for ratio in ratios])
        shifted = shares + apart * (index - len(chosen) / 2)
        axis.step(ratios, shifted, where="post", color=colour, linewidth=1.8)
        axis.plot(ratios[1:-1], shifted[1:-1], marker, color=colour, **MARK)
    axis.set(xscale="log", xlim=(0.9, end), ylim=(-0.05, 1.05))
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if end < 1e3 else (1,)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("what is spent, in gradients, over the cheapest solver's on the same target")
    axis.set_ylabel(f"share of targets with bias² < {threshold}")
    axis.spines[["top", "right"]].set_visible(False)
    title = "Who solves how much at which price: upper left is better"
    title_and_legend(figure, title, sampler_handles(chosen, styles))
    return [save(figure, path)]


def _best(profiles: Mapping[str, Profile]) -> dict[str, Profile]:
    """The profiles of the MANY samplers that solve most, the cheaper of equals, in the order of samplers."""

    def merit(sampler: str) -> tuple[float, float, tuple[int, str]]:
        profile = profiles[sampler]
        return -profile.share(np.inf), float(np.log(profile.ratios).sum()), position(sampler)

    chosen = sorted(profiles, key=merit)[:MANY]
    return {sampler: profiles[sampler] for sampler in sort_samplers(chosen)}


def _rank_panel(axis: Axes, values: Values, styles: Styles) -> None:
    ranks = intervals(values)
    bootstrapped = dict(zip(values, bootstrapped_ranks(values).T, strict=True))
    samplers = sorted(ranks, key=lambda sampler: (ranks[sampler].middle, sampler))
    for height, sampler in enumerate(samplers):
        _draw_bootstrapped(axis, height, bootstrapped[sampler])
        interval, (colour, marker) = ranks[sampler], styles[sampler]
        line = "-" if interval.level else ":"
        axis.plot([interval.low, interval.high], [height] * 2, line, color=colour, linewidth=2)
        axis.plot(interval.middle, height, marker, color=colour, **MARK)
    axis.set(yticks=range(len(samplers)), yticklabels=samplers, ylim=(len(samplers) - 0.5, -0.5))
    axis.set_xlim(0.5, len(samplers) + 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.tick_params(axis="y", length=0)


def _draw_bootstrapped(axis: Axes, height: int, ranks: np.ndarray) -> None:
    """Draw a bar at each rank, as high as its share of the bootstrapped `ranks` (times,)."""
    values, counts = np.unique(ranks, return_counts=True)
    for value, share in zip(values, counts / len(ranks), strict=True):
        ends = [height - 0.4 * share, height + 0.4 * share]
        axis.plot([value] * 2, ends, color="0.8", linewidth=6, solid_capstyle="butt")


def _draw_rank_axis(axis: Axes, samplers: int, top: float, difference: float) -> None:
    """Draw the axis of ranks with its ticks and, above it, the length of the critical difference."""
    axis.plot([1, samplers], [top, top], color=GREY, linewidth=1)
    for rank in range(1, samplers + 1):
        axis.plot([rank, rank], [top, top + 0.15], color=GREY, linewidth=1)
        if rank == 1 or not rank % (1 + samplers // 12):
            axis.text(rank, top + 0.25, str(rank), ha="center", va="bottom", color=GREY)
    axis.plot([1, 1 + difference], [top + 1.2] * 2, color="0.25", linewidth=1.5, marker="|")
    text = f"critical difference {difference:.2f} (95 %)"
    axis.text(1 + difference / 2, top + 1.35, text, ha="center", va="bottom")


def _name_sampler(
    axis: Axes, index: int, label: str, style: Style, ranks: Sequence[float], top: float
) -> None:
    """Lead from the rank of a sampler to its mark and label; the better half is named on the left."""
    colour, marker = style
    rank, is_left = ranks[index], index < len(ranks) / 2
    height = -0.5 * (index if is_left else len(ranks) - 1 - index)
    side, alignment = (0.6, "right") if is_left else (len(ranks) + 0.4, "left")
    axis.plot([rank, rank, side], [top, height, height], color=colour, linewidth=1)
    axis.plot(side, height, marker, color=colour, markersize=8, markeredgecolor="white")
    axis.text(side, height, f"   {label}   ", ha=alignment, va="center", color=colour, weight="bold")
