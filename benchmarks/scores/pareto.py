"""Tail shape of importance weights, by a generalised Pareto fit to the largest weights."""

import numpy as np
from jaxtyping import Float

MIN_WEIGHTS = 25  # below this number no tail is fitted
MIN_TAIL = 5  # weights above the threshold
MAX_TRUSTED_K = 0.7  # estimates from weights with a larger shape are not to be trusted
PRIOR_SHAPE, PRIOR_WEIGHTS = 0.5, 10  # the prior shape counts as this many weights


def pareto_k(log_weights: Float[np.ndarray, " n"]) -> float | None:
    """Shape k of the upper tail of the weights: their moments of order below 1 / k are finite.

    The min(n / 5, 3 sqrt n) largest weights are fitted by Zhang and Stephens (2009), with a weak prior
    towards 1/2, as in Vehtari, Simpson, Gelman, Yao and Gabry (2024), section 2.

    None for fewer than 25 weights, infinity where all but a few weights are zero, -infinity where the largest
    weights are equal, NaN where a weight is NaN or all weights are zero.
    """
    if np.isnan(log_weights).any() or np.max(log_weights, initial=-np.inf) == -np.inf:
        return np.nan
    n = len(log_weights)
    if n < MIN_WEIGHTS:
        return None
    tail_size = int(np.ceil(min(0.2 * n, 3 * np.sqrt(n))))
    ordered = np.sort(log_weights - np.max(log_weights))
    threshold = max(ordered[-tail_size - 1], np.log(np.finfo(float).tiny))
    excess = np.exp(ordered[-tail_size:]) - np.exp(threshold)
    excess = excess[excess > 0]
    if len(excess) < MIN_TAIL:
        return -np.inf if ordered[-tail_size] == 0 else np.inf
    shape = _generalised_pareto_shape(excess)
    return float((len(excess) * shape + PRIOR_WEIGHTS * PRIOR_SHAPE) / (len(excess) + PRIOR_WEIGHTS))


def _generalised_pareto_shape(excess: Float[np.ndarray, " m"]) -> float:
    """Shape of a generalised Pareto distribution from ascending excesses over its threshold.

    Zhang and Stephens (2009), section 3: the posterior mean of the rate over a fixed set of rates.
    """
    m = len(excess)
    count = 30 + int(np.sqrt(m))
    quartile = excess[int(m / 4 + 0.5) - 1]
    rates = 1 / excess[-1] + (1 - np.sqrt(count / (np.arange(count) + 0.5))) / (3 * quartile)
    shapes = np.mean(np.log1p(-rates[:, None] * excess), axis=1)
    profile = m * (np.log(-rates / shapes) - shapes - 1)
    weights = np.exp(profile - np.max(profile))
    rate = np.sum(rates * weights) / np.sum(weights)
    return float(np.mean(np.log1p(-rate * excess)))
