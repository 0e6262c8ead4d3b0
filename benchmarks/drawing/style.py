"""The style of all figures: colours and markers of samplers, panels, legends and the format of files."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import matplotlib
import numpy as np
import seaborn as sns

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.analysis.order import sort_samplers
from bridgemark.benchmarks.sweep.presets import FIVE
from bridgemark.benchmarks.text import number

MANY = 10  # samplers up to this number are told apart by colour
MARKERS = "osD^vPX<>*"
HANDLE_WIDTH, LETTER_WIDTH = 0.55, 0.085  # inches of a legend entry: its mark with gaps, and each letter
LEGEND_LINE = 0.2  # inches
PHASE_COLOURS = {"compile": "#c9c9c9", "fit": "#5b7fa6", "sample": "#1b2a41"}
GREY, ALARM = "0.45", "firebrick"

Colour: TypeAlias = tuple[float, float, float]


class Style(NamedTuple):
    """How the marks of a sampler look."""

    colour: Colour
    marker: str


Styles: TypeAlias = Mapping[str, Style]  # by sampler


def sampler_styles(samplers: Iterable[str]) -> dict[str, Style]:
    """The style of every registered sampler and of `samplers`; up to a hundred of them differ.

    A registered sampler has the same style whatever else is drawn: FIVE come first, then the
    other registered ones by name, and last those of `samplers` that are not registered, such as a plug-in's.
    The function searches the registry, so call it once and pass its result on.
    """
    registered = sorted(registry.samplers().keys() - set(FIVE))
    others = sorted(set(samplers) - set(FIVE) - set(registered))
    palette = sns.color_palette("colorblind")
    styles = {}
    for index, name in enumerate([*FIVE, *registered, *others]):
        turns, colour = divmod(index, len(palette))
        # After a turn through the palette the markers are shifted by one against it.
        styles[name] = Style(palette[colour], MARKERS[(index + turns) % len(MARKERS)])
    return styles


def set_theme() -> None:
    """Set seaborn's theme for the figures that follow."""
    # Strangers' names and settings are labels, in which "$" must not begin a formula.
    rc = {"axes.titleweight": "bold", "text.parse_math": False}
    sns.set_theme(style="ticks", context="notebook", font_scale=0.85, rc=rc)


def panels(count: int, across: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels of `width` by `height` inches, at most `across` of them side by side."""
    columns = max(1, min(across, count))
    rows = -(-count // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(width * columns, height * rows + 0.6), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[count:]:
        axis.set_visible(False)
    return figure, list(axes.flat[:count])


def label_decades(axis: Axis) -> None:
    """Label the whole decades of a logarithmic axis as plain numbers, and nothing between them."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_formatter(NullFormatter())


def remark(axis: Axes, text: str, colour: str = GREY) -> None:
    """Write into a panel that has nothing else to show."""
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    axis.text(0.5, 0.85, text, transform=axis.transAxes, ha="center", va="center", color=colour, bbox=box)


def sampler_handles(samplers: Iterable[str], styles: Styles) -> list[Line2D]:
    """The legend entries of samplers, in their order."""
    handles = []
    for sampler in sort_samplers(samplers):
        colour, marker = styles[sampler]
        handles.append(Line2D([], [], color=colour, marker=marker, linestyle="", markersize=7, label=sampler))
    return handles


def title_and_legend(figure: Figure, title: str, handles: Sequence[Artist]) -> None:
    """Put the title above the panels and, below it, a legend in as many lines as it needs.

    The figure grows by the lines of the legend after the first.
    """
    if not handles:
        figure.suptitle(title, x=0.01, ha="left", weight="bold", size="large")
        return
    columns = _legend_columns([str(handle.get_label()) for handle in handles], figure.get_figwidth())
    lines = -(-len(handles) // columns)
    figure.set_figheight(figure.get_figheight() + LEGEND_LINE * (lines - 1))
    figure.legend(
        handles=handles,
        title=title,
        title_fontproperties={"weight": "bold", "size": "large"},
        alignment="left",
        loc="outside upper left",
        ncols=columns,
        frameon=False,
        columnspacing=1.4,
        handletextpad=0.4,
    )


def _legend_columns(labels: Sequence[str], width: float) -> int:
    """The largest number of columns, each as wide as its longest label, that fit into `width` inches."""
    for columns in range(len(labels), 1, -1):
        longest = [max(map(len, column)) for column in np.array_split(labels, columns)]
        if HANDLE_WIDTH * columns + LETTER_WIDTH * sum(longest) <= width:
            return columns
    return 1


def save(figure: Figure, path: Path) -> Path:
    """Write the figure to `path`, close it and return the path. The file does not name the software."""
    figure.savefig(path, dpi=150, bbox_inches="tight", facecolor="white", metadata={"Software": None})
    plt.close(figure)
    return path
