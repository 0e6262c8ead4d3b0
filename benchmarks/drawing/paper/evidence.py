"""The figure of log Z against the number of steps: published numbers with true values, and ours."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.analysis import columns, published
from bridgemark.benchmarks.drawing.paper.figure import (
    BLUE,
    COLUMN,
    GREEN,
    ORANGE,
    PURPLE,
    Drawn,
    PaperFigure,
    Sources,
    made_from_rows,
)
from bridgemark.benchmarks.sampler_names import parts_of
from bridgemark.benchmarks.text import number

PAPER = "2302.13834"  # Vargas, Grathwohl and Doucet 2023, figures 2 and 3
COLOURS = {"dds": BLUE, "pis": ORANGE, "smc": GREEN, "bridge": PURPLE}
MARKERS = {"dds": "^", "pis": "<", "smc": "D", "bridge": "v"}
STEPS = re.compile(r"K=(\d+)")
OF_PATHS = re.compile(r"\bsteps=(\d+)")
LINEAR = 0.1  # nats, within which the axis is linear
SHIFT = 1.07  # between samplers at the same number of steps, as a factor
ADAPTIVE = 1_024  # where samplers are drawn that choose their number of steps
TICKS = {32: "32", 64: "64", 128: "128", 256: "256", 512: "512", ADAPTIVE: "ad."}
MADE = (
    "Estimate of log Z less the truth, on a scale that is linear within a tenth of a nat. Hollow: means and "
    "standard deviations over 30 seeds of Vargas, Grathwohl and Doucet (2023), figures 2 and 3, from the "
    "authors' raw data, less the truths of this repository; full: our rows, medians and ranges over seeds; "
    "ad.: our smc, which chooses its temperatures itself. "
)


class Point(NamedTuple):
    """An estimate of log Z less the truth, at a number of steps, and how far it varies over seeds."""

    sampler: str
    steps: float
    error: float
    low: float
    high: float


class Panel(NamedTuple):
    """The published points of a target and our own."""

    target: str
    theirs: list[Point]
    ours: list[Point]


def draw(sources: Sources) -> Drawn | None:
    """A panel for each target that has published numbers by steps."""
    lines = published_by_steps()
    targets = sorted(lines[columns.TARGET].unique())
    if not len(sources.rows):
        return None
    ours = _own_rows(sources.table, targets)
    figure, axes = plt.subplots(3, 2, figsize=(COLUMN, 4.0), layout="constrained", sharex=True)
    panels = []
    for axis, target in zip(axes.flat, targets, strict=False):
        theirs = _published_points(lines.loc[lines[columns.TARGET] == target], target)
        panels.append(Panel(target, theirs, _own_points(ours.loc[ours[columns.TARGET] == target])))
        _draw(axis, panels[-1])
    axes[1, 0].set_ylabel("error of log Z")
    for axis in (axes[1, 1], axes[2, 0]):
        axis.tick_params(labelbottom=True)
        axis.set_xlabel("steps")
    axes[-1, -1].set_axis_off()
    axes[-1, -1].legend(handles=_handles(), loc="center")
    return Drawn(figure, _finding(panels), MADE + made_from_rows(ours))


def published_by_steps() -> pd.DataFrame:
    """The paper's estimates of log Z, one line per target, method and number of steps."""
    table = published.read()
    steps = table[columns.SETTINGS].str.extract(STEPS, expand=False)
    chosen = (
        table["arxiv"].astype(str).eq(PAPER)
        & table[columns.METRIC].eq(columns.LOG_Z)
        & table[columns.METHOD].str.lower().isin(COLOURS)
        & steps.notna()
    )
    lines = table.loc[chosen].assign(steps=steps[chosen].astype(int))
    return lines.assign(sampler=lines[columns.METHOD].str.lower())


def _published_points(lines: pd.DataFrame, target: str) -> list[Point]:
    """The published means, less the truth."""
    truth = registry.load_target(target)().log_z
    assert truth is not None, f"{target} has published estimates of log Z, so it has a truth"
    points = []
    for line in lines.sort_values(["sampler", "steps"]).to_dict("records"):
        error, sd = line[columns.VALUE] - truth.value, line[columns.SD]
        points.append(Point(line["sampler"], line["steps"], error, error - sd, error + sd))
    return points


def _own_rows(table: pd.DataFrame, targets: Sequence[str]) -> pd.DataFrame:
    """The rows with an error of log Z of the shown samplers on these targets, at any number of steps.

    The sampler of `dds[steps=64]` is `dds`; one with other settings changed is not shown.
    """
    parts = table[columns.SAMPLER].map(parts_of)
    registered = parts.map(lambda part: part.registered)
    differs_by_steps = parts.map(lambda part: set(part.settings) <= {"steps"})
    chosen = table[columns.TARGET].isin(targets) & registered.isin(COLOURS) & differs_by_steps
    return table.loc[chosen & table[columns.LOG_Z_ERROR].notna()].assign(sampler=registered)


def _own_points(rows: pd.DataFrame) -> list[Point]:
    """Medians and ranges over seeds, by sampler and number of steps."""
    errors = rows.assign(error=rows[columns.LOG_Z_ERROR].astype(float))
    steps = errors[columns.CONFIG].str.extract(OF_PATHS, expand=False).astype(float)
    errors["steps"] = steps.fillna(ADAPTIVE)
    points = []
    for (sampler, count), group in errors.groupby([columns.SAMPLER, "steps"]):  # pyright: ignore
        seeds = group["error"].to_numpy(float)
        points.append(Point(str(sampler), float(count), float(np.median(seeds)), seeds.min(), seeds.max()))
    return points


def _draw(axis: Axes, panel: Panel) -> None:
    axis.set_title(panel.target)
    axis.axhline(0, color="0.4", linewidth=0.6)
    axis.set_xscale("log")
    axis.set_yscale("symlog", linthresh=LINEAR, linscale=0.7)
    for points, face in ((panel.theirs, "white"), (panel.ours, None)):
        for sampler, colour in COLOURS.items():
            shown = [point for point in points if point.sampler == sampler]
            shift = SHIFT ** (list(COLOURS).index(sampler) - 1)
            for point in shown:
                axis.plot([point.steps * shift] * 2, [point.low, point.high], color=colour, linewidth=0.8)
            axis.plot(
                [point.steps * shift for point in shown],
                [point.error for point in shown],
                MARKERS[sampler],
                color=colour,
                markerfacecolor=face or colour,
                markeredgewidth=0.7,
            )
    axis.xaxis.set_major_locator(FixedLocator(list(TICKS)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: TICKS[int(value)]))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_locator(FixedLocator([-10, -1, -LINEAR, 0, LINEAR, 1]))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value).replace("-", "−")))


def _handles() -> list[Line2D]:
    handles = [
        Line2D([], [], color=colour, marker=MARKERS[name], linestyle="", label=name)
        for name, colour in COLOURS.items()
    ]
    for label, face in (("published", "white"), ("ours", "0.2")):
        handles.append(
            Line2D([], [], color="0.2", marker="o", linestyle="", markerfacecolor=face, label=label)
        )
    return handles


def _finding(panels: Sequence[Panel]) -> str:
    """How far our own and the published estimates of dds with most steps are off, where there are both."""
    parts = []
    for panel in panels:
        ours = [abs(point.error) for point in panel.ours if point.sampler == "dds"]
        theirs = [abs(point.error) for point in panel.theirs if point.sampler == "dds"]
        if ours and theirs:
            parts.append(f"{panel.target} {number(ours[-1])} here, {number(theirs[-1])} published")
    return f"Error of log Z of dds with its most steps: {'; '.join(parts)} (nats)."


FIGURES = {"evidence": PaperFigure(draw, of_rows=True)}
