"""Estimates and bounds of log Z, from the log weights of a sampler's paths.

The forward metrics use paths that end at exact draws of the target instead.
"""

from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from bridgemark.benchmarks.scores.weighted_sample import MetricValues
from bridgemark.targets.base import Truth

Logs: TypeAlias = Float[np.ndarray, " n"]


class Estimate(NamedTuple):
    """An estimate and its standard error, which is None where it is not known."""

    value: float
    standard_error: float | None


def log_mean(log_values: Logs) -> Estimate:
    """Log of the mean of independent values, given their logs; the standard error is the delta method's."""
    n = len(log_values)
    estimate = float(logsumexp(log_values) - np.log(n))
    if n == 1:
        return Estimate(estimate, None)
    return Estimate(estimate, float(np.std(np.exp(log_values - estimate), ddof=1) / np.sqrt(n)))


def evidence(
    truth: Truth | None, log_z_estimates: Logs | None, unresampled_log_weights: Logs | None
) -> MetricValues:
    """Log Z, the evidence lower bound (ELBO), and their differences from the truth.

    `log_z_estimates` are logs of independent unbiased estimates of Z, `unresampled_log_weights` log weights
    of independent draws. A metric is None where its input is None.
    """
    log_z = None if log_z_estimates is None else log_mean(log_z_estimates).value
    elbo = None if unresampled_log_weights is None else np.mean(unresampled_log_weights)
    return {
        "log_z": log_z,
        "log_z_error": None if log_z is None or truth is None else log_z - truth.value,
        "elbo": elbo,
        "elbo_gap": None if elbo is None or truth is None else truth.value - elbo,
    }


def evidence_errors(
    truth: Truth | None, log_z_estimates: Logs | None, unresampled_log_weights: Logs | None
) -> MetricValues:
    """Standard errors of log Z and the ELBO from the spread of independent values, and that of the truth."""
    return {
        "log_z": None if log_z_estimates is None else log_mean(log_z_estimates).standard_error,
        "elbo": _mean_error(unresampled_log_weights),
        "log_z_truth": None if truth is None else truth.standard_error,
    }


def forward_evidence(truth: Truth | None, log_weights: Logs | None) -> MetricValues:
    """Metrics from log w of paths that end at exact draws and were drawn backwards from there.

    Let P be the distribution of these paths and Q that of the sampler's. Then `eubo` is E_P[log w] =
    log Z + KL(P || Q), the evidence upper bound. `log_z_forward` rests on E_P[1 / w] = 1 / Z.
    `forward_ess_fraction` is Z / E_P[w] = Z^2 / E_Q[w^2], the limit of Kish's share of effective draws, but
    it also sees modes that the sampler misses. Its Z is `log_z_forward`, so that it is in (0, 1] and needs no
    truth.
    """
    if log_weights is None:
        return dict.fromkeys(("eubo", "eubo_gap", "log_z_forward", "forward_ess_fraction"))
    eubo = np.mean(log_weights)
    log_z = -log_mean(-log_weights).value
    return {
        "eubo": eubo,
        "eubo_gap": None if truth is None else eubo - truth.value,
        "log_z_forward": log_z,
        "forward_ess_fraction": np.exp(log_z - log_mean(log_weights).value),
    }


def forward_evidence_errors(log_weights: Logs | None) -> MetricValues:
    """Standard errors of `forward_evidence` from the spread of independent paths."""
    log_z_error = None if log_weights is None else log_mean(-log_weights).standard_error
    return {"eubo": _mean_error(log_weights), "log_z_forward": log_z_error}


def _mean_error(values: Logs | None) -> float | None:
    if values is None or len(values) == 1:
        return None
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))
