"""Log Z by bridge sampling between draws of Markov chains and draws of a Gaussian fitted to other chains.

Meng and Wong (1996), Statistica Sinica 6, 831-860, equation 4.1: the optimal bridge, found by iteration.
The diagnosis by the tails of its terms is that of Micaletto and Vehtari (2025), Bridge sampling diagnostics.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.benchmarks.scores.diagnostics import ess_bulk
from bridgemark.benchmarks.scores.evidence import log_mean
from bridgemark.benchmarks.scores.pareto import pareto_k
from bridgemark.targets.base import Base, LogProb, gaussian_base

MIN_DRAWS_PER_DIM = 15  # of the chains that a Gaussian is fitted to
MAX_ITERATIONS, TOLERANCE = 1_000, 1e-10
EXTREME_K = 10.0  # takes the place of an infinite Pareto k, which a JSON file cannot hold
BATCH = 1_000  # points whose density is evaluated at once


class BridgeEstimate(NamedTuple):
    """An estimate of log Z and its standard error.

    `pareto_k` is the larger tail shape of the terms of the numerator and of the denominator. Where it is
    above 0.7, target and proposal overlap too little for the error to be trusted.
    """

    value: float
    standard_error: float
    pareto_k: float


def estimate_log_z(
    key: PRNGKeyArray, log_prob: LogProb, x: Float[np.ndarray, "chains length dim"]
) -> BridgeEstimate:
    """The mean of two bridges: each half of the chains is bridged to the Gaussian fitted to the other half.

    Raises ValueError where half of the draws are too few to fit a Gaussian, and where a chain stands still.
    """
    first, second = np.array_split(np.asarray(x, float), 2)
    key_first, key_second = jax.random.split(key)
    from_first = _bridge(key_first, log_prob, fit_gaussian(first), second)
    from_second = _bridge(key_second, log_prob, fit_gaussian(second), first)
    value = np.mean([from_first.value, from_second.value])
    error = np.hypot(from_first.standard_error, from_second.standard_error) / 2
    return BridgeEstimate(float(value), float(error), max(from_first.pareto_k, from_second.pareto_k))


def reshuffled_log_z(
    key: PRNGKeyArray, log_prob: LogProb, x: Float[np.ndarray, "chains length dim"]
) -> BridgeEstimate:
    """The same estimate with the chains halved in another way: those of even number, then those of odd.

    Both Gaussians and all their draws are others. Raises ValueError as `estimate_log_z` does.
    """
    return estimate_log_z(key, log_prob, np.concatenate([x[0::2], x[1::2]]))


def fit_gaussian(x: Float[np.ndarray, "chains length dim"]) -> Base:
    """The Gaussian with the mean and the covariance of the draws. Raises ValueError for too few draws."""
    points = np.asarray(x, float).reshape(-1, x.shape[2])
    draws, dim = points.shape
    if draws < MIN_DRAWS_PER_DIM * dim:
        raise ValueError(f"a Gaussian is fitted: {draws} draws are too few for {dim} dimensions")
    return gaussian_base(points.mean(axis=0), np.linalg.cholesky(np.cov(points.T)))


def _bridge(
    key: PRNGKeyArray, log_prob: LogProb, gaussian: Base, x: Float[np.ndarray, "chains length dim"]
) -> BridgeEstimate:
    """Log Z from the chains x and as many draws of a Gaussian that was fitted to other chains."""
    chains, length, dim = x.shape
    # In double precision, because a bridge compares differences of log densities, which are large numbers.
    with jax.enable_x64(True):

        def log_ratio(point: Array) -> Array:
            return log_prob(point) - gaussian.log_prob(point)

        log_ratios = jax.jit(lambda points: jax.lax.map(log_ratio, points, batch_size=BATCH))
        at_proposed = np.asarray(log_ratios(gaussian.sample(key, chains * length)))
        at_drawn = np.asarray(log_ratios(jnp.asarray(x.reshape(-1, dim))))
    return optimal_bridge(at_drawn.reshape(chains, length), at_proposed)


def optimal_bridge(
    at_drawn: Float[np.ndarray, "chains length"], at_proposed: Float[np.ndarray, " n"]
) -> BridgeEstimate:
    """Log Z by the iterated bridge from log(target / proposal) at draws of both.

    The draws of the target are Markov chains, those of the proposal independent. The standard error is that
    of Frühwirth-Schnatter (2004), Econometrics Journal 7, 143-167, with effective numbers of draws in place
    of numbers. NaN at a draw of the proposal counts as density zero. Raises ValueError where a chain stands
    still or has density zero, because its effective number of draws is then none.
    """
    at_proposed = np.where(np.isnan(at_proposed), -np.inf, at_proposed)
    effective = _effective_number(at_drawn)
    log_share_drawn, log_share_proposed = np.log([effective, at_proposed.size]) - np.log(
        effective + at_proposed.size
    )
    value = float(np.median(at_drawn))
    for _ in range(MAX_ITERATIONS):
        # Logs of the terms of the numerator, at draws of the proposal, and of the denominator, at the chains.
        numerator = at_proposed - np.logaddexp(log_share_drawn + at_proposed, log_share_proposed + value)
        denominator = -np.logaddexp(log_share_drawn + at_drawn, log_share_proposed + value)
        previous = value
        value = log_mean(numerator).value - log_mean(denominator.ravel()).value
        if abs(value - previous) < TOLERANCE:
            break
    tails = _largest_tail(numerator, denominator.ravel())
    numerator = np.exp(numerator - np.max(numerator))
    denominator = np.exp(denominator - np.max(denominator))
    variance = _relative_variance(numerator) / numerator.size
    variance += _relative_variance(denominator) / _effective_number(denominator)
    return BridgeEstimate(value, float(np.sqrt(variance)), tails)


def _effective_number(values: Float[np.ndarray, "chains length"]) -> float:
    """Effective number of draws, at most their number. Raises ValueError where there is none."""
    effective = float(ess_bulk(values[..., None])[0])
    if effective == 0:
        still = int(np.sum(np.ptp(values, axis=1) == 0))
        reason = (
            f"{still} of {len(values)} stand still" if still else "the density of some draws is not finite"
        )
        raise ValueError(f"the chains cannot be bridged: {reason}; run them longer or with smaller steps")
    return min(effective, values.size)


def _largest_tail(*log_terms: np.ndarray) -> float:
    """The largest Pareto k of several sets of terms, within EXTREME_K; the upper end for too few terms."""
    shapes = [pareto_k(terms) for terms in log_terms]
    or_infinite = [np.inf if shape is None or np.isnan(shape) else shape for shape in shapes]
    return float(np.clip(max(or_infinite), -EXTREME_K, EXTREME_K))


def _relative_variance(values: np.ndarray) -> float:
    """Variance over the square of the mean."""
    return float(np.var(values) / np.mean(values) ** 2)
