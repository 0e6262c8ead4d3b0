"""How fast one machine is beside another, by what the same samplers took on both."""

import numpy as np

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.compare import Comparison


def seconds_ratios(comparison: Comparison) -> np.ndarray:
    """Of each cell, the seconds to fit and sample of B over those of A, medians over seeds.

    Only cells count whose sampler has the same code and settings on both sides, and whose budget is not in
    seconds, since those take equally long everywhere.
    """
    cells = comparison.cells
    same_sampler = ~cells["cause"].str.startswith("sampler")
    cells = cells.loc[same_sampler & (cells[columns.BUDGET_UNIT] != "seconds")]
    names = (columns.FIT_SECONDS, columns.SAMPLE_SECONDS)
    a, b = (sum(cells[f"{name}.median_{side}"] for name in names) for side in "ab")
    ratios = np.asarray(b / a, dtype=float)
    return ratios[np.isfinite(ratios) & (ratios > 0)]
