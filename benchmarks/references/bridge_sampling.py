"""Log Z by bridge sampling, from draws of Markov chains and of a Gaussian fitted to other chains.

Meng & Wong (1996), Statistica Sinica 6, 831-860, equation 4.1: the optimal bridge, found by iteration.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.benchmarks.scores.diagnostics import ess_bulk
from bridgemark.benchmarks.scores.evidence import log_mean
from bridgemark.targets.base import Base, LogProb, gaussian_base

LEAST_DRAWS = 15  # of the chains that a Gaussian is fitted to, for each of its dimensions
ITERATIONS, TOLERANCE = 1_000, 1e-10
BATCH = 1_000


class Bridged(NamedTuple):
    """An estimate of log Z and its standard error."""

    value: float
    standard_error: float


def log_z(key: PRNGKeyArray, log_prob: LogProb, x: Float[np.ndarray, "chains length dim"]) -> Bridged:
    """The mean of two bridges: each half of the chains gives the Gaussian of the other's.

    Raises ValueError where half the draws are too few to fit a Gaussian to.
    """
    halves = np.array_split(np.asarray(x, float), 2)
    laws = [fitted(half) for half in halves]
    trios = zip(jax.random.split(key), laws, halves[::-1], strict=True)
    found = [_bridge(key, log_prob, law, bridged) for key, law, bridged in trios]
    errors = np.array([each.standard_error for each in found])
    return Bridged(float(np.mean([each.value for each in found])), float(np.hypot(*errors) / 2))


def fitted(x: Float[np.ndarray, "chains length dim"]) -> Base:
    """The Gaussian with the mean and the covariance of the chains. Raises ValueError for too few draws."""
    points = np.asarray(x, float).reshape(-1, x.shape[2])
    draws, dim = points.shape
    if draws < LEAST_DRAWS * dim:
        raise ValueError(f"a Gaussian is fitted: {draws} draws are too few for {dim} dimensions")
    return gaussian_base(points.mean(axis=0), np.linalg.cholesky(np.cov(points.T)))


def _bridge(key: PRNGKeyArray, log_prob: LogProb, law: Base, bridged: np.ndarray) -> Bridged:
    """log Z from the chains `bridged` and as many draws of the law."""
    # In double precision: a bridge sees differences of log-densities, which are large numbers.
    with jax.enable_x64(True):

        def log_ratio(x: Array) -> Array:
            return log_prob(x) - law.log_prob(x)

        ratio = jax.jit(lambda x: jax.lax.map(log_ratio, x, batch_size=BATCH))
        proposed = np.asarray(ratio(law.sample(key, bridged.shape[0] * bridged.shape[1])))
        drawn = np.asarray(ratio(jnp.asarray(bridged.reshape(-1, bridged.shape[2]))))
    return optimal_bridge(drawn.reshape(bridged.shape[:2]), proposed)


def optimal_bridge(drawn: Float[np.ndarray, "chains length"], proposed: Float[np.ndarray, " n"]) -> Bridged:
    """The iterated bridge from log(target / proposal) at draws of each; the target's draws are chains.

    The standard error is that of Frühwirth-Schnatter (2004), Econometrics Journal 7, 143-167, with
    effective numbers of draws in place of numbers.
    """
    proposed = np.where(np.isnan(proposed), -np.inf, proposed)
    effective = min(float(ess_bulk(drawn[..., None])[0]), drawn.size)
    log_share = np.log([effective, proposed.size]) - np.log(effective + proposed.size)
    value = float(np.median(drawn))
    for _ in range(ITERATIONS):
        above = proposed - np.logaddexp(log_share[0] + proposed, log_share[1] + value)
        below = -np.logaddexp(log_share[0] + drawn, log_share[1] + value)
        before, value = value, log_mean(above)[0] - log_mean(below.ravel())[0]
        if abs(value - before) < TOLERANCE:
            break
    above, below = np.exp(above - np.max(above)), np.exp(below - np.max(below))
    effective = min(float(ess_bulk(below[..., None])[0]), below.size)
    square = _relative_variance(above) / above.size + _relative_variance(below) / effective
    return Bridged(value, float(np.sqrt(square)))


def _relative_variance(values: np.ndarray) -> float:
    return float(np.var(values) / np.mean(values) ** 2)
