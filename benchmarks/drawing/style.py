"""How every figure looks: one colour and one marker a sampler, whatever else is drawn."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib
import numpy as np
import seaborn as sns

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bridgemark.benchmarks import registry

FIXED = {"hmc": 0, "nuts": 1, "smc": 2, "dds": 3, "bridge": 4}  # places in the palette
MARKERS = "osD^vPX<>*"
ENTRY = 0.55, 0.085  # inches of a legend entry: its mark and gap, and a letter
LINE = 0.2  # inches of a line of the legend
PHASES = {"compile": "#c9c9c9", "fit": "#5b7fa6", "sample": "#1b2a41"}
GREY, ALARM = "0.45", "firebrick"

Colour = tuple[float, float, float]
Look = tuple[Colour, str]  # with its marker


def looks(names: Iterable[str]) -> dict[str, Look]:
    """Colour and marker by sampler, the same in every figure: places for the five of the default grid, then
    for the registered by name, then for others. No two share both until there are a hundred.
    """
    known = sorted(registry.samplers().keys() - FIXED.keys())
    others = sorted(set(names) - FIXED.keys() - set(known))
    places = FIXED | {name: len(FIXED) + place for place, name in enumerate([*known, *others])}
    palette = sns.color_palette("colorblind")
    return {
        name: (palette[place % len(palette)], MARKERS[(place + place // len(palette)) % len(MARKERS)])
        for name, place in places.items()
    }


def order(names: Iterable[str]) -> list[str]:
    """The default five first, then by name."""
    return sorted(set(names), key=lambda name: (FIXED.get(name, len(FIXED)), name))


def begin() -> None:
    """Set seaborn's theme for what is drawn next."""
    sns.set_theme(style="ticks", context="notebook", font_scale=0.85, rc={"axes.titleweight": "bold"})


def grid(count: int, across: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels, at most `across` in a row; what is left over stays blank."""
    columns = max(1, min(across, count))
    rows = -(-count // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(width * columns, height * rows + 0.6), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[count:]:
        axis.set_visible(False)
    return figure, list(axes.flat[:count])


def note(axis: Axes, text: str, colour: str = GREY) -> None:
    """A remark in a panel that has nothing else to show."""
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    axis.text(0.5, 0.85, text, transform=axis.transAxes, ha="center", va="center", color=colour, bbox=box)


def sampler_handles(samplers: Iterable[str]) -> list[Line2D]:
    """Legend entries of the samplers."""
    look = looks(samplers)
    return [
        Line2D([], [], color=look[name][0], marker=look[name][1], linestyle="", markersize=7, label=name)
        for name in order(samplers)
    ]


def head(figure: Figure, title: str, handles: Sequence[Artist]) -> None:
    """Title and, below it, the legend above the panels, in as many lines as it needs; the figure grows."""
    if not handles:
        figure.suptitle(title, x=0.01, ha="left", weight="bold", size="large")
        return
    columns = _columns([str(handle.get_label()) for handle in handles], figure.get_figwidth())
    figure.set_figheight(figure.get_figheight() + LINE * (-(-len(handles) // columns) - 1))
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


def _columns(labels: Sequence[str], width: float) -> int:
    """The most columns that fit, as wide as their longest label each."""
    mark, letter = ENTRY
    for columns in range(len(labels), 1, -1):
        longest = [max(map(len, column)) for column in np.array_split(labels, columns)]
        if mark * columns + letter * sum(longest) <= width:
            return columns
    return 1


def save(figure: Figure, path: Path) -> Path:
    """Write and close it."""
    figure.savefig(path, dpi=150, bbox_inches="tight", facecolor="white")
    plt.close(figure)
    return path
