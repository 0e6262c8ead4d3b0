"""What samplers estimate of a density without a known truth, and which of them agree.

Estimates of seeds are pooled. Where every seed has an error of its own, that of the mean follows from them,
and it is never below the spread of the seeds; otherwise it is the spread alone, with Student's factor for
few seeds. Two samplers agree by the rule of `references`: no number that both estimate differs by more than
MAX_GAP combined standard errors, made wider for many numbers, and a vague estimate confirms nothing.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import scipy.stats
from jaxtyping import Float

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.references.log_z import MAX_ERROR, MAX_GAP
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.scores.evidence import Estimate, log_mean
from bridgemark.benchmarks.scores.weighted_sample import effective_size, normalised_weights

MAX_MOMENT_ERROR = 0.2  # of a mean, combined, in standard deviations: a vaguer one confirms nothing
MIN_SEEDS = 3  # whose spread gives an error: that of two seeds could be anything
FALSE_ALARM = float(scipy.stats.norm.sf(MAX_GAP))


class Moments(NamedTuple):
    """Mean and standard deviation of each stored coordinate, (2, coordinates), and their standard errors.

    Errors are NaN where they are unknown.
    """

    values: Float[np.ndarray, "2 coordinates"]
    errors: Float[np.ndarray, "2 coordinates"]


class Estimates(NamedTuple):
    """What a sampler estimates, over all seeds that ended ok; None where it has no such number.

    Attributes:
        label: what the sampler is called.
        seeds: how many seeds ended ok.
        log_z: log Z.
        elbo: the lower bound of log Z.
        pareto_k: the largest Pareto k of its weights.
        r_hat: the largest R-hat of its chains.
        moments: means and standard deviations, where draws are stored.
    """

    label: str
    seeds: int
    log_z: Estimate | None
    elbo: Estimate | None
    pareto_k: float | None
    r_hat: float | None
    moments: Moments | None


class Comparison(NamedTuple):
    """Two samplers, whether they agree, and the number that differs most, such as "mean of x[1]".

    `agree` is None where they have no number in common that is precise enough to tell.
    """

    first: str
    second: str
    agree: bool | None
    worst: str

    def is_about(self, label: str) -> bool:
        """Whether a sampler is one of the two."""
        return label in (self.first, self.second)

    def beside(self, label: str) -> str:
        """The sampler that this one is compared with."""
        return self.second if label == self.first else self.first


def estimate(label: str, rows: Sequence[Row], moments_of: Callable[[Row], Moments | None]) -> Estimates:
    """Pool the rows of one sampler on one density that ended ok; `moments_of` are those of stored draws."""
    ok = [row for row in rows if row.status == "ok"]
    moments = [item for item in map(moments_of, ok) if item is not None]
    return Estimates(
        label,
        len(ok),
        _pool_metric(ok, columns.LOG_Z, lambda values: log_mean(values).value),
        _pool_metric(ok, columns.ELBO, lambda values: float(np.mean(values))),
        _largest(ok, columns.PARETO_K),
        _largest(ok, columns.R_HAT_MAX),
        _pool_moments(moments) if moments else None,
    )


def moments_of_draws(row: Row, arrays: Mapping[str, np.ndarray]) -> Moments | None:
    """Moments of the draws that are stored beside a row; None where there are none.

    Their errors are those of as many independent draws as the run, or the stored draws, are worth.
    """
    x = np.asarray(arrays.get("x", np.empty(0)), float)
    if x.ndim != 2 or not x.size or not np.isfinite(x).all():
        return None
    log_weights = arrays.get("log_weights")
    weights = np.full(len(x), 1 / len(x)) if log_weights is None else normalised_weights(log_weights)
    mean = weights @ x
    variance = weights @ (x - mean) ** 2
    sd = np.sqrt(variance)
    size = _worth(row, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = weights @ (x - mean) ** 4 / variance**2 - 1
        errors = np.stack([sd / np.sqrt(size), sd * np.sqrt(excess / (4 * size))])
    return Moments(np.stack([mean, sd]), errors)


def compare_all(estimates: Sequence[Estimates]) -> list[Comparison]:
    """Compare the samplers of every pair."""
    return [_compare(first, second) for first, second in combinations(estimates, 2)]


def _worth(row: Row, weights: Float[np.ndarray, " n"]) -> float:
    """How many independent draws the stored ones are worth; NaN where nothing says it."""
    effective = row.metrics.get(columns.ESS_BULK_MIN)
    if effective is not None:
        return max(1.0, min(effective, len(weights)))
    return effective_size(weights) if row.metrics.get(columns.IMPORTANCE_ESS) is not None else np.nan


def _pool_metric(rows: Sequence[Row], name: str, mean: Callable[[np.ndarray], float]) -> Estimate | None:
    """Pool a metric that has a standard error. None where no row has it."""
    with_metric = [row for row in rows if row.metrics.get(name) is not None]
    if not with_metric:
        return None
    values = np.array([row.metrics[name] for row in with_metric], float)
    errors = np.array([row.errors.get(name, np.nan) for row in with_metric], float)
    error = float(_pooled_error(values[:, None], errors[:, None])[0])
    return Estimate(mean(values), None if np.isnan(error) else error)


def _pool_moments(moments: Sequence[Moments]) -> Moments:
    values = np.stack([item.values for item in moments])
    errors = np.stack([item.errors for item in moments])
    pooled = _pooled_error(values.reshape(len(moments), -1), errors.reshape(len(moments), -1))
    return Moments(values.mean(axis=0), pooled.reshape(values.shape[1:]))


def _pooled_error(
    values: Float[np.ndarray, "seeds k"], errors: Float[np.ndarray, "seeds k"]
) -> Float[np.ndarray, " k"]:
    """The standard errors of means over seeds; NaN where there are few and they have none of their own."""
    n = len(values)
    within = np.sqrt(np.mean(errors**2, axis=0) / n)
    if n == 1:
        return within
    spread = np.std(values, axis=0, ddof=1) / np.sqrt(n)
    student = scipy.stats.t.isf(FALSE_ALARM, n - 1) / MAX_GAP if n >= MIN_SEEDS else np.nan
    return np.where(np.isnan(within), student * spread, np.fmax(within, spread))


def _largest(rows: Sequence[Row], name: str) -> float | None:
    values = [value for row in rows if (value := row.metrics.get(name)) is not None]
    return float(np.max(values)) if values else None


def _compare(first: Estimates, second: Estimates) -> Comparison:
    """Look at every number that both estimate with an error."""
    gaps: dict[str, float] = {}
    is_precise = False
    if first.log_z is not None and second.log_z is not None:
        error = math.hypot(*(_error(item) for item in (first.log_z, second.log_z)))
        gaps["log Z"] = _gap(first.log_z.value - second.log_z.value, error)
        is_precise |= error <= MAX_ERROR
    if first.moments is not None and second.moments is not None:
        errors = np.hypot(first.moments.errors, second.moments.errors)
        differences = first.moments.values - second.moments.values
        for (statistic, k), difference in np.ndenumerate(differences):
            name = f"{('mean', 'sd')[statistic]} of x[{k}]"
            gaps[name] = _gap(float(difference), float(errors[statistic, k]))
        sd = np.fmin(first.moments.values[1], second.moments.values[1])
        is_precise |= bool(np.all(errors[0] <= MAX_MOMENT_ERROR * sd))
    known_gaps = {name: gap for name, gap in gaps.items() if not math.isnan(gap)}
    if not known_gaps:
        return Comparison(first.label, second.label, None, "")
    worst = max(known_gaps, key=lambda name: known_gaps[name])
    if known_gaps[worst] > scipy.stats.norm.isf(FALSE_ALARM / len(known_gaps)):
        return Comparison(first.label, second.label, False, worst)
    return Comparison(first.label, second.label, True if is_precise else None, worst)


def _error(estimate: Estimate) -> float:
    return math.nan if estimate.standard_error is None else estimate.standard_error


def _gap(difference: float, error: float) -> float:
    """A difference in standard errors; NaN where these are unknown."""
    if math.isnan(error):
        return math.nan
    if math.isnan(difference):
        return math.inf
    return abs(difference) / error if error > 0 else (0.0 if difference == 0 else math.inf)
