"""Effective sample size and R-hat of Markov chains, split and rank-normalised: Vehtari et al. (2021).

Written out, because BlackJAX's own ends Geyer's monotone sequence one pair later than Stan and ArviZ
do (up to several per cent on short chains) and must be compiled for every shape.
"""

import numpy as np
from jaxtyping import Float
from scipy import fft
from scipy.special import ndtri
from scipy.stats import rankdata

MIN_LENGTH = 4  # each half of a split chain needs two draws


def ess_bulk(x: Float[np.ndarray, "chains length dim"]) -> Float[np.ndarray, " dim"]:
    """Bulk effective sample size of every coordinate; 0 where any chain is constant or not finite."""
    stuck = np.any(np.ptp(x, axis=1) == 0, axis=0) | ~np.isfinite(x).all(axis=(0, 1))
    return np.where(stuck, 0.0, _ess(_rank_normalised(_split(x))))


def r_hat(x: Float[np.ndarray, "chains length dim"]) -> Float[np.ndarray, " dim"]:
    """Split R-hat of every coordinate, the larger of the plain and the folded one; 1 when chains agree.

    Infinite where no chain moves, even if all stand at one place.
    """
    split = _split(x)
    folded = np.abs(split - np.median(split, axis=(0, 1)))
    either = np.fmax(_r_hat(_rank_normalised(split)), _r_hat(_rank_normalised(folded)))
    return np.where(np.all(np.ptp(split, axis=1) == 0, axis=0), np.inf, either)


def _r_hat(x: Float[np.ndarray, "chains length dim"]) -> Float[np.ndarray, " dim"]:
    within, between = np.mean(np.var(x, axis=1, ddof=1), axis=0), np.var(np.mean(x, axis=1), axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):  # `within` is zero where no chain moves
        return np.sqrt(between / within + (x.shape[1] - 1) / x.shape[1])


def _ess(x: Float[np.ndarray, "chains length dim"]) -> Float[np.ndarray, " dim"]:
    """Draws over their autocorrelation time, summed by Geyer's initial monotone sequence of pairs."""
    chains, length, dim = x.shape
    covariance = _autocovariance(x)
    within = covariance[0] * length / (length - 1)
    variance = covariance[0] + np.var(np.mean(x, axis=1), axis=0, ddof=1)
    correlation = 1 - (within - covariance) / variance
    correlation[0] = 1
    pairs = correlation[: 2 * max(1, (length - 1) // 2)].reshape(-1, 2, dim).sum(axis=1)
    ended = pairs <= 0
    ended[-1] = True
    end = np.argmax(ended, axis=0)  # the first pair left out, but for half of it
    monotone = np.where(np.arange(len(pairs))[:, None] < end, np.minimum.accumulate(pairs), 0)
    half = np.maximum(correlation[2 * end, np.arange(dim)], 0)
    time = 2 * monotone.sum(axis=0) + half - 1
    draws = chains * length
    return draws / np.maximum(time, 1 / np.log10(draws))


def _autocovariance(x: Float[np.ndarray, "chains length dim"]) -> Float[np.ndarray, "length dim"]:
    """At every lag, averaged over the chains."""
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
    n = x.shape[0] * x.shape[1]
    ranks = rankdata(x.reshape(n, -1), axis=0)  # ties, the rejections of a chain, share their mean rank
    return ndtri((ranks - 0.375) / (n + 0.25)).reshape(x.shape)
