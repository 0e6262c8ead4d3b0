"""Effective sample size and R-hat of Markov chains, split and rank-normalised: Vehtari et al. (2021).

They equal ArviZ's up to rounding. BlackJAX's effective sample size ends Geyer's monotone sequence one pair
later than Stan and ArviZ do, which moves it by several per cent on short chains, and is compiled anew for
every shape.
"""

import numpy as np
from jaxtyping import Float
from scipy import fft
from scipy.special import ndtri

MIN_LENGTH = 4  # each half of a split chain needs two draws


def ess_bulk(x: Float[np.ndarray, "chains length dim"]) -> Float[np.ndarray, " dim"]:
    """Bulk effective sample size of every coordinate; 0 where any chain is constant or not finite."""
    stuck = np.any(np.ptp(x, axis=1) == 0, axis=0) | ~np.isfinite(x).all(axis=(0, 1))
    return np.where(stuck, 0.0, _ess(_rank_normalised(_split(x))))


def r_hat(x: Float[np.ndarray, "chains length dim"]) -> Float[np.ndarray, " dim"]:
    """Split R-hat of every coordinate, the larger of the plain and the folded one; 1 where chains agree.

    Infinite where no chain moves, even if all chains are at the same point.
    """
    split = _split(x)
    folded = np.abs(split - np.median(split, axis=(0, 1)))
    larger = np.fmax(_r_hat(_rank_normalised(split)), _r_hat(_rank_normalised(folded)))
    return np.where(np.all(np.ptp(split, axis=1) == 0, axis=0), np.inf, larger)


def _r_hat(x: Float[np.ndarray, "chains length dim"]) -> Float[np.ndarray, " dim"]:
    variance_within = np.mean(np.var(x, axis=1, ddof=1), axis=0)
    variance_of_means = np.var(np.mean(x, axis=1), axis=0, ddof=1)
    length = x.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):  # `variance_within` is zero where no chain moves
        return np.sqrt(variance_of_means / variance_within + (length - 1) / length)


def _ess(x: Float[np.ndarray, "chains length dim"]) -> Float[np.ndarray, " dim"]:
    """Number of draws over their autocorrelation time, by Geyer's initial monotone sequence of pairs."""
    chains, length, dim = x.shape
    covariance = _autocovariance(x)
    variance_within = covariance[0] * length / (length - 1)
    variance = covariance[0] + np.var(np.mean(x, axis=1), axis=0, ddof=1)
    correlation = 1 - (variance_within - covariance) / variance
    correlation[0] = 1
    # Sums of neighbouring correlations, (0, 1), (2, 3), ...: positive and decreasing for a reversible chain.
    pairs = correlation[: 2 * max(1, (length - 1) // 2)].reshape(-1, 2, dim).sum(axis=1)
    not_positive = pairs <= 0
    not_positive[-1] = True
    end = np.argmax(not_positive, axis=0)  # the first pair that is left out, except for its even lag
    monotone = np.where(np.arange(len(pairs))[:, None] < end, np.minimum.accumulate(pairs), 0)
    even_lag = np.maximum(correlation[2 * end, np.arange(dim)], 0)
    autocorrelation_time = 2 * monotone.sum(axis=0) + even_lag - 1
    draws = chains * length
    return draws / np.maximum(autocorrelation_time, 1 / np.log10(draws))


def _autocovariance(x: Float[np.ndarray, "chains length dim"]) -> Float[np.ndarray, "length dim"]:
    """Autocovariance at every lag, averaged over the chains."""
    length = x.shape[1]
    padded = fft.next_fast_len(2 * length, real=True)
    spectrum = np.asarray(fft.rfft(x - np.mean(x, axis=1, keepdims=True), padded, axis=1))
    power = np.mean(np.abs(spectrum) ** 2, axis=0)
    return np.asarray(fft.irfft(power, padded, axis=0))[:length] / length


def _split(x: Float[np.ndarray, "chains length dim"]) -> Float[np.ndarray, "halves half dim"]:
    """Both halves of every chain; the middle draw of an odd number is left out."""
    half = x.shape[1] // 2
    return np.concatenate([x[:, :half], x[:, -half:]])


def _rank_normalised(x: Float[np.ndarray, "chains length dim"]) -> Float[np.ndarray, "chains length dim"]:
    """Normal quantiles of the ranks of every coordinate among the draws of all chains."""
    n = x.shape[0] * x.shape[1]
    ranks = np.apply_along_axis(_mean_ranks, 0, x.reshape(n, -1))
    return ndtri((ranks - 0.375) / (n + 0.25)).reshape(x.shape)


def _mean_ranks(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Ranks from 1 to n; ties, such as rejections, share their mean rank. All NaN where a value is.

    So does `scipy.stats.rankdata`, but importing `scipy.stats` takes longer than a quick sampler runs.
    """
    if np.isnan(values).any():
        return np.full(values.shape, np.nan)
    _, position, ties = np.unique(values, return_inverse=True, return_counts=True)
    last_rank = np.cumsum(ties)
    return (last_rank - (ties - 1) / 2)[position]
