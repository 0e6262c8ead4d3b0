"""Every metric of a set of draws, with its noise floor and its Monte Carlo error.

All are weight-aware and in float64 on the host. None = has no meaning here; NaN = offered and failed.
A change of any definition moves VERSION.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray
from scipy.special import logsumexp

from bridgemark.benchmarks.scores.bias import agreement, agreement_errors, expectations, floors, resolution
from bridgemark.benchmarks.scores.diagnostics import MIN_LENGTH, ess_bulk, r_hat
from bridgemark.benchmarks.scores.distances import costly
from bridgemark.benchmarks.scores.evidence import evidence, evidence_errors, forward, forward_errors
from bridgemark.benchmarks.scores.monte_carlo_error import pieces
from bridgemark.benchmarks.scores.pareto import pareto_k
from bridgemark.benchmarks.scores.weighted_sample import Points, Values
from bridgemark.samplers.base import Draws
from bridgemark.targets.base import Target

VERSION = 2


@dataclass(frozen=True)
class Evaluation:
    """Metrics by name; `floors`: the same of exact unweighted draws at the same n.

    `errors`: standard errors of `log_z`, `elbo`, `eubo`, `log_z_forward` and `mmd2`, that of the truth as
    `log_z_truth`. Of a squared bias the name bears the smallest value that the truth can resolve, and
    `NAME_draws`, as `mode_tv_draws`, the standard error by the draws.
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
    with_costly: bool = False,
) -> Evaluation:
    """All metrics of one cell and seed; the key draws the exact points that distances compare with.

    `forward_log_weights` (n,): log weights of independent paths that end in exact draws of the target and
    were run backwards from there. They say nothing beside weights that were resampled. `with_costly` asks
    for `sinkhorn` and `c2st`, which need the extra `transport` and take up to a minute a row.
    """
    drawn = _on_host(draws)
    with np.errstate(all="ignore"):
        parts, proper, points = _log_z_parts(drawn), _proper(drawn), _points(drawn)
        reverse = None if proper is None else _forward_logs(forward_log_weights)
        sizes = _importance(proper) | _chains(drawn)
        metrics = (
            evidence(target.log_z, parts, proper)
            | forward(target.log_z, reverse)
            | sizes
            | _efficiency(sizes, fit_gradients, sample_gradients, fit_seconds + sample_seconds)
            | agreement(target, points, key)
            | (costly(target, points, key) if with_costly else {})
            | {"nan_fraction": _nan_fraction(drawn)}
        )
        errors = evidence_errors(target.log_z, parts, proper) | forward_errors(reverse) | resolution(target)
        errors |= agreement_errors(target, points, _pieces(drawn), key)
    n = drawn.x.shape[0] * drawn.x.shape[1]
    return Evaluation(_plain(metrics), _plain(floors(target, n, with_costly)), _plain(errors))


def brief(target: Target, draws: Draws) -> dict[str, float | None]:
    """Those metrics of `evaluate` that need neither exact draws nor what was spent."""
    drawn = _on_host(draws)
    with np.errstate(all="ignore"):
        proper = _proper(drawn)
        values = evidence(target.log_z, _log_z_parts(drawn), proper) | _importance(proper) | _chains(drawn)
        return _plain(values | expectations(target, _points(drawn)))


def _on_host(draws: Draws) -> _Drawn:
    return _Drawn(np.asarray(draws.x, np.float64), _logs(draws.log_weights), _logs(draws.log_z))


def _logs(array: Array | None) -> np.ndarray | None:
    """In double precision; log 0 is a weight, an infinite weight is none."""
    if array is None:
        return None
    values = np.asarray(array, np.float64)
    return np.where(np.isposinf(values), np.nan, values)


def _forward_logs(array: np.ndarray | None) -> np.ndarray | None:
    """In double precision; a path that the sampler never takes has an infinite weight, none has weight 0."""
    if array is None:
        return None
    values = np.ravel(np.asarray(array, np.float64))
    return np.where(np.isneginf(values), np.nan, values)


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


def _log_z_parts(drawn: _Drawn) -> Float[np.ndarray, " n"] | None:
    """Independent unbiased log estimates of Z: one a run where runs resampled, else one a weight."""
    parts = drawn.log_weights if drawn.log_z is None else drawn.log_z
    return None if parts is None else np.ravel(parts)


def _proper(drawn: _Drawn) -> Float[np.ndarray, " n"] | None:
    """Log weights of independent draws; None where resampling took their meaning from single weights."""
    return None if drawn.log_weights is None or drawn.log_z is not None else drawn.log_weights.ravel()


def _pieces(drawn: _Drawn) -> Int[np.ndarray, " pieces"]:
    """Where nearly independent pieces of the draws start; the particles of one run are one."""
    return pieces(drawn.x.shape[0], drawn.x.shape[1], whole=drawn.log_z is not None)


def _importance(proper: Float[np.ndarray, " n"] | None) -> Values:
    """Kish's effective size of the weights, its share of the draws, and the shape of the weights' tail."""
    if proper is None:
        return dict.fromkeys(("importance_ess", "importance_ess_fraction", "pareto_k"))
    size = 1 / np.sum(_softmax(proper) ** 2)
    fraction = size / len(proper)
    return {"importance_ess": size, "importance_ess_fraction": fraction, "pareto_k": pareto_k(proper)}


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
