"""Every metric of a set of draws, with its noise floor and its Monte Carlo error.

All metrics respect weights and are computed in float64 on the host. None means that a metric has no meaning
for these draws, NaN that the draws failed it. A change of any definition moves VERSION.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, PRNGKeyArray

from bridgemark.benchmarks.scores.bias import bias_errors, bias_metrics, truth_resolution
from bridgemark.benchmarks.scores.diagnostics import MIN_LENGTH, ess_bulk, r_hat
from bridgemark.benchmarks.scores.distances import costly_distances, distance_errors, distances
from bridgemark.benchmarks.scores.evidence import (
    evidence,
    evidence_errors,
    forward_evidence,
    forward_evidence_errors,
)
from bridgemark.benchmarks.scores.host_draws import HostDraws, as_forward_log_weights, on_host
from bridgemark.benchmarks.scores.pareto import pareto_k
from bridgemark.benchmarks.scores.weighted_sample import MetricValues, effective_size, normalised_weights
from bridgemark.benchmarks.scores.yardstick import yardstick_of
from bridgemark.samplers.base import Draws
from bridgemark.targets.base import Target

VERSION = 2


@dataclass(frozen=True)
class Evaluation:
    """Metrics of a set of draws, their noise floors and their standard errors, each by name.

    `floors` are the mean metrics of as many exact unweighted draws. `errors` has the standard errors of
    `log_z`, `elbo`, `eubo`, `log_z_forward` and `mmd2`, and that of the true log Z as `log_z_truth`. For a
    squared bias NAME, `errors[NAME]` is the smallest value that the truth can resolve and
    `errors[NAME_draws]` the standard error from the draws; the latter exists for `mode_tv` too.
    """

    metrics: dict[str, float | None]
    floors: dict[str, float | None]
    errors: dict[str, float | None]


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
    """All metrics of one set of draws; `key` makes the exact draws that distances compare with.

    `forward_log_weights` (n,) are log weights of independent paths that end at exact draws of the target.
    They are ignored where weights were resampled. `with_costly` adds `sinkhorn` and `c2st`, which need the
    extra `transport` and take up to a minute.
    """
    host = on_host(draws)
    yardstick = yardstick_of(target, host.size, with_costly)
    exact = yardstick.exact_sample(key)
    with np.errstate(all="ignore"):
        sample = host.weighted_sample()
        log_z_estimates, log_weights = host.log_z_estimates(), host.unresampled_log_weights()
        forward = None if log_weights is None else as_forward_log_weights(forward_log_weights)
        sizes = _weight_metrics(log_weights) | _chain_metrics(host)
        metrics = (
            evidence(target.log_z, log_z_estimates, log_weights)
            | forward_evidence(target.log_z, forward)
            | sizes
            | _efficiency(sizes, fit_gradients, sample_gradients, fit_seconds + sample_seconds)
            | distances(sample, exact)
            | bias_metrics(target, sample)
            | (costly_distances(sample, exact) if with_costly else {})
            | {"nan_fraction": host.nan_fraction()}
        )
        errors = (
            evidence_errors(target.log_z, log_z_estimates, log_weights)
            | forward_evidence_errors(forward)
            | truth_resolution(target)
            | distance_errors(sample, exact)
            | bias_errors(target, sample, host.batch_starts())
        )
    return Evaluation(_as_floats(metrics), _as_floats(yardstick.floors), _as_floats(errors))


def evaluate_without_exact_draws(target: Target, draws: Draws) -> dict[str, float | None]:
    """The metrics of `evaluate` that depend neither on exact draws nor on what the draws cost."""
    host = on_host(draws)
    with np.errstate(all="ignore"):
        log_weights = host.unresampled_log_weights()
        return _as_floats(
            evidence(target.log_z, host.log_z_estimates(), log_weights)
            | _weight_metrics(log_weights)
            | _chain_metrics(host)
            | bias_metrics(target, host.weighted_sample())
        )


def _as_floats(values: MetricValues) -> dict[str, float | None]:
    """The values as Python floats, or None."""
    return {name: None if value is None else float(value) for name, value in values.items()}


def _weight_metrics(log_weights: Float[np.ndarray, " n"] | None) -> MetricValues:
    """Effective size of the weights, its share of the draws, and the shape of the weights' tail."""
    if log_weights is None:
        return dict.fromkeys(("importance_ess", "importance_ess_fraction", "pareto_k"))
    size = effective_size(normalised_weights(log_weights))
    fraction = size / len(log_weights)
    return {"importance_ess": size, "importance_ess_fraction": fraction, "pareto_k": pareto_k(log_weights)}


def _chain_metrics(host: HostDraws) -> MetricValues:
    """Effective sizes and R-hat of the worst coordinate; None for weighted draws and for short chains."""
    if host.log_weights is not None or host.x.shape[1] < MIN_LENGTH:
        return dict.fromkeys(("ess_bulk_min", "ess_x2_min", "r_hat_max"))
    return {
        "ess_bulk_min": np.min(ess_bulk(host.x)),
        "ess_x2_min": np.min(ess_bulk(host.x**2)),
        "r_hat_max": np.max(r_hat(host.x)),
    }


def _efficiency(
    sizes: MetricValues, fit_gradients: int, sample_gradients: int, seconds: float
) -> MetricValues:
    """Effective draws per gradient and per second of both phases, and per gradient of sampling alone."""
    size = sizes["importance_ess"] if sizes["ess_bulk_min"] is None else sizes["ess_bulk_min"]
    costs = {
        "ess_per_gradient": fit_gradients + sample_gradients,
        "ess_per_sample_gradient": sample_gradients,
        "ess_per_second": seconds,
    }
    return {name: None if size is None or not cost else size / cost for name, cost in costs.items()}
