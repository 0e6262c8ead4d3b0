"""log Z and its bounds: from the weights of a sampler's own paths, and of paths that end in exact draws."""

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from bridgemark.benchmarks.scores.weighted_sample import Values
from bridgemark.targets.base import Truth

Logs = Float[np.ndarray, " n"]


def log_mean(log_values: Logs) -> tuple[float, float | None]:
    """Log of the mean of independent values, and its standard error by the delta method."""
    n = len(log_values)
    estimate = float(logsumexp(log_values) - np.log(n))
    if n == 1:
        return estimate, None
    return estimate, float(np.std(np.exp(log_values - estimate), ddof=1) / np.sqrt(n))


def evidence(truth: Truth | None, parts: Logs | None, proper: Logs | None) -> Values:
    """`parts`: independent unbiased log estimates of Z; `proper`: log weights that were never resampled."""
    log_z = None if parts is None else log_mean(parts)[0]
    elbo = None if proper is None else np.mean(proper)
    return {
        "log_z": log_z,
        "log_z_error": None if log_z is None or truth is None else log_z - truth.value,
        "elbo": elbo,
        "elbo_gap": None if elbo is None or truth is None else truth.value - elbo,
    }


def evidence_errors(truth: Truth | None, parts: Logs | None, proper: Logs | None) -> Values:
    """Standard errors by the spread of independent values."""
    return {
        "log_z": None if parts is None else log_mean(parts)[1],
        "elbo": _mean_error(proper),
        "log_z_truth": None if truth is None else truth.standard_error,
    }


def forward(truth: Truth | None, log_weights: Logs | None) -> Values:
    """From log w of paths that end in exact draws of the target and run backwards from there: law P.

    `eubo` = E_P log w, which is log Z + KL(P || Q) for the sampler's paths Q. `log_z_forward` rests on
    E_P[1/w] = 1/Z. `forward_ess_fraction` = Z / E_P[w]: as Z E_P[w] = E_Q[w^2], it is Z^2 / E_Q[w^2], what
    Kish's share tends to; but it sees the modes that the sampler misses. Its Z is that of the same paths, so
    that it lies in (0, 1] whatever Z is, and needs no other truth.
    """
    if log_weights is None:
        return dict.fromkeys(("eubo", "eubo_gap", "log_z_forward", "forward_ess_fraction"))
    eubo, log_z = np.mean(log_weights), -log_mean(-log_weights)[0]
    return {
        "eubo": eubo,
        "eubo_gap": None if truth is None else eubo - truth.value,
        "log_z_forward": log_z,
        "forward_ess_fraction": np.exp(log_z - log_mean(log_weights)[0]),
    }


def forward_errors(log_weights: Logs | None) -> Values:
    """Standard errors by the spread of independent paths."""
    log_z = None if log_weights is None else log_mean(-log_weights)[1]
    return {"eubo": _mean_error(log_weights), "log_z_forward": log_z}


def _mean_error(values: Logs | None) -> float | None:
    if values is None or len(values) == 1:
        return None
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))
