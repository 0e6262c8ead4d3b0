"""Draws of a sampler in float64 on the host, and what metrics are computed from."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, Int

from bridgemark.benchmarks.scores import monte_carlo_error
from bridgemark.benchmarks.scores.weighted_sample import (
    WeightedSample,
    equally_weighted,
    normalised_weights,
)
from bridgemark.samplers.base import Draws


class HostDraws(NamedTuple):
    """The arrays of `Draws` in float64. An infinite weight is an error and has become NaN."""

    x: Float[np.ndarray, "chains length dim"]
    log_weights: Float[np.ndarray, "chains length"] | None
    log_z: Float[np.ndarray, " runs"] | None

    @property
    def size(self) -> int:
        """Number of draws, all chains together."""
        return self.x.shape[0] * self.x.shape[1]

    def weighted_sample(self) -> WeightedSample:
        """The draws of all chains together."""
        x = self.x.reshape(-1, self.x.shape[2])
        if self.log_weights is None:
            return equally_weighted(x)
        return WeightedSample(x, normalised_weights(self.log_weights.ravel()))

    def log_z_estimates(self) -> Float[np.ndarray, " n"] | None:
        """Logs of independent unbiased estimates of Z: one per run after resampling, else the weights."""
        logs = self.log_weights if self.log_z is None else self.log_z
        return None if logs is None else np.ravel(logs)

    def unresampled_log_weights(self) -> Float[np.ndarray, " n"] | None:
        """Log weights of independent draws; None where there are none, or where they were resampled."""
        return None if self.log_weights is None or self.log_z is not None else self.log_weights.ravel()

    def batch_starts(self) -> Int[np.ndarray, " batches"]:
        """First indices of nearly independent batches of draws; the particles of one run are not cut."""
        chains, length, _ = self.x.shape
        return monte_carlo_error.batch_starts(chains, length, whole_chains=self.log_z is not None)

    def nan_fraction(self) -> float:
        """Share of draws with a coordinate that is not finite, or a weight that is NaN or infinite."""
        broken = ~np.isfinite(self.x).all(axis=2)
        if self.log_weights is not None:
            broken |= np.isnan(self.log_weights)
        return float(np.mean(broken))


def on_host(draws: Draws) -> HostDraws:
    """Copy the arrays of draws to the host."""
    return HostDraws(np.asarray(draws.x, np.float64), _as_logs(draws.log_weights), _as_logs(draws.log_z))


def as_forward_log_weights(array: np.ndarray | None) -> Float[np.ndarray, " n"] | None:
    """Log weights of paths that end at exact draws, in float64.

    The weight of a path that the sampler never takes is infinite. None can be zero, so -inf becomes NaN.
    """
    if array is None:
        return None
    values = np.ravel(np.asarray(array, np.float64))
    return np.where(np.isneginf(values), np.nan, values)


def _as_logs(array: Array | np.ndarray | None) -> np.ndarray | None:
    """Logs in float64. A weight may be zero (log -inf), but not infinite: +inf becomes NaN."""
    if array is None:
        return None
    values = np.asarray(array, np.float64)
    return np.where(np.isposinf(values), np.nan, values)
