"""Every metric of a set of draws, with its noise floor and its Monte Carlo error.

All are weight-aware and in float64 on the host. None = has no meaning here; NaN = offered and failed.
A change of any definition moves VERSION.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.special import logsumexp

from benchmarks.agreement import Points, Values, agreement, expectations, floors, resolution
from benchmarks.diagnostics import MIN_LENGTH, ess_bulk, r_hat
from samplers.base import Draws
from targets.base import Target

VERSION = 1


@dataclass(frozen=True)
class Evaluation:
    """Metrics by name; `floors`: the same of exact unweighted draws at the same n.

    `errors`: standard errors of `log_z` and `elbo`, that of the truth as `log_z_truth`, and for each
    squared bias the smallest value that the truth can resolve.
    """

    metrics: dict[str, float | None]
    floors: dict[str, float | None]
    errors: dict[str, float | None]


class _Drawn(NamedTuple):
    """The arrays of Draws as float64 on the host."""

    x: Float[np.ndarray, "chains length dim"]
    log_weights: Float[np.ndarray, "chains length"] | None
    log_z: Float[np.ndarray, " runs"] | None


def evaluate(
    target: Target,
    draws: Draws,
    fit_gradients: int,
    sample_gradients: int,
    fit_seconds: float,
    sample_seconds: float,
    key: PRNGKeyArray,
    forward_log_weights: np.ndarray | None = None,
) -> Evaluation:
    """All metrics of one cell and seed; the key draws the exact points that transport compares with."""
    drawn = _on_host(draws)
    with np.errstate(all="ignore"):
        sizes = _importance(drawn) | _chains(drawn)
        metrics = (
            _log_z(target, drawn)
            | sizes
            | _efficiency(sizes, fit_gradients, sample_gradients, fit_seconds + sample_seconds)
            | agreement(target, _points(drawn), key)
            | {"nan_fraction": _nan_fraction(drawn)}
        )
        errors = _log_z_errors(target, drawn) | resolution(target)
    n = drawn.x.shape[0] * drawn.x.shape[1]
    return Evaluation(_plain(metrics), _plain(floors(target, n)), _plain(errors))


def brief(target: Target, draws: Draws) -> dict[str, float | None]:
    """Those metrics of `evaluate` that need neither exact draws nor what was spent."""
    drawn = _on_host(draws)
    with np.errstate(all="ignore"):
        values = _log_z(target, drawn) | _importance(drawn) | _chains(drawn)
        return _plain(values | expectations(target, _points(drawn)))


def _on_host(draws: Draws) -> _Drawn:
    return _Drawn(np.asarray(draws.x, np.float64), _logs(draws.log_weights), _logs(draws.log_z))


def _logs(array: Array | None) -> np.ndarray | None:
    """In double precision; log 0 is a weight, an infinite weight is none."""
    if array is None:
        return None
    values = np.asarray(array, np.float64)
    return np.where(np.isposinf(values), np.nan, values)


def _plain(values: Values) -> dict[str, float | None]:
    """Python floats: infinities are results (an ELBO is one where a weight is zero), NaN is not."""
    return {name: value if value is None else float(value) for name, value in values.items()}


def _points(drawn: _Drawn) -> Points:
    x = drawn.x.reshape(-1, drawn.x.shape[2])
    if drawn.log_weights is None:
        return Points(x, np.full(len(x), 1 / len(x)))
    return Points(x, _softmax(drawn.log_weights.ravel()))


def _softmax(log_weights: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    return np.exp(log_weights - logsumexp(log_weights))


def _log_mean(log_values: Float[np.ndarray, " n"]) -> tuple[float, float | None]:
    """Log of the mean of independent values, and its standard error by the delta method."""
    n = len(log_values)
    estimate = float(logsumexp(log_values) - np.log(n))
    if n == 1:
        return estimate, None
    return estimate, float(np.std(np.exp(log_values - estimate), ddof=1) / np.sqrt(n))


def _log_z_parts(drawn: _Drawn) -> Float[np.ndarray, " n"] | None:
    """Independent unbiased log estimates of Z: one a run where runs resampled, else one a weight."""
    parts = drawn.log_weights if drawn.log_z is None else drawn.log_z
    return None if parts is None else np.ravel(parts)


def _proper(drawn: _Drawn) -> Float[np.ndarray, " n"] | None:
    """Log weights of independent draws; None where resampling took their meaning from single weights."""
    return None if drawn.log_weights is None or drawn.log_z is not None else drawn.log_weights.ravel()


def _log_z(target: Target, drawn: _Drawn) -> Values:
    parts, proper = _log_z_parts(drawn), _proper(drawn)
    truth = None if target.log_z is None else target.log_z.value
    log_z = None if parts is None else _log_mean(parts)[0]
    elbo = None if proper is None else np.mean(proper)
    return {
        "log_z": log_z,
        "log_z_error": None if log_z is None or truth is None else log_z - truth,
        "elbo": elbo,
        "elbo_gap": None if elbo is None or truth is None else truth - elbo,
    }


def _log_z_errors(target: Target, drawn: _Drawn) -> Values:
    parts, proper = _log_z_parts(drawn), _proper(drawn)
    return {
        "log_z": None if parts is None else _log_mean(parts)[1],
        "elbo": None if proper is None or len(proper) == 1 else np.std(proper, ddof=1) / np.sqrt(len(proper)),
        "log_z_truth": None if target.log_z is None else target.log_z.standard_error,
    }


def _importance(drawn: _Drawn) -> Values:
    """Kish's effective size of the weights, and its share of the draws."""
    proper = _proper(drawn)
    if proper is None:
        return {"importance_ess": None, "importance_ess_fraction": None}
    size = 1 / np.sum(_softmax(proper) ** 2)
    return {"importance_ess": size, "importance_ess_fraction": size / len(proper)}


def _chains(drawn: _Drawn) -> Values:
    """Of the worst coordinate; for Markov chains only."""
    if drawn.log_weights is not None or drawn.x.shape[1] < MIN_LENGTH:
        return {"ess_bulk_min": None, "ess_x2_min": None, "r_hat_max": None}
    return {
        "ess_bulk_min": np.min(ess_bulk(drawn.x)),
        "ess_x2_min": np.min(ess_bulk(drawn.x**2)),
        "r_hat_max": np.max(r_hat(drawn.x)),
    }


def _efficiency(sizes: Values, fit_gradients: int, sample_gradients: int, seconds: float) -> Values:
    """Effective draws per unit spent: fit and sample together, and sampling alone."""
    size = sizes["importance_ess"] if sizes["ess_bulk_min"] is None else sizes["ess_bulk_min"]
    spent = {
        "ess_per_gradient": fit_gradients + sample_gradients,
        "ess_per_sample_gradient": sample_gradients,
        "ess_per_second": seconds,
    }
    return {name: None if size is None or not cost else size / cost for name, cost in spent.items()}


def _nan_fraction(drawn: _Drawn) -> float:
    """Share of draws with a coordinate that is not finite, or a weight that is NaN or infinite."""
    lost = ~np.isfinite(drawn.x).all(axis=2)
    if drawn.log_weights is not None:
        lost |= np.isnan(drawn.log_weights)
    return float(np.mean(lost))
