"""The figure of the errors of log Z: targets down, a mark per seed, failures at the right edge."""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.row_table import TableRow
from bridgemark.benchmarks.drawing.style import (
    GREY,
    Style,
    Styles,
    panels,
    sampler_handles,
    save,
    sort_samplers,
    title_and_legend,
)
from bridgemark.benchmarks.text import number

LINEAR = 0.01  # errors of log Z below this are drawn on a linear scale


def log_z_errors(rows: Sequence[TableRow], styles: Styles, path: Path) -> Path:
    """Draw the signed errors on a symmetric logarithmic axis."""
    rows = _with_log_z(rows)
    samplers = sort_samplers(row[columns.SAMPLER] for row in rows)
    targets = list(dict.fromkeys(row[columns.TARGET] for row in rows))
    height_of_target = max(0.75, 0.11 * len(samplers))
    figure, (axis,) = panels(1, 1, 9.5, 1.0 + height_of_target * max(1, len(targets)))
    errors = [abs(row[columns.LOG_Z_ERROR]) for row in rows if _is_finite(row)]
    _set_scale(axis, max([LINEAR, *errors]))
    for row in rows:
        sampler = row[columns.SAMPLER]
        offset = (samplers.index(sampler) + 0.5) / len(samplers) - 0.5
        _mark(axis, row, targets.index(row[columns.TARGET]) + 0.8 * offset, styles[sampler])
    for index, target in enumerate(targets):
        rows_of_target = [row for row in rows if row[columns.TARGET] == target]
        _draw_truth(axis, index, [row.get(columns.LOG_Z_TRUTH_ERROR) or 0.0 for row in rows_of_target])
    axis.set(yticks=range(len(targets)), yticklabels=targets, ylim=(len(targets) - 0.5, -0.5))
    axis.set_xlabel(f"estimate of log Z less the truth, in nats (linear inside ±{LINEAR})")
    axis.tick_params(axis="y", length=0)
    handles = [
        *sampler_handles(samplers, styles),
        Line2D([], [], color=GREY, marker="x", linestyle="", label="failed seed"),
        Patch(color="0.85", label="3 standard errors of the truth"),
    ]
    title_and_legend(figure, "How far log Z is off, one mark a seed", handles)
    return save(figure, path)


def _with_log_z(rows: Sequence[TableRow]) -> list[TableRow]:
    """Rows with an error of log Z, and failures of samplers that could have one; Markov chains never have."""
    samplers_with_error = {row[columns.SAMPLER] for row in rows if row.get(columns.LOG_Z_ERROR) is not None}
    ok_samplers = {row[columns.SAMPLER] for row in rows if row[columns.STATUS] == "ok"}
    samplers_without = ok_samplers - samplers_with_error
    chosen = []
    for row in rows:
        has_error = row.get(columns.LOG_Z_ERROR) is not None
        if row[columns.SAMPLER] not in samplers_without and (row[columns.STATUS] != "ok" or has_error):
            chosen.append(row)
    return chosen


def _draw_truth(axis: Axes, index: int, errors: Sequence[float]) -> None:
    """Shade three standard errors of the truth of the target at this index, and draw a line below it."""
    reach = 3 * max(errors)
    axis.add_patch(Rectangle((-reach, index - 0.5), 2 * reach, 1, color="0.85", linewidth=0, zorder=0))
    axis.axhline(index + 0.5, color="0.9", linewidth=0.8, zorder=0)


def _set_scale(axis: Axes, reach: float) -> None:
    axis.set_xscale("symlog", linthresh=LINEAR, linscale=0.6)
    axis.set_xlim(-4 * reach, 4 * reach)
    decades = [LINEAR * 10**power for power in range(12) if LINEAR * 10**power < 4 * reach]
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
        dots = {"color": colour, "markersize": 8, "markeredgecolor": "white", "alpha": 0.9}
        axis.plot(error, height, marker, **dots)
    else:
        axis.plot(0.985, height, "x", color=colour, markersize=6, transform=axis.get_yaxis_transform())
