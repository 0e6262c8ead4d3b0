"""The figure of nine modes in the plane: densities of denoising and of a bridge, with points on their way."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.layout_engine import ConstrainedLayoutEngine

from bridgemark.benchmarks.drawing.paper.figure import (
    COLUMN,
    DENSITY,
    RED,
    Drawn,
    PaperFigure,
    Sources,
    made_with,
)
from bridgemark.benchmarks.text import number

ROWS = ("denoising", "bridge")
INTENSITY = 0.35  # the power that makes wide densities visible beside narrow ones


def draw(sources: Sources) -> Drawn:
    """A row for denoising and one for the bridge, with a map for each shown time."""
    study = sources.study("plane")
    numbers = study.numbers
    across = len(numbers["denoising times"])
    figure, axes = plt.subplots(
        len(ROWS),
        across,
        figsize=(COLUMN, 1.75),
        layout=ConstrainedLayoutEngine(wspace=0.01, hspace=0.01, w_pad=0.01, h_pad=0.01),
        sharex=True,
        sharey=True,
    )
    for name, panels in zip(ROWS, axes, strict=True):
        for column, axis in enumerate(panels):
            _panel(axis, numbers, name, column)
        panels[0].set_ylabel(name, fontsize=7.5)
    gaps = {name: number(float(numbers[f"{name} gap"])) for name in ROWS}
    divergence = number(float(numbers["exact divergence of denoising at the bridge's horizon"]))
    finding = (
        f"At horizon {numbers['bridge times'][-1]:g} exact denoising ends {divergence} nats from the target, "
        f"and a trained bridge reaches it with an ELBO gap of {gaps['bridge']}; denoising at horizon "
        f"{numbers['denoising times'][-1]:g} has {gaps['denoising']}."
    )
    made = (
        "Blue: exact densities; red: draws of the trained samplers, without weights, and the ways of a few. "
        "The first row read from right to left is noising. "
    )
    return Drawn(figure, finding, made + made_with(study, "bridgemark study plane"))


def _panel(axis: Axes, numbers: Mapping[str, np.ndarray], name: str, column: int) -> None:
    """The density at one time, the points there, and how a few of them came there."""
    x, marginal = numbers["x"], numbers[f"{name} densities"][column]
    density = np.outer(marginal, marginal)
    extent = (x[0], x[-1], x[0], x[-1])
    norm = PowerNorm(INTENSITY, vmin=0.0, vmax=0.06)
    axis.imshow(density, DENSITY, norm, interpolation="bilinear", origin="lower", extent=extent)
    points, time = numbers[f"{name} points"][:, column], numbers[f"{name} times"][column]
    axis.plot(*points.T, "o", color=RED, markersize=0.9, markeredgewidth=0)
    trails = numbers[f"{name} trails"]
    passed = 1 + column * (trails.shape[1] - 1) // (len(numbers[f"{name} times"]) - 1)
    for trail in trails[:, :passed]:
        axis.plot(*trail.T, color=RED, linewidth=0.35, alpha=0.8)
    axis.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[])
    axis.set_title(f"t = {time:.2g}", fontsize=6.5, loc="center", pad=1.5)
    axis.spines[:].set(visible=True, linewidth=0.4, color="0.6")


FIGURES = {"plane": PaperFigure(draw, study="plane")}
