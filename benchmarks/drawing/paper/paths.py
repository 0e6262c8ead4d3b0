"""The figure of noising, denoising and bridge on the line: densities, and paths of trained samplers."""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.layout_engine import ConstrainedLayoutEngine

from bridgemark.benchmarks.drawing.paper.figure import (
    BLUE,
    COLUMN,
    DENSITY,
    INK,
    RED,
    Drawn,
    PaperFigure,
    Sources,
    made_with,
)
from bridgemark.benchmarks.text import number


class Panel(NamedTuple):
    """One process: its density (times, points), its paths with their times, and the laws at both ends."""

    title: str
    density: np.ndarray
    times: np.ndarray
    paths: np.ndarray
    start: np.ndarray
    end: np.ndarray


def draw(sources: Sources) -> Drawn:
    """Three maps, one below the other, each between the laws at its ends."""
    study = sources.study("paths")
    numbers = study.numbers
    target, normal = numbers["target"], np.exp(-0.5 * numbers["x"] ** 2) / np.sqrt(2 * np.pi)
    long, short = numbers["denoising times"], numbers["bridge times"]
    noised = numbers["denoising density"]
    shown = [
        Panel("a   noising", noised[::-1], long[-1] - long[::-1], numbers["noising paths"], target, normal),
        Panel("b   denoising", noised, long, numbers["denoising paths"], normal, target),
        Panel("c   bridge", numbers["bridge density"], short, numbers["bridge paths"], normal, target),
    ]
    figure, axes = plt.subplots(
        3,
        3,
        figsize=(COLUMN, 3.9),
        layout=ConstrainedLayoutEngine(wspace=0.0, w_pad=0.01, hspace=0.02),
        width_ratios=[1, 7, 1],
        sharey=True,
    )
    for (left, middle, right), panel in zip(axes, shown, strict=True):
        _map(middle, numbers["x"], panel)
        _law(left, numbers["x"], panel.start, -1)
        _law(right, numbers["x"], panel.end, 1)
    for name, axis in zip(("denoising", "bridge"), axes[1:, -1], strict=True):
        histogram = numbers[f"{name} histogram"]
        axis.stairs(histogram, numbers["edges"], orientation="horizontal", color=RED, linewidth=0.7)
    axes[1, 0].set_ylabel("x")
    axes[2, 1].set_xlabel("time")
    divergence = number(float(numbers["exact divergences at the bridge's horizon"][0]))
    gaps = {name: number(float(numbers[f"{name} gap"])) for name in ("denoising", "bridge")}
    finding = (
        f"At horizon {short[-1]:g} exact denoising ends {divergence} nats from the target; a trained bridge "
        f"reaches it there with an ELBO gap of {gaps['bridge']}, and denoising needs horizon {long[-1]:g} "
        f"for one of {gaps['denoising']}."
    )
    made = (
        "Blue: exact densities, by closed forms and by iterative proportional fitting on a grid; red: paths "
        "and histograms of draws, without weights, of the trained samplers (noising: of the reference). "
    )
    return Drawn(figure, finding, made + made_with(study, "bridgemark study paths"))


def _map(axis: Axes, x: np.ndarray, panel: Panel) -> None:
    """The density over time, and the paths on it."""
    extent = (0.0, panel.times[-1], x[0], x[-1])
    norm = PowerNorm(0.6, vmin=0.0, vmax=0.75)
    axis.imshow(
        panel.density.T, DENSITY, norm, aspect="auto", interpolation="bilinear", origin="lower", extent=extent
    )
    axis.plot(panel.times, panel.paths.T, color=RED, linewidth=0.45, alpha=0.9)
    axis.set(xlim=extent[:2], ylim=extent[2:], title=f"{panel.title}, horizon {panel.times[-1]:g}")
    axis.tick_params(axis="y", length=0)
    axis.spines[:].set_visible(False)


def _law(axis: Axes, x: np.ndarray, density: np.ndarray, side: int) -> None:
    """A density beside its map, whose base line it stands on."""
    axis.fill_betweenx(x, density, color=BLUE, alpha=0.35, linewidth=0)
    axis.plot(density, x, color=INK, linewidth=0.6)
    axis.set_xlim((0, 0.85) if side > 0 else (0.85, 0))
    axis.spines[:].set_visible(False)
    axis.tick_params(axis="both", length=0, labelbottom=False, labelleft=side < 0)
    axis.set_yticks([-2, 0, 2])


FIGURES = {"paths": PaperFigure(draw, study="paths")}
