"""Two components of the variance of a metric: between trainings, and between sets of draws of one training.

The model is y_ij = m + a_i + e_ij for the j-th set of draws of training i. The mean square within trainings
estimates Var e. The variance of the means of trainings with k_i sets of draws has the expectation
Var a + Var e · mean(1/k_i), so Var a is that variance less Var e · mean(1/k_i), and at least 0.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.missing import is_not_none, none_where_not

METRICS = (
    columns.LOG_Z_ERROR,
    columns.ELBO_GAP,
    columns.BIAS2_X_MAX,
    columns.BIAS2_X2_MAX,
    columns.SLICED_W2,
    columns.MODE_TV,
)


@dataclass(frozen=True)
class Components:
    """Standard deviations (groups,), NaN where unknown: total² = training² + evaluation².

    `total` is that of one set of draws of one training, `training` that between trainings and `evaluation`
    that between sets of draws of one training. Where no training has repeated draws, only `total` is known.
    """

    total: np.ndarray
    training: np.ndarray
    evaluation: np.ndarray


class Trainings(NamedTuple):
    """One metric of several trainings, as arrays (trainings,).

    `means`, `sds` and `counts` are the mean, the standard deviation and the number of the values of a
    training's sets of draws; the standard deviation of a single value is not read. `group` is the number of
    the group that the training belongs to.
    """

    means: np.ndarray
    sds: np.ndarray
    counts: np.ndarray
    group: np.ndarray


def repeat_columns(repeats: Mapping[str, Sequence[float | None]]) -> dict[str, float]:
    """The columns `evaluation_sd` and `evaluation_mean` of each metric, and `evaluations`, of one row.

    `repeats` are a row's values of each metric over the sets of draws of one fit. Left out are metrics that
    have no meaning in one of the sets, and those with less than two finite values. If a set failed, mean and
    standard deviation are NaN: those of the rest would look steadier than the sampler is.
    """
    line: dict[str, float] = {}
    for name, repeated in repeats.items():
        values = [value for value in repeated if value is not None]
        finite = sum(map(math.isfinite, values))
        if finite < 2 or len(values) < len(repeated):
            continue
        mean, sd = _mean_and_sd(values) if finite == len(values) else (math.nan, math.nan)
        line[columns.evaluation_sd(name)] = sd
        line[columns.evaluation_mean(name)] = mean
        line[columns.EVALUATIONS] = len(values)
    return line


def _mean_and_sd(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation in plain Python, which takes a tenth of numpy's time for three numbers."""
    try:
        mean = math.fsum(values) / len(values)
        return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    except OverflowError:  # of a run that diverged
        return math.nan, math.nan


def estimate_components(trainings: Trainings, groups: int) -> Components:
    """The components of the groups 0, ..., `groups` - 1."""
    group, counts = trainings.group, trainings.counts

    def sum_by_group(values: np.ndarray) -> np.ndarray:
        return np.bincount(group, weights=values, minlength=groups)

    with np.errstate(invalid="ignore", divide="ignore"):
        size = sum_by_group(np.ones(len(group)))
        freedom = sum_by_group(counts - 1)  # degrees of freedom within trainings
        squares = np.where(counts > 1, (counts - 1) * trainings.sds**2, 0.0)
        within = sum_by_group(squares) / freedom  # estimates Var e
        centre = (sum_by_group(trainings.means) / size)[group]
        between = sum_by_group((trainings.means - centre) ** 2) / (size - 1)  # variance of the means
        between = np.where(size > 1, between, np.nan)
        of_draws = within * sum_by_group(1 / counts) / size  # what e contributes to it
        training = np.maximum(between - of_draws, 0.0)  # estimates Var a
        total = np.where(freedom > 0, training + within, between)
        return Components(np.sqrt(total), np.sqrt(training), np.sqrt(within))


def component_columns(table: pd.DataFrame, ok: np.ndarray, group: np.ndarray) -> dict[str, np.ndarray]:
    """The columns `total_sd`, `training_sd` and `evaluation_sd` of each metric of METRICS, a value per group.

    `table` is a row table; `ok` and `group` (rows,) say which rows ended well and, as numbers from 0 on, to
    which group each belongs. Values are None where a group has too few trainings or draws, and NaN where a
    training failed. Columns of None alone are left out.
    """
    groups = int(group.max()) + 1
    table_columns = {}
    for name in METRICS:
        if name in table:
            table_columns |= _columns_of_metric(table, name, ok, group, groups)
    return table_columns


def _columns_of_metric(
    table: pd.DataFrame, name: str, ok: np.ndarray, group: np.ndarray, groups: int
) -> dict[str, np.ndarray]:
    """The columns of one metric. A row without repeated draws is a training with one set of draws."""
    value = _column(table, name)
    sd = _column(table, columns.evaluation_sd(name))
    repeated = is_not_none(sd)
    means = np.where(repeated, _column(table, columns.evaluation_mean(name)), value)
    counts = np.where(repeated, _column(table, columns.EVALUATIONS), 1)
    sds = np.where(repeated, sd, np.nan)
    rows = ok & is_not_none(value)
    trainings = Trainings(
        means=means[rows].astype(float),
        sds=sds[rows].astype(float),
        counts=counts[rows].astype(float),
        group=group[rows],
    )
    components = estimate_components(trainings, groups)
    several = np.bincount(group[rows], minlength=groups) > 1
    drawn_again = np.bincount(group[rows & repeated], minlength=groups) > 0
    candidates = {
        columns.total_sd(name): (components.total, several),
        columns.training_sd(name): (components.training, several & drawn_again),
        columns.evaluation_sd(name): (components.evaluation, drawn_again),
    }
    kept = {}
    for column, (sd_by_group, is_estimable) in candidates.items():
        if is_estimable.any():
            kept[column] = none_where_not(is_estimable, sd_by_group)
    return kept


def _column(table: pd.DataFrame, name: str) -> np.ndarray:
    """A column of the table; of None alone if it has no such column."""
    return table[name].to_numpy() if name in table else np.full(len(table), None)
