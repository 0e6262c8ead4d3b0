"""How heavy the tail of importance weights is: the shape of a generalised Pareto fit to the largest."""

import numpy as np
from jaxtyping import Float

LEAST = 25  # weights below which no tail is fitted
TRUSTED = 0.7  # an estimate whose weights have a larger shape is not to be trusted


def pareto_k(log_weights: Float[np.ndarray, " n"]) -> float | None:
    """Shape k of the weights' upper tail (Vehtari, Simpson, Gelman, Yao, Gabry 2024, section 2).

    The min(n / 5, 3 sqrt n) largest are fitted by Zhang and Stephens (2009), with the weak prior towards
    1/2. Moments of order below 1/k are finite. None for fewer than 25 weights; infinite where all but
    a few are zero; -inf where the largest are all equal; NaN where a weight is NaN or all are zero.
    """
    if np.isnan(log_weights).any() or np.max(log_weights, initial=-np.inf) == -np.inf:
        return np.nan
    n = len(log_weights)
    if n < LEAST:
        return None
    size = int(np.ceil(min(0.2 * n, 3 * np.sqrt(n))))
    ordered = np.sort(log_weights - np.max(log_weights))
    threshold = max(ordered[-size - 1], np.log(np.finfo(float).tiny))
    excess = np.exp(ordered[-size:]) - np.exp(threshold)
    excess = excess[excess > 0]
    if len(excess) < 5:
        return -np.inf if ordered[-size] == 0 else np.inf
    fitted = _generalised_pareto(excess)
    return float((len(excess) * fitted + 10 * 0.5) / (len(excess) + 10))


def _generalised_pareto(excess: Float[np.ndarray, " m"]) -> float:
    """Shape of a generalised Pareto law of ordered excesses, by Zhang and Stephens' empirical Bayes."""
    m = len(excess)
    count = 30 + int(np.sqrt(m))
    quartile = excess[int(m / 4 + 0.5) - 1]
    rates = 1 / excess[-1] + (1 - np.sqrt(count / (np.arange(count) + 0.5))) / (3 * quartile)
    shapes = np.mean(np.log1p(-rates[:, None] * excess), axis=1)
    profile = m * (np.log(-rates / shapes) - shapes - 1)
    weights = np.exp(profile - np.max(profile))
    rate = np.sum(rates * weights) / np.sum(weights)
    return float(np.mean(np.log1p(-rate * excess)))
