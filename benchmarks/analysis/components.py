"""Two components of a number's spread: how trainings differ, and how sets of draws of one training do.

A number is y_ij = m + a_i + e_ij, of training i and its j-th set of draws. The mean square within trainings
estimates Var e. The variance of the means of trainings with k_i sets has the expectation
Var a + Var e · mean(1/k_i), which leaves Var a by difference, no less than 0.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

NAMES = ("log_z_error", "elbo_gap", "bias2_x_max", "bias2_x2_max", "sliced_w2", "mode_tv")


@dataclass(frozen=True)
class Components:
    """Standard deviations by group, NaN where unknown: total² = training² + evaluation².

    `total`: of one set of draws of one training; without repeated draws it is all that is known.
    """

    total: np.ndarray
    training: np.ndarray
    evaluation: np.ndarray


def of_repeats(repeats: Mapping[str, Sequence[float | None]]) -> dict[str, float]:
    """`evaluation_sd.NAME`, `evaluation_mean.NAME` over the sets of draws of one fit, `evaluations` of them.

    Only of metrics with two finite values or more, and a meaning in every set; NaN where a set failed, or
    those that did not would look steady.
    """
    found: dict[str, float] = {}
    for name, values in repeats.items():
        known = [value for value in values if value is not None]
        finite = sum(map(math.isfinite, known))
        if finite > 1 and len(known) == len(values):
            mean, sd = _mean_and_sd(known) if finite == len(known) else (math.nan, math.nan)
            found |= {f"evaluation_sd.{name}": sd, f"evaluation_mean.{name}": mean, "evaluations": len(known)}
    return found


def _mean_and_sd(values: Sequence[float]) -> tuple[float, float]:
    """Of a handful of numbers, a hundred thousand times: numpy takes ten times as long."""
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def split(means: np.ndarray, sds: np.ndarray, counts: np.ndarray, group: np.ndarray, size: int) -> Components:
    """Components of `size` groups from mean, sd and count of each training's sets of draws, all (trainings,).

    A count of 1 says nothing of the evaluation, and its sd is not read.
    """

    def total_of(values: np.ndarray) -> np.ndarray:
        return np.bincount(group, weights=values, minlength=size)

    with np.errstate(invalid="ignore", divide="ignore"):
        trainings, freedom = total_of(np.ones(len(group))), total_of(counts - 1)
        within = total_of(np.where(counts > 1, (counts - 1) * sds**2, 0.0)) / freedom
        centre = (total_of(means) / trainings)[group]
        between = total_of((means - centre) ** 2) / (trainings - 1)
        between = np.where(trainings > 1, between, np.nan)
        training = np.maximum(between - within * total_of(1 / counts) / trainings, 0.0)
        total = np.where(freedom > 0, training + within, between)
        return Components(np.sqrt(total), np.sqrt(training), np.sqrt(within))


def columns(rows: pd.DataFrame, ok: np.ndarray, group: np.ndarray) -> dict[str, np.ndarray]:
    """By group of rows, over the ok ones: `total_sd.NAME`, `training_sd.NAME`, `evaluation_sd.NAME` of NAMES.

    None where too few trainings or draws leave it unknown, NaN where a training failed.
    """
    size, found = int(group.max()) + 1, {}
    for name in NAMES:
        if name in rows:
            parts = _of_metric(rows, name, ok, group, size)
            found |= {f"{part}_sd.{name}": values for part, values in parts.items() if _known(values).any()}
    return found


def _of_metric(
    rows: pd.DataFrame, name: str, ok: np.ndarray, group: np.ndarray, size: int
) -> dict[str, np.ndarray]:
    """The components by their name; a row without repeated draws is one set of them."""
    value, sd, mean, count = (
        _column(rows, one)
        for one in (name, f"evaluation_sd.{name}", f"evaluation_mean.{name}", "evaluations")
    )
    given, repeated = ok & _known(value), _known(sd)
    means, sds, counts = (
        np.where(repeated, of, once)[given].astype(float)
        for of, once in ((mean, value), (sd, np.array(np.nan)), (count, np.array(1)))
    )
    found = split(means, sds, counts, group[given], size)
    trained = np.bincount(group[given], minlength=size)
    drawn = np.bincount(group[given & repeated], minlength=size) > 0
    several = trained > 1
    parts = (found.total, several), (found.training, several & drawn), (found.evaluation, drawn)
    values = [np.where(there, part.astype(object), np.array(None)) for part, there in parts]
    return dict(zip(("total", "training", "evaluation"), values, strict=True))


def _column(rows: pd.DataFrame, name: str) -> np.ndarray:
    return rows[name].to_numpy() if name in rows else np.full(len(rows), None)


def _known(values: np.ndarray) -> np.ndarray:
    return np.array([value is not None for value in values], dtype=bool)
