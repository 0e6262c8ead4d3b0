"""Stored draws over the targets they came from, targets down and samplers across, so many at a time."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from pathlib import Path

import jax
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.drawing.style import ALARM, Colour, head, looks, note, order, save
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store
from bridgemark.targets.base import Sample, Target

ACROSS = 10  # samplers
SHOWN = 1_000  # draws a panel
EXACT = 4_000
CELLS = 160  # of the contour grid, on each side
SQUARE = np.array([[-1.0, -1.0], [1.0, 1.0]])
SIGMAS = (4, 3, 2, 1)  # a contour is where the log-density is this many standard deviations below its top


def samples(store: Store, records: Sequence[Row], path: Path) -> Path:
    """The first ok seed of each pair; targets of more dimensions show two coordinates over exact draws."""
    builders = registry.targets()
    built = [builders[name]() for name in dict.fromkeys(r.target for r in records) if name in builders]
    targets = [
        target
        for target in built
        if target.density.dim == 2 or (target.sample is not None and target.density.dim > 2)
    ]
    samplers = order(record.sampler for record in records)
    blocks = [samplers[start : start + ACROSS] for start in range(0, len(samplers), ACROSS)]
    rows, columns = max(1, len(blocks) * len(targets)), max(1, min(len(samplers), ACROSS))
    figure, axes = plt.subplots(
        rows,
        columns,
        squeeze=False,
        sharex="row",
        sharey="row",
        layout="constrained",
        figsize=(2.3 * columns, 2.4 * rows),
    )
    for row, (block, target) in zip(axes, product(blocks, targets), strict=False):
        own = [record for record in records if record.target == target.name and record.sampler in block]
        colours = {name: looks(samplers)[name][0] for name in block}
        _row(row, target, colours, own, store)
        if target is targets[0]:
            for axis, (sampler, colour) in zip(row, colours.items(), strict=False):
                axis.set_title(sampler, color=colour)
    if not targets:
        note(axes[0, 0], "nothing to draw")
    head(
        figure,
        "Draws (weighted ones resampled) over the target: its contours, or exact draws in grey",
        [],
    )
    return save(figure, path)


def _row(
    axes: Sequence[Axes], target: Target, colours: dict[str, Colour], records: Sequence[Row], store: Store
) -> None:
    """One target: a panel for each sampler of `colours`, the panels that are left over blank."""
    first = {record.sampler: record for record in reversed(records) if record.status == "ok"}
    clouds = {sampler: _shown(store.arrays(record)) for sampler, record in first.items()}
    exact = None if target.sample is None else _exact(target.sample)
    drawn = [cloud for cloud in (exact, *clouds.values()) if cloud is not None]
    low, high = _window(drawn[0] if exact is not None else np.concatenate([*drawn, SQUARE]))
    behind = _contours(target, low, high) if target.density.dim == 2 else partial(_dots, drawn[0])
    for axis in axes[len(colours) :]:
        axis.set_visible(False)
    for axis, (sampler, colour) in zip(axes, colours.items(), strict=False):
        behind(axis)
        axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xticks=[], yticks=[])
        if (cloud := clouds.get(sampler)) is not None:
            axis.plot(*cloud.T, ".", color=colour, markersize=2.2, alpha=0.6)
        else:
            note(axis, next((r.status for r in records if r.sampler == sampler), "not run"), ALARM)
    axes[0].set_ylabel(f"{target.name}: x₁ against x₀" if target.density.dim > 2 else target.name)


def _exact(sample: Sample) -> np.ndarray:
    return np.asarray(jax.jit(sample, static_argnums=1)(jax.random.key(0), EXACT))[:, :2]


def _shown(arrays: dict[str, np.ndarray]) -> np.ndarray | None:
    """Two coordinates of some draws: resampled where they bear weights, evenly spaced elsewhere."""
    x = arrays.get("x")
    if x is None or x.ndim != 2 or x.shape[1] < 2:
        return None
    if "log_weights" not in arrays:
        return x[np.linspace(0, len(x) - 1, min(SHOWN, len(x))).astype(int), :2]
    log_weights = arrays["log_weights"].astype(np.float64)
    weights = np.exp(log_weights - np.max(log_weights))
    chosen = np.random.default_rng(0).choice(len(x), SHOWN, p=weights / np.sum(weights))
    return x[chosen, :2]


def _window(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners around nearly all points: the target's own where exact draws are to be had."""
    low, high = np.quantile(points, (0.005, 0.995), axis=0)
    return low - 0.1 * (high - low), high + 0.1 * (high - low)


def _contours(target: Target, low: np.ndarray, high: np.ndarray) -> Callable[[Axes], object]:
    sides = [np.linspace(*ends, CELLS) for ends in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*sides), axis=-1)
    heights = np.asarray(jax.jit(jax.vmap(jax.vmap(target.density.log_prob)))(points))
    levels = np.nanmax(heights) - 0.5 * np.square(SIGMAS)
    looks_like = {"colors": "0.6", "linewidths": 0.6, "linestyles": "solid", "zorder": 0}
    return lambda axis: axis.contour(*sides, heights, levels=levels, **looks_like)


def _dots(points: np.ndarray, axis: Axes) -> None:
    axis.plot(*points.T, ".", color="0.75", markersize=1.5, zorder=0)
