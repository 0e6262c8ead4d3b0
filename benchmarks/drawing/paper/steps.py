"""The figure of the ELBO gap by the number of steps: a bridge beside diffusion at its best horizon."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bridgemark.benchmarks.drawing.paper.figure import (
    BLUE,
    COLUMN,
    RED,
    Drawn,
    PaperFigure,
    Sources,
    made_with,
)
from bridgemark.benchmarks.drawing.style import label_decades
from bridgemark.benchmarks.text import number

MADE = (
    "ELBO gaps of kernels with the variances of the reference on equidistant steps. Lines: exact drifts, so "
    "that the error is the grid's and the horizon's alone; marks: trained samplers, which "
    "may lie below, because their drifts are fitted to the grid. "
)


def draw(sources: Sources) -> Drawn:
    """Both curves with the marks of trained samplers, and the bridge at its own best horizon."""
    study = sources.study("steps")
    numbers = study.numbers
    steps, learnt_steps = numbers["steps"], numbers["learnt steps"]
    figure, axis = plt.subplots(figsize=(COLUMN, 2.1), layout="constrained")
    horizon = study.settings["horizon of the bridge"]
    labels = {"diffusion": "diffusion at its best horizon", "bridge": f"bridge, horizon {horizon:g}"}
    for (name, label), colour, marker in zip(labels.items(), (BLUE, RED), "os", strict=True):
        axis.plot(steps, numbers[name], color=colour)
        axis.plot(learnt_steps, numbers[f"learnt {name}"], marker, color=colour, markeredgecolor="white")
        axis.plot([], [], color=colour, marker=marker, label=label)
    axis.plot(
        steps, numbers["bridge at its best"], color=RED, linestyle=":", label="bridge at its best horizon"
    )
    axis.set(xscale="log", yscale="log", xlabel="steps", ylabel="ELBO gap")
    axis.xaxis.set_major_locator(FixedLocator(steps.tolist()))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    label_decades(axis.yaxis)
    axis.legend(loc="upper right")
    return Drawn(figure, _finding(numbers), MADE + made_with(study, "bridgemark study steps"))


def _finding(numbers: Mapping[str, np.ndarray]) -> str:
    index = list(numbers["steps"]).index(16)
    ratio = numbers["diffusion"][index] / numbers["bridge"][index]
    learnt = list(numbers["learnt steps"]).index(16)
    learnt_ratio = numbers["learnt diffusion"][learnt] / numbers["learnt bridge"][learnt]
    return (
        f"At 16 steps the gap of exact diffusion at its best horizon is {number(ratio)} times the bridge's; "
        f"of trained samplers, {number(learnt_ratio)} times."
    )


FIGURES = {"steps": PaperFigure(draw, study="steps")}
