"""Small multiples, a panel a target: bias against cost, and where the seconds go."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, NullFormatter

from bridgemark.benchmarks.analysis.tables import MAIN, SECONDS, Line
from bridgemark.benchmarks.drawing.style import (
    ALARM,
    FIXED,
    GREY,
    PHASES,
    grid,
    head,
    looks,
    note,
    order,
    sampler_handles,
    save,
)
from bridgemark.benchmarks.rows.row import STATUSES
from bridgemark.benchmarks.text import number

ACROSS = 4  # panels


def bias_cost(rows: Sequence[Line], path: Path) -> Path:
    """Worst squared bias of x against what was spent, a mark a seed, and what exact draws score."""
    samplers = order(row["sampler"] for row in rows if _placed(row))
    targets = [(name, list(group)) for name, group in groupby(rows, key=lambda row: row["target"])]
    figure, axes = grid(len(targets), ACROSS, 3.4, 3.0)
    for axis, (target, own) in zip(axes, targets, strict=True):
        axis.set(xscale="log", yscale="log")
        axis.xaxis.set_minor_formatter(NullFormatter())  # within one decade its labels would overlap
        axis.set_title(target, loc="left")
        for row in filter(_placed, own):
            colour, marker = looks(samplers)[row["sampler"]]
            axis.plot(row["spent"], row[MAIN], marker, color=colour, markersize=7, markeredgecolor="white")
        _absent(axis, [row for row in own if not _placed(row)])
        if axis.lines:
            _floor(axis, own)
        axis.margins(0.12)
        axis.grid(color="0.93", linewidth=0.8)
    figure.supxlabel(
        "evaluations to fit and to sample, in gradients (a value alone is a third)", fontsize="medium"
    )
    for axis in axes[::ACROSS]:
        axis.set_ylabel("worst squared bias of x, in variances")
    extra = [
        Line2D([], [], color=GREY, linestyle="--", label="exact draws"),
        Patch(color="0.88", label="below the truth's own error"),
    ]
    head(
        figure,
        "Accuracy against cost, one mark a seed: lower left is better",
        [*sampler_handles(samplers), *extra],
    )
    return save(figure, path)


def _placed(row: Line) -> bool:
    return row["status"] == "ok" and 0 < (row.get(MAIN) or 0) < np.inf and _competes(row)


def _competes(row: Line) -> bool:
    """Exact draws, which need no gradient, have no place on an axis of cost: the floor shows them."""
    return 1 <= (row.get("spent") or 0) < np.inf


def _floor(axis: Axes, rows: Sequence[Line]) -> None:
    """What exact draws score, where they can be had, and below what the truth itself is uncertain."""
    floors = [row[f"floors.{MAIN}"] for row in rows if row.get(f"floors.{MAIN}")]
    resolved = [row[f"errors.{MAIN}"] for row in rows if row.get(f"errors.{MAIN}")]
    if floors:
        axis.axhline(float(np.median(floors)), color=GREY, linestyle="--", linewidth=1.2, zorder=1)
    if resolved:
        bottom = min([axis.get_ylim()[0], min(resolved) / 3])
        axis.axhspan(bottom, max(resolved), color="0.88", linewidth=0, zorder=0)
        axis.set_ylim(bottom=bottom)


def _absent(axis: Axes, rows: Sequence[Line]) -> None:
    """Name what failed beside the title; a bias that nobody knows is one remark.

    Exact draws, which spend nothing, are the dashed line.
    """
    lost = [row for row in rows if row["status"] != "ok" or (row.get(MAIN) is not None and _competes(row))]
    found = sorted({(row["sampler"], row["status"] if row["status"] != "ok" else "nan") for row in lost})
    text = "\n".join(f"× {sampler}: {status}" for sampler, status in found)
    axis.set_title(text, loc="right", color=ALARM, size="small", weight="normal")
    if not axis.lines and not lost:
        note(axis, "moments not known")


def time(lines: Sequence[Line], path: Path) -> Path:
    """Median seconds to compile, fit and sample: a panel a target with its own scale, a bar a sampler."""
    targets = [(name, list(group)) for name, group in groupby(lines, key=lambda line: line["target"])]
    tallest = max([len(own) for _, own in targets], default=1)
    figure, axes = grid(len(targets), ACROSS, 3.4, 0.9 + 0.32 * tallest)
    for axis, (target, own) in zip(axes, targets, strict=True):
        own = sorted(own, key=lambda line: (FIXED.get(line["sampler"], len(FIXED)), line["label"]))
        for place, line in enumerate(own):
            _bar(axis, place, line)
        axis.set(
            yticks=range(len(own)), yticklabels=[line["label"] for line in own], ylim=(len(own) - 0.5, -0.5)
        )
        axis.set_xlim(0, 1.3 * max(axis.dataLim.x1, 1e-3))
        axis.xaxis.set_major_locator(MaxNLocator(4))
        axis.set_title(target, loc="left")
        axis.tick_params(axis="y", length=0)
        axis.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("seconds (each panel has its own scale)", fontsize="medium")
    handles = [Patch(color=colour, label=phase) for phase, colour in PHASES.items()]
    head(figure, "Where the seconds go: medians over seeds, compiled once for all seeds", handles)
    return save(figure, path)


def _bar(axis: Axes, place: int, line: Line) -> None:
    seconds = [line[name] for name in SECONDS if line.get(name) is not None]
    if len(seconds) < len(SECONDS):
        why = next(status for status in STATUSES if status != "ok" and line.get(status))
        axis.text(0.02, place, why, color=ALARM, va="center", transform=axis.get_yaxis_transform())
        return
    starts = np.cumsum([0.0, *seconds])
    for start, length, colour in zip(starts, seconds, PHASES.values(), strict=False):
        axis.barh(place, length, left=start, color=colour, height=0.72)
    lost = "" if line["ok"] == line["seeds"] else f"  ({line['ok']}/{line['seeds']} ok)"
    axis.text(starts[-1], place, f" {number(starts[-1])} s{lost}", va="center", size="small")
