"""The figure of the errors of log Z: a panel per target, samplers down, and a mark per seed."""

import math
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.order import sort_samplers
from bridgemark.benchmarks.analysis.row_table import TableRow
from bridgemark.benchmarks.drawing.style import (
    GREY,
    Style,
    Styles,
    panels,
    save,
    title_and_legend,
)
from bridgemark.benchmarks.text import number

LINEAR = 0.01  # errors of log Z below this are drawn on a linear scale
PANELS_ACROSS = 4


def log_z_errors(rows: Sequence[TableRow], styles: Styles, path: Path) -> list[Path]:
    """Draw the signed errors on symmetric logarithmic axes; no file is made if no row has an error.

    The rows of a target are consecutive. A failure is a cross at the right edge.
    """
    by_target = []
    for target, group in groupby(_with_log_z(rows), key=lambda row: row[columns.TARGET]):
        by_target.append((target, list(group)))
    if not any(_is_finite(row) for _, target_rows in by_target for row in target_rows):
        return []
    most = max(len({row[columns.SAMPLER] for row in target_rows}) for _, target_rows in by_target)
    figure, axes = panels(len(by_target), PANELS_ACROSS, 3.4, 1.0 + 0.24 * most)
    for axis, (target, target_rows) in zip(axes, by_target, strict=True):
        axis.set_title(target, loc="left")
        _panel(axis, target_rows, styles)
    figure.supxlabel(
        f"estimate of log Z less the truth, in nats (linear inside ±{LINEAR})", fontsize="medium"
    )
    handles = [
        Line2D([], [], color=GREY, marker="o", linestyle="", label="seed"),
        Line2D([], [], color=GREY, marker="x", linestyle="", label="failed seed"),
        Patch(color="0.85", label="3 standard errors of the truth"),
    ]
    title_and_legend(figure, "How far log Z is off", handles)
    return [save(figure, path)]


def _panel(axis: Axes, rows: Sequence[TableRow], styles: Styles) -> None:
    """The errors of one target, and what the error of its truth hides."""
    samplers = sort_samplers(row[columns.SAMPLER] for row in rows)
    errors = [abs(row[columns.LOG_Z_ERROR]) for row in rows if _is_finite(row)]
    _set_scale(axis, max([LINEAR, *errors]))
    reach = 3 * max(row.get(columns.LOG_Z_TRUTH_ERROR) or 0.0 for row in rows)
    axis.axvspan(-reach, reach, color="0.85", linewidth=0, zorder=0)
    for row in rows:
        _mark(axis, row, samplers.index(row[columns.SAMPLER]), styles[row[columns.SAMPLER]])
    axis.set(yticks=range(len(samplers)), yticklabels=samplers, ylim=(len(samplers) - 0.5, -0.5))
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="y", color="0.93", linewidth=0.8)
    axis.spines[["top", "right"]].set_visible(False)


def _with_log_z(rows: Sequence[TableRow]) -> list[TableRow]:
    """Rows with an error of log Z, and failures of samplers that could have one; Markov chains never have."""
    samplers_with_error = {row[columns.SAMPLER] for row in rows if row.get(columns.LOG_Z_ERROR) is not None}
    ok_samplers = {row[columns.SAMPLER] for row in rows if row[columns.STATUS] == "ok"}
    samplers_without = ok_samplers - samplers_with_error
    chosen = []
    for row in rows:
        has_error = row.get(columns.LOG_Z_ERROR) is not None
        failed = row[columns.STATUS] not in ("ok", "unsupported")
        if row[columns.SAMPLER] not in samplers_without and (failed or has_error):
            chosen.append(row)
    return chosen


def _set_scale(axis: Axes, reach: float) -> None:
    """A scale that holds all errors; at most two decades are labelled on either side of zero."""
    axis.set_xscale("symlog", linthresh=LINEAR, linscale=0.6)
    axis.set_xlim(-4 * reach, 4 * reach)
    decades = [LINEAR * 10**power for power in range(12) if LINEAR * 10**power < 4 * reach]
    if len(decades) > 2:  # the label of the smallest would overlap that of zero
        decades = decades[1 :: -(-(len(decades) - 1) // 2)]
    axis.xaxis.set_major_locator(FixedLocator([*(-value for value in decades), 0, *decades]))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value).replace("-", "−")))
    axis.axvline(0, color=GREY, linewidth=0.8, zorder=1)


def _is_finite(row: TableRow) -> bool:
    return row[columns.STATUS] == "ok" and math.isfinite(row[columns.LOG_Z_ERROR])


def _mark(axis: Axes, row: TableRow, height: float, style: Style) -> None:
    """Draw one seed: its marker at the error, or a cross at the right edge."""
    colour, marker = style
    if _is_finite(row):
        error = row[columns.LOG_Z_ERROR]
        dots = {"color": colour, "markersize": 7, "markeredgecolor": "white", "alpha": 0.9}
        axis.plot(error, height, marker, **dots)
    else:
        axis.plot(0.985, height, "x", color=colour, markersize=6, transform=axis.get_yaxis_transform())
