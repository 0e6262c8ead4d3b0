"""The figure of KL to a Gaussian target by horizon and round: exact curves and trained samplers."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from bridgemark.benchmarks.drawing.paper.figure import (
    BLUE,
    COLUMN,
    GREEN,
    ORANGE,
    Drawn,
    PaperFigure,
    Sources,
    made_with,
)
from bridgemark.benchmarks.drawing.style import label_decades
from bridgemark.benchmarks.text import number

MARKERS = "osD^"
EDGE = {"markeredgecolor": "white", "markeredgewidth": 0.4}
DASHES = ("-", "--", ":")
MADE = (
    "Lines: exact half bridges in continuous time; marks: trained samplers, by the moments of their draws, "
    "which show nothing below the grey line; round 0 is denoising. "
)


def draw(sources: Sources) -> Drawn:
    """On the left by horizon, with a curve per round; on the right by round, with a curve per horizon."""
    study = sources.study("horizon")
    numbers = study.numbers
    figure, (left, right) = plt.subplots(1, 2, figsize=(COLUMN, 2.0), layout="constrained", sharey=True)
    _by_horizon(left, numbers)
    _by_round(right, numbers)
    for axis in (left, right):
        axis.axhline(1 / study.settings["draws"], color="0.7", linewidth=0.8)
        axis.set(yscale="log", ylim=(1e-5, 8))
        axis.yaxis.set_major_locator(LogLocator(numticks=8))
        label_decades(axis.yaxis)
        axis.legend(
            loc="lower left",
            handlelength=1.8,
            frameon=True,
            facecolor="white",
            edgecolor="none",
            framealpha=1,
        )
    left.set_ylabel("KL to the target")
    exact, learnt = (numbers[name] for name in ("exact", "learnt"))
    horizon = numbers["learnt horizons"][1]
    column = np.argmin(abs(numbers["horizons"] - horizon))
    finding = (
        f"At horizon {horizon:g} exact denoising is {number(exact[0, column])} nats off, and two rounds of "
        f"iterative proportional fitting leave {number(exact[2, column])}; trained samplers reach "
        f"{number(learnt[0, 1])} and {number(learnt[-1, 1])}."
    )
    return Drawn(figure, finding, MADE + made_with(study, "bridgemark study horizon"))


def _by_horizon(axis: Axes, numbers: Mapping[str, np.ndarray]) -> None:
    colours = sns.color_palette("viridis", len(numbers["learnt"]) + 1)
    for index, learnt in enumerate(numbers["learnt"]):
        colour, marker = colours[index], MARKERS[index]
        axis.plot(numbers["horizons"], numbers["exact"][index], color=colour)
        axis.plot(numbers["learnt horizons"], learnt, marker, color=colour, **EDGE)
        axis.plot([], [], color=colour, marker=marker, label=f"round {index}")
    axis.set(xscale="log", xlabel="horizon T", title="a   by horizon")
    axis.set_xticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
    axis.xaxis.set_minor_formatter(NullFormatter())


def _by_round(axis: Axes, numbers: Mapping[str, np.ndarray]) -> None:
    log_horizons, rounds = np.log(numbers["horizons"]), np.arange(len(numbers["learnt"]))
    for index, horizon in enumerate(numbers["learnt horizons"]):
        logs = [np.interp(np.log(horizon), log_horizons, np.log(line)) for line in numbers["exact"][rounds]]
        colour, dashes, marker = (BLUE, ORANGE, GREEN)[index], DASHES[index], MARKERS[index]
        axis.plot(rounds, np.exp(logs), color=colour, linestyle=dashes)
        axis.plot(rounds, numbers["learnt"][:, index], marker, color=colour, **EDGE)
        axis.plot([], [], color=colour, linestyle=dashes, marker=marker, label=f"T = {horizon:g}")
    axis.set(xlabel="round", title="b   by round", xticks=rounds)


FIGURES = {"horizon": PaperFigure(draw, study="horizon")}
