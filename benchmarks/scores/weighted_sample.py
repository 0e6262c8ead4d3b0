"""Weighted samples, and exact draws of a target."""

import functools
from typing import Any, NamedTuple, TypeAlias

import jax
import numpy as np
from jaxtyping import Float, PRNGKeyArray
from scipy.special import logsumexp

from bridgemark.targets.base import Sample

# Numbers by the name of a metric: None where the metric has no meaning, NaN where the draws are not finite.
MetricValues: TypeAlias = dict[str, Any]


class WeightedSample(NamedTuple):
    """Draws from all chains in one list, with weights that sum to 1."""

    x: Float[np.ndarray, "n dim"]
    weights: Float[np.ndarray, " n"]


def equally_weighted(x: Float[np.ndarray, "n dim"]) -> WeightedSample:
    """The sample of these points in which every weight is 1 / n."""
    return WeightedSample(x, np.full(len(x), 1 / len(x)))


def normalised_weights(log_weights: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Weights that sum to 1."""
    return np.exp(log_weights - logsumexp(log_weights))


def effective_size(weights: Float[np.ndarray, " n"]) -> float:
    """Kish's effective sample size of weights that sum to 1: between 1 and n."""
    return 1 / np.sum(weights**2)


def thin(sample: WeightedSample, max_size: int) -> WeightedSample:
    """Leave out points of weight zero, then keep at most `max_size` evenly spaced points.

    The weights of the points that are kept are normalised again.
    """
    heavy = np.flatnonzero(sample.weights != 0)
    chosen = heavy[np.linspace(0, len(heavy) - 1, min(max_size, len(heavy))).astype(int)]
    return WeightedSample(sample.x[chosen], sample.weights[chosen] / np.sum(sample.weights[chosen]))


def is_finite(sample: WeightedSample) -> bool:
    """Whether every weight is finite, and every point whose weight is not zero."""
    heavy = sample.weights != 0
    return bool(np.isfinite(sample.x[heavy]).all() and np.isfinite(sample.weights).all())


def draw_exactly(sampler: Sample, key: PRNGKeyArray, n: int) -> Float[np.ndarray, "n dim"]:
    """Draw n points with an exact sampler, in double precision."""
    with jax.enable_x64(True):
        return np.asarray(_compile(sampler)(key, n), np.float64)


@functools.cache
def _compile(sampler: Sample) -> Sample:
    return jax.jit(sampler, static_argnums=1)
