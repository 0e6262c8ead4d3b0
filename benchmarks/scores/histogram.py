"""Kullback-Leibler divergence between histograms of the first two coordinates, in bins of equal mass."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from bridgemark.benchmarks.scores.weighted_sample import WeightedSample, effective_size

SIDE = 10  # columns, and bins in each column: 100 bins of a hundredth each
PRIOR = 0.5  # draws added to every bin (Krichevsky and Trofimov), so that an empty bin costs a finite amount


class Histogram(NamedTuple):
    """Bins of two coordinates and their exact masses.

    The columns are cut at quantiles of the first coordinate; each column is cut at its own quantiles of the
    second. `masses` is the share of the exact draws in each bin, column after column.
    """

    column_edges: Float[np.ndarray, " edges"]
    bin_edges: Float[np.ndarray, "side edges"]
    masses: Float[np.ndarray, " bins"]


def equal_mass_histogram(y: Float[np.ndarray, "m 2"]) -> Histogram:
    """The histogram of exact draws, with bins of about equal mass."""
    levels = np.arange(1, SIDE) / SIDE
    column_edges = np.quantile(y[:, 0], levels)
    columns = np.searchsorted(column_edges, y[:, 0], side="right")
    bin_edges = np.stack([np.quantile(y[columns == column, 1], levels) for column in range(SIDE)])
    counts = np.bincount(_bin_index(y, column_edges, bin_edges), minlength=SIDE**2)
    return Histogram(column_edges, bin_edges, counts / len(y))


def binned_kl(sample: WeightedSample, histogram: Histogram) -> float:
    """KL(exact || sample) of the masses of the bins, in nats; the points have two coordinates.

    The sample counts as its effective number of draws, and half a draw is added to every bin. For n exact
    draws, n far above the number of bins, the mean is about (bins - 1) / (2 n).
    """
    size = effective_size(sample.weights)
    index = _bin_index(sample.x, histogram.column_edges, histogram.bin_edges)
    counts = size * np.bincount(index, sample.weights, minlength=len(histogram.masses))
    masses = (counts + PRIOR) / (size + PRIOR * len(counts))
    filled = histogram.masses > 0
    exact = histogram.masses[filled]
    return float(np.sum(exact * np.log(exact / masses[filled])))


def _bin_index(
    x: Float[np.ndarray, "n 2"],
    column_edges: Float[np.ndarray, " edges"],
    bin_edges: Float[np.ndarray, "side edges"],
) -> Int[np.ndarray, " n"]:
    column = np.searchsorted(column_edges, x[:, 0], side="right")
    within_column = np.sum(x[:, 1:] >= bin_edges[column], axis=1)
    return SIDE * column + within_column
