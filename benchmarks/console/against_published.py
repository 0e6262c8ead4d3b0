"""What `bridgemark run` says at its end: how its rows agree with the published ones."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from rich.console import Console

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.compare import NUMBERS, Comparison, compare
from bridgemark.benchmarks.analysis.speed import seconds_ratios
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.text import count, number, printable

MAX_CELLS = 5  # that are named


def print_against_published(published: Sequence[Row], rows: Sequence[Row], console: Console) -> None:
    """Print a paragraph on the cells of `rows` that are published, too; nothing where there are none.

    It says how many have the same numbers within the noise of the seeds, which do not, and how long fitting
    and sampling took here beside the published seconds.
    """
    if not published or not rows:
        return
    comparison = compare(published, rows)
    cells = comparison.cells.loc[(comparison.cells["ok_a"] > 0) | (comparison.cells["ok_b"] > 0)]
    if len(cells):
        sentences = [_agreement(cells), _speed(comparison), "`bridgemark compare` shows the details."]
        console.print(printable(" ".join(filter(None, sentences))), markup=False, highlight=False)


def _agreement(cells: pd.DataFrame) -> str:
    """How many cells are the same as the published ones, how many have too few seeds, and which differ."""
    different = cells["changed"] != ""
    unclear = ~different & ~_is_tested(cells)
    parts = [f"{int(np.sum(~different & ~unclear))} same within the noise of the seeds"]
    if np.any(unclear):
        parts.append(f"{int(np.sum(unclear))} with too few seeds to tell")
    if np.any(different):
        parts.append(f"{int(np.sum(different))} different: {_names(cells.loc[different])}")
    return f"Against the published rows of {count(len(cells), 'cell')}: {', '.join(parts)}."


def _is_tested(cells: pd.DataFrame) -> np.ndarray:
    """Whether a number of the cell has two seeds on both sides, or all numbers are equal in all digits."""
    counts_a = cells[[f"{name}.count_a" for name in NUMBERS]].to_numpy()
    counts_b = cells[[f"{name}.count_b" for name in NUMBERS]].to_numpy()
    several = np.any((counts_a > 1) & (counts_b > 1), axis=1)
    equal, paired = cells["equal"].to_numpy(), cells["paired"].to_numpy()
    return several | ((equal == paired) & (paired > 0))


def _names(cells: pd.DataFrame) -> str:
    """The first cells and what changed in each."""
    names = []
    for cell in cells.head(MAX_CELLS).to_dict("records"):
        names.append(f"{cell[columns.SAMPLER]} x {cell[columns.TARGET]} ({cell['changed']})")
    if len(cells) > MAX_CELLS:
        names.append(f"and {len(cells) - MAX_CELLS} more")
    return ", ".join(names)


def _speed(comparison: Comparison) -> str:
    """How long cells took here, as a multiple of the published seconds; '' where no cell can say."""
    ratios = seconds_ratios(comparison)
    if not len(ratios):
        return ""
    median, least, most = (number(float(value)) for value in np.quantile(ratios, (0.5, 0, 1)))
    about = f"median of {len(ratios)} cells, from {least} to {most}" if len(ratios) > 1 else "1 cell"
    compared = "as long as published" if median == "1" else f"{median} times as long as published"
    return f"Fitting and sampling took {compared} ({about})."
