"""Which samplers can be told apart on a target by a metric, and which are tied.

Two samplers can be told apart where the intervals of their medians over seeds are disjoint
(`ranks.median_intervals`); with few seeds the ranges of the seeds take the place of intervals. A score below
the noise floor, or below what the error of the truth resolves, counts as that floor: between such scores
there is only noise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.ranks import (
    Values,
    failures_infinite,
    is_applicable,
    median_intervals,
    rankable,
)
from bridgemark.benchmarks.analysis.row_table import fill_device
from bridgemark.benchmarks.analysis.statistics import Interval
from bridgemark.benchmarks.analysis.summary_table import SummaryRow

# Rows without a budget are compared where all of these agree.
SETTING = tuple(name for name in columns.BLOCK if name not in (columns.BUDGET, columns.BUDGET_UNIT))
# What no smaller score of a metric can be told from: the score of exact draws, the error of the truth.
FLOORS = {
    columns.BIAS2_X_MAX: (columns.floor_of(columns.BIAS2_X_MAX), columns.error_of(columns.BIAS2_X_MAX)),
    columns.LOG_Z_ABS_ERROR: (columns.LOG_Z_TRUTH_ERROR,),
}


@dataclass(frozen=True)
class Ties:
    """Tied samplers of one target and setting.

    `groups` has the number of each sampler's group: those of group 1 cannot be told apart from the best,
    those of group 2 not from the best of the rest, and so on. Of the `pairs` of neighbours in the order of
    the medians, `separated` can be told apart. `intervals` are the medians that were compared, floors
    included.
    """

    groups: Mapping[str, int]
    pairs: int
    separated: int
    intervals: Mapping[str, Interval]


@dataclass(frozen=True)
class Standings:
    """The ties of every target and setting by one metric."""

    ties: Mapping[tuple, Ties]

    def of_setting(self, row: SummaryRow) -> Ties:
        """The ties in the setting of a summary row."""
        return self.ties.get(tuple(row[name] for name in SETTING), Ties({}, 0, 0, {}))

    def group(self, row: SummaryRow) -> int | None:
        """The group of a summary row, None for a sampler that is not ranked there."""
        return self.of_setting(row).groups.get(row[columns.SAMPLER])


def standings(table: pd.DataFrame, metric: str = columns.MAIN_METRIC) -> Standings:
    """The ties by a metric of which less is better, from a row table of current rows without a budget."""
    if metric not in table:
        return Standings({})
    rows = rankable(fill_device(table, columns.BLOCK))
    rows = rows.loc[is_applicable(rows, metric)]
    setting = rows.groupby(list(SETTING), dropna=False).ngroup()
    scores = np.maximum(failures_infinite(rows, metric), _floors(rows, metric, setting))
    values: dict[int, dict[str, np.ndarray]] = {}
    for (number, sampler), lines in rows.groupby([setting, columns.SAMPLER]).indices.items():  # pyright: ignore
        values.setdefault(number, {})[sampler] = scores[lines]
    first = rows.loc[~setting.duplicated(), list(SETTING)]
    keys = dict(zip(setting.loc[first.index], first.itertuples(index=False, name=None), strict=True))
    return Standings({keys[number]: ties(of_samplers) for number, of_samplers in values.items()})


def ties(values: Values) -> Ties:
    """The ties of the samplers of one target."""
    medians = median_intervals(values)
    remaining = sorted(medians, key=lambda sampler: (medians[sampler].middle, sampler))
    neighbours = list(pairwise(remaining))
    separated = sum(medians[worse].low > medians[better].high for better, worse in neighbours)
    groups: dict[str, int] = {}
    number = 0
    while remaining:
        number += 1
        reach = medians[remaining[0]].high
        groups |= {sampler: number for sampler in remaining if medians[sampler].low <= reach}
        remaining = [sampler for sampler in remaining if sampler not in groups]
    return Ties(groups, len(neighbours), separated, medians)


def _floors(rows: pd.DataFrame, metric: str, setting: pd.Series) -> np.ndarray:
    """For each row (rows,), the score below which there is only noise in its setting; 0 where unknown."""
    floors = np.zeros(len(rows))
    for name in FLOORS.get(metric, ()):
        if name in rows:
            middle = rows[name].astype(float).groupby(setting).transform("median")
            floors = np.fmax(floors, middle.to_numpy())
    return floors
