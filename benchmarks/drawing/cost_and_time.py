"""Figures with a panel per target: the squared bias against its cost, and the seconds of each phase."""

from collections.abc import Collection, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.order import position
from bridgemark.benchmarks.analysis.row_table import TableRow
from bridgemark.benchmarks.analysis.summary_table import SummaryRow
from bridgemark.benchmarks.drawing.style import (
    ALARM,
    GREY,
    MANY,
    PHASE_COLOURS,
    Styles,
    label_decades,
    panels,
    remark,
    sampler_handles,
    save,
    title_and_legend,
)
from bridgemark.benchmarks.rows.row import STATUSES
from bridgemark.benchmarks.text import number

PANELS_ACROSS = 4
UNNAMED = "0.72"  # the grey of samplers that have no colour


def bias_against_cost(
    rows: Sequence[TableRow], styles: Styles, path: Path, highlighted: Collection[str] = ()
) -> list[Path]:
    """Draw the worst squared bias of x against what was spent, a mark per seed, and the score of exact draws.

    The rows of a target are consecutive. Of more than MANY samplers, those have their colours that no sampler
    beats both in cost and in bias, and those that are `highlighted`; the others are grey. No file is made if
    no row has both numbers.
    """
    marked = [row for row in rows if _has_mark(row)]
    if not marked:
        return []
    by_target = [(name, list(group)) for name, group in groupby(rows, key=lambda row: row[columns.TARGET])]
    coloured = {row[columns.SAMPLER] for row in marked}
    is_crowded = len(coloured) > MANY
    if is_crowded:
        unbeaten = {sampler for _, target_rows in by_target for sampler in _unbeaten(target_rows)}
        coloured &= {*highlighted, *unbeaten}
    figure, axes = panels(len(by_target), PANELS_ACROSS, 3.4, 3.0)
    for axis, (target, target_rows) in zip(axes, by_target, strict=True):
        axis.set(xscale="log", yscale="log")
        label_decades(axis.xaxis)
        label_decades(axis.yaxis)
        axis.set_title(target, loc="left")
        _bias_panel(axis, target_rows, styles, coloured)
    figure.supxlabel(
        "evaluations to fit and to sample, in gradients (a value alone is a third)", fontsize="medium"
    )
    for axis in axes[::PANELS_ACROSS]:
        axis.set_ylabel("worst squared bias of x, in variances")
    handles = sampler_handles(coloured, styles)
    if is_crowded:
        handles.append(Line2D([], [], color=UNNAMED, marker="o", linestyle="", label="beaten by another"))
    floor = Line2D([], [], color=GREY, linestyle="--", label="exact draws")
    handles += [floor, Patch(color="0.88", label="below the truth's own error")]
    title_and_legend(figure, "Accuracy against cost, one mark per seed: lower left is better", handles)
    return [save(figure, path)]


def _unbeaten(rows: Sequence[TableRow]) -> list[str]:
    """The samplers of one target that no sampler beats both in median cost and in median bias."""
    marks: dict[str, list[tuple[float, float]]] = {}
    for row in filter(_has_mark, rows):
        marks.setdefault(row[columns.SAMPLER], []).append((row[columns.SPENT], row[columns.MAIN_METRIC]))
    medians = {sampler: np.median(pairs, axis=0) for sampler, pairs in marks.items()}
    return [
        sampler
        for sampler, median in medians.items()
        if not any(np.all(rival < median) for rival in medians.values())
    ]


def _bias_panel(axis: Axes, rows: Sequence[TableRow], styles: Styles, coloured: Collection[str]) -> None:
    for row in filter(_has_mark, rows):
        colour, marker = styles[row[columns.SAMPLER]]
        spent, bias = row[columns.SPENT], row[columns.MAIN_METRIC]
        if row[columns.SAMPLER] in coloured:
            axis.plot(spent, bias, marker, color=colour, markersize=7, markeredgecolor="white", zorder=3)
        else:
            axis.plot(spent, bias, "o", color=UNNAMED, markersize=5, markeredgecolor="white")
    _name_failures(axis, rows)
    if axis.lines:
        _draw_floor(axis, rows)
    axis.margins(0.12)
    axis.grid(color="0.93", linewidth=0.8)


def _has_mark(row: TableRow) -> bool:
    return row[columns.STATUS] == "ok" and 0 < (row.get(columns.MAIN_METRIC) or 0) < np.inf and _has_cost(row)


def _has_cost(row: TableRow) -> bool:
    """Exact draws need no gradient and so have no place on an axis of cost; the floor shows them."""
    return 1 <= (row.get(columns.SPENT) or 0) < np.inf


def _draw_floor(axis: Axes, rows: Sequence[TableRow]) -> None:
    """Draw a line where exact draws score, if known, and shade what the error of the truth cannot resolve."""
    floor, error = columns.floor_of(columns.MAIN_METRIC), columns.error_of(columns.MAIN_METRIC)
    floors = [row[floor] for row in rows if row.get(floor)]
    errors = [row[error] for row in rows if row.get(error)]
    if floors:
        axis.axhline(float(np.median(floors)), color=GREY, linestyle="--", linewidth=1.2, zorder=1)
    if errors:
        bottom = min([axis.get_ylim()[0], min(errors) / 3])
        axis.axhspan(bottom, max(errors), color="0.88", linewidth=0, zorder=0)
        axis.set_ylim(bottom=bottom)


def _name_failures(axis: Axes, rows: Sequence[TableRow]) -> None:
    """Name the failures beside the title; if nothing at all is known of the bias, say so in the panel.

    A row that spent nothing is not a failure: it has exact draws.
    """
    failures = set()
    for row in rows:
        if row[columns.STATUS] != "ok":
            failures.add((row[columns.SAMPLER], row[columns.STATUS]))
        elif not _has_mark(row) and row.get(columns.MAIN_METRIC) is not None and _has_cost(row):
            failures.add((row[columns.SAMPLER], "nan"))
    text = "\n".join(f"× {sampler}: {status}" for sampler, status in sorted(failures))
    axis.set_title(text, loc="right", color=ALARM, size="small", weight="normal")
    if not axis.lines and not failures:
        remark(axis, "moments not known")


def seconds_by_phase(summary_rows: Sequence[SummaryRow], path: Path) -> list[Path]:
    """Draw the median seconds to compile, fit and sample, a bar per sampler; each panel has its own scale.

    The summary rows of a target are consecutive. No file is made if no row has all three numbers.
    """
    if not any(_has_seconds(row) for row in summary_rows):
        return []
    by_target = []
    for target, group in groupby(summary_rows, key=lambda row: row[columns.TARGET]):
        bars = sorted(group, key=lambda row: (position(row[columns.SAMPLER]), row[columns.LABEL]))
        by_target.append((target, bars))
    tallest = max(len(bars) for _, bars in by_target)
    figure, axes = panels(len(by_target), PANELS_ACROSS, 3.4, 0.9 + 0.32 * tallest)
    for axis, (target, bars) in zip(axes, by_target, strict=True):
        for height, row in enumerate(bars):
            _bar(axis, height, row)
        labels = [row[columns.LABEL] for row in bars]
        axis.set(yticks=range(len(bars)), yticklabels=labels, ylim=(len(bars) - 0.5, -0.5))
        axis.set_xlim(0, 1.3 * max(axis.dataLim.x1, 1e-3))
        axis.xaxis.set_major_locator(MaxNLocator(4))
        axis.set_title(target, loc="left")
        axis.tick_params(axis="y", length=0)
        axis.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("seconds (each panel has its own scale)", fontsize="medium")
    handles = [Patch(color=colour, label=phase) for phase, colour in PHASE_COLOURS.items()]
    title = "Where the seconds go: medians over seeds, compiled once for all seeds"
    title_and_legend(figure, title, handles)
    return [save(figure, path)]


def _has_seconds(row: SummaryRow) -> bool:
    return all(row.get(name) is not None for name in columns.PHASE_SECONDS)


def _bar(axis: Axes, height: int, row: SummaryRow) -> None:
    """The bar of one summary row, or the status of its seeds where none has all the seconds."""
    if not _has_seconds(row):
        failure = next(status for status in STATUSES if status != "ok" and row.get(status))
        axis.text(0.02, height, failure, color=ALARM, va="center", transform=axis.get_yaxis_transform())
        return
    seconds = [row[name] for name in columns.PHASE_SECONDS]
    starts = np.cumsum([0.0, *seconds])
    for start, length, colour in zip(starts, seconds, PHASE_COLOURS.values(), strict=False):
        axis.barh(height, length, left=start, color=colour, height=0.72)
    seeds = row[columns.SEEDS]
    counts = "" if row["ok"] == seeds else f"  ({row['ok']}/{seeds} ok)"
    axis.text(starts[-1], height, f" {number(starts[-1])} s{counts}", va="center", size="small")
