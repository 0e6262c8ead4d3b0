"""What a figure of a paper is, what it is drawn from, and how all of them look."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import matplotlib
import pandas as pd
import seaborn as sns
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.row_table import drop_superseded, row_table, without_budget
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.studies import stored
from bridgemark.benchmarks.studies.stored import StoredStudy
from bridgemark.benchmarks.text import escape_markdown

COLUMN = 3.3  # inches: the width of a column of a paper
PALETTE = sns.color_palette("colorblind")
BLUE, ORANGE, GREEN, RED, PURPLE = (PALETTE[index] for index in (0, 1, 2, 3, 4))
INK = "0.2"
DENSITY = LinearSegmentedColormap.from_list("density", ["white", "#9ecae1", "#2171b5", "#08306b"])
LOOK = {
    "axes.labelpad": 2.0,
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 7.5,
    "axes.titlepad": 3.0,
    "figure.dpi": 240,
    "font.size": 7,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "legend.handletextpad": 0.4,
    "legend.columnspacing": 1.0,
    "legend.borderaxespad": 0.2,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.5,
    "pdf.fonttype": 42,
    "savefig.facecolor": "white",
    "svg.hashsalt": "bridgemark",  # otherwise the names of its parts are random
    "text.parse_math": False,  # strangers' names are labels, in which "$" must not begin a formula
    "xtick.labelsize": 6.5,
    "xtick.major.pad": 2.0,
    "xtick.major.size": 2.0,
    "xtick.major.width": 0.5,
    "xtick.minor.size": 1.2,
    "xtick.minor.width": 0.4,
    "ytick.labelsize": 6.5,
    "ytick.major.pad": 2.0,
    "ytick.major.size": 2.0,
    "ytick.major.width": 0.5,
    "ytick.minor.size": 1.2,
    "ytick.minor.width": 0.4,
}


@dataclass(frozen=True)
class Sources:
    """What figures are drawn from: stored rows, and stored studies, of which the last folder's count."""

    rows: Sequence[Row]
    folders: Sequence[Path]

    @cached_property
    def table(self) -> pd.DataFrame:
        """The row table of the current rows without a budget."""
        return without_budget(drop_superseded(row_table(self.rows)))

    def study_path(self, name: str) -> Path | None:
        """The file of a study, None where it was never run."""
        return stored.find(self.folders, name)

    def study(self, name: str) -> StoredStudy:
        """A stored study. Raises BadInput where there is none."""
        path = self.study_path(name)
        if path is None:
            raise BadInput(f"the study {name!r} was never run; `bridgemark study {name}` runs it")
        return stored.read(path)


@dataclass(frozen=True)
class Drawn:
    """A figure, what it shows in one sentence, and how it was made."""

    figure: Figure
    finding: str
    made: str

    @property
    def caption(self) -> str:
        """The text beside the figure, in Markdown."""
        return f"{escape_markdown(self.finding)}\n\n{self.made}\n"


@dataclass(frozen=True)
class PaperFigure:
    """How a figure is drawn.

    `draw` returns None where the sources have nothing for it. `study` names the study whose numbers it shows,
    without which it is not drawn; `of_rows` says whether it also shows rows.
    """

    draw: Callable[[Sources], Drawn | None]
    study: str | None = None
    of_rows: bool = False


@contextmanager
def look() -> Iterator[None]:
    """Let figures look as those of a paper, whatever was drawn before; leave the look as it was."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        sns.set_theme(style="ticks", context="paper", rc=LOOK)
        yield


def made_with(study: StoredStudy, command: str) -> str:
    """The second part of the caption of a study's figure: its settings, its device and its command."""
    settings = "; ".join(f"{name} {value}" for name, value in study.settings.items())
    return f"Settings: {settings}. Device: {study.device}, {study.seconds:.0f} s. Made by `{command}`."


def made_from_rows(table: pd.DataFrame) -> str:
    """The second part of the caption of a figure of rows: preset, seeds, budget and device."""
    seeds = table.groupby([columns.TARGET, columns.SAMPLER])[columns.SEED].nunique()
    devices = escape_markdown(", ".join(sorted(map(str, table[columns.DEVICE].dropna().unique()))))
    draws = ", ".join(f"{value:,}" for value in sorted(table[columns.DRAWS].unique()))
    return (
        f"From {len(table)} stored rows of the samplers' own settings without a budget, {seeds.min()} to "
        f"{seeds.max()} seeds a cell, {draws} draws; device: {devices}. Made by `bridgemark figures`."
    )
