"""The figure of stored draws: targets down, samplers across, each panel over the target that was sampled."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import jax
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.analysis.order import sort_samplers
from bridgemark.benchmarks.drawing.style import (
    ALARM,
    Styles,
    remark,
    save,
    title_and_legend,
)
from bridgemark.benchmarks.rows.row import Row
from bridgemark.targets.base import Sample, Target

SAMPLERS_ACROSS = 10
MAX_TARGETS = 12  # in a figure, those with the fewest dimensions
EXACT_DRAWS = 4_000
CONTOUR_POINTS = 160  # of the grid, along each axis
UNIT_CORNERS = np.array([[-1.0, -1.0], [1.0, 1.0]])
SIGMAS = (4, 3, 2, 1)  # a contour is where the log-density is this many standard deviations below its top


class Window(NamedTuple):
    """The corners (2,) of what a panel shows."""

    low: np.ndarray
    high: np.ndarray


def draw_panels(rows: Sequence[Row], styles: Styles, path: Path) -> list[Path]:
    """Draw the shown draws of each sampler on each of up to MAX_TARGETS, those of the first seed with any.

    Draws in two dimensions lie over contours of the target. Of larger targets the first two coordinates are
    shown, over exact draws; without exact draws they are left out. More than SAMPLERS_ACROSS samplers take
    several blocks of panels, one below the other. No file is made if there is nothing to show.
    """
    targets = list(islice(_shown_targets(rows), MAX_TARGETS))
    if not targets:
        return []
    samplers = sort_samplers(row.sampler for row in rows)
    blocks = [samplers[first : first + SAMPLERS_ACROSS] for first in range(0, len(samplers), SAMPLERS_ACROSS)]
    down = len(blocks) * len(targets)
    across = min(len(samplers), SAMPLERS_ACROSS)
    figure, axes = plt.subplots(
        down,
        across,
        squeeze=False,
        sharex="row",
        sharey="row",
        layout="constrained",
        figsize=(2.3 * across, 2.4 * down),
    )
    rows_of_panels = iter(axes)
    for block in blocks:
        for index, target in enumerate(targets):
            panels = next(rows_of_panels)
            _draw_target(panels, target, block, rows, styles)
            if index == 0:
                for axis, sampler in zip(panels, block, strict=False):
                    axis.set_title(sampler, color=styles[sampler].colour)
    title = "Draws (weighted ones resampled) over the target: its contours, or exact draws in grey"
    title_and_legend(figure, title, [])
    return [save(figure, path)]


def _shown_targets(rows: Sequence[Row]) -> Iterator[Target]:
    """The registered targets of the rows, in their order, that can be drawn in two dimensions."""
    builders = registry.targets()
    for name in dict.fromkeys(row.target for row in rows):
        if name in builders:
            target = builders[name]()
            dim = target.density.dim
            if dim == 2 or (dim > 2 and target.sample is not None):
                yield target


def _draw_target(
    panels: Sequence[Axes],
    target: Target,
    samplers: Sequence[str],
    rows: Sequence[Row],
    styles: Styles,
) -> None:
    """Draw one target: a panel for each of the samplers; the panels that are left over stay blank."""
    statuses: dict[str, str] = {}  # of the first seed
    clouds: dict[str, np.ndarray] = {}  # of the first seed that has any
    for row in rows:
        if row.target == target.name and row.sampler in samplers:
            statuses.setdefault(row.sampler, row.status)
            if row.shown_draws and row.sampler not in clouds:
                clouds[row.sampler] = np.array(row.shown_draws)
    exact = None if target.sample is None else _exact_draws(target.sample)
    window = _window(exact, clouds)
    draw_background = _background(target, exact, window)
    for axis in panels[len(samplers) :]:
        axis.set_visible(False)
    for axis, sampler in zip(panels, samplers, strict=False):
        draw_background(axis)
        (left, bottom), (right, top) = window
        axis.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
        cloud = clouds.get(sampler)
        if cloud is None:
            remark(
                axis, "no draws" if statuses.get(sampler) == "ok" else statuses.get(sampler, "not run"), ALARM
            )
        else:
            axis.plot(*cloud.T, ".", color=styles[sampler].colour, markersize=2.2, alpha=0.6)
    panels[0].set_ylabel(f"{target.name}: x₁ against x₀" if target.density.dim > 2 else target.name)


def _exact_draws(sample: Sample) -> np.ndarray:
    """The first two coordinates of EXACT_DRAWS exact draws."""
    return np.asarray(jax.jit(sample, static_argnums=1)(jax.random.key(0), EXACT_DRAWS))[:, :2]


def _window(exact: np.ndarray | None, clouds: dict[str, np.ndarray]) -> Window:
    """What holds nearly all exact draws or, without any, nearly all draws of the samplers."""
    points = exact
    if points is None:
        points = np.concatenate([*clouds.values(), UNIT_CORNERS])
    low, high = np.quantile(points, (0.005, 0.995), axis=0)
    return Window(low - 0.1 * (high - low), high + 0.1 * (high - low))


def _background(target: Target, exact: np.ndarray | None, window: Window) -> Callable[[Axes], object]:
    """A function that draws the target into a panel: contours in two dimensions, or else its exact draws."""
    if target.density.dim == 2:
        return _contours(target, window)
    assert exact is not None  # `_shown_targets` leaves out larger targets without exact draws
    return lambda axis: axis.plot(*exact.T, ".", color="0.75", markersize=1.5, zorder=0)


def _contours(target: Target, window: Window) -> Callable[[Axes], object]:
    sides = [np.linspace(low, high, CONTOUR_POINTS) for low, high in zip(*window, strict=True)]
    points = np.stack(np.meshgrid(*sides), axis=-1)
    log_density = np.asarray(jax.jit(jax.vmap(jax.vmap(target.density.log_prob)))(points))
    levels = np.nanmax(log_density) - 0.5 * np.square(SIGMAS)
    lines = {"colors": "0.6", "linewidths": 0.6, "linestyles": "solid", "zorder": 0}
    return lambda axis: axis.contour(*sides, log_density, levels=levels, **lines)
