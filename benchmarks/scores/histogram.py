"""Kullback-Leibler divergence of two coordinates' histograms, in cells of equal exact mass."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

SIDE = 10  # columns, and cells in each: 100 of a hundredth each
PRIOR = 0.5  # draws added to every cell (Krichevsky and Trofimov): an empty cell costs much, not infinity


class Grid(NamedTuple):
    """Columns cut at quantiles of the first coordinate, each cut at its own quantiles of the second.

    `masses`: share of the reference draws in each cell.
    """

    columns: Float[np.ndarray, " side-1"]
    rows: Float[np.ndarray, "side side-1"]
    masses: Float[np.ndarray, " cells"]


def grid(y: Float[np.ndarray, "m 2"]) -> Grid:
    """The cells of reference draws."""
    levels = np.arange(1, SIDE) / SIDE
    columns = np.quantile(y[:, 0], levels)
    column = np.searchsorted(columns, y[:, 0], side="right")
    rows = np.stack([np.quantile(y[column == one, 1], levels) for one in range(SIDE)])
    bare = Grid(columns, rows, np.zeros(0))
    return bare._replace(masses=np.bincount(_cell(y, bare), minlength=SIDE**2) / len(y))


def binned_kl(x: Float[np.ndarray, "n 2"], weights: Float[np.ndarray, " n"], grid: Grid) -> float:
    """KL(exact || drawn) of the cell masses, in nats; weights sum to 1.

    Smoothing: to Kish's effective number of draws half a draw is added in every cell. The floor of n exact
    draws is about (cells - 1) / (2 n), for n far above the number of cells.
    """
    size = 1 / np.sum(weights**2)
    counts = size * np.bincount(_cell(x, grid), weights, minlength=len(grid.masses))
    drawn = (counts + PRIOR) / (size + PRIOR * len(counts))
    some = grid.masses > 0
    return float(np.sum(grid.masses[some] * np.log(grid.masses[some] / drawn[some])))


def _cell(x: Float[np.ndarray, "n 2"], grid: Grid) -> Int[np.ndarray, " n"]:
    column = np.searchsorted(grid.columns, x[:, 0], side="right")
    row = np.sum(x[:, 1:] >= grid.rows[column], axis=1)
    return SIDE * column + row
