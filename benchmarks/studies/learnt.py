"""Trained path samplers for studies: their paths and the weights of these."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.pathspace.path_measure import PathMeasure, reverse
from bridgemark.samplers.pathspace.path_sampler import PathSampler
from bridgemark.samplers.pathspace.paths import run, simulate
from bridgemark.targets.base import Density


class Weighted(NamedTuple):
    """Points of paths (n, points, dim) in the target's coordinates, and the paths' log weights (n,)."""

    x: np.ndarray
    log_weights: np.ndarray


@dataclass(frozen=True)
class LearntPaths:
    """A path sampler that was trained on a density."""

    sampler: PathSampler
    density: Density
    state: Any

    @property
    def times(self) -> np.ndarray:
        """The times of the points of a path."""
        return self.sampler.chain().times

    def forward(self, start: np.ndarray, seed: int) -> Weighted:
        """Paths of the sampler from `start` (n, dim), draws of N(0, I) in the working coordinates."""
        measure, log_target = self._measure(), self._coordinates().pull_back(self.density.log_prob)

        def path(start: Array, noise: Array) -> tuple[Array, Array]:
            simulated, log_weight = run(measure, log_target, start, noise)
            return simulated.x, log_weight

        x, log_weights = jax.jit(jax.vmap(path))(jnp.asarray(start, float), self._noise(start, seed))
        return Weighted(self._outside(x), np.asarray(log_weights, float))

    def backward(self, end: np.ndarray, seed: int) -> np.ndarray:
        """Points (n, points, dim) of noising paths from `end` (n, dim), points of the target."""
        measure = reverse(self._measure())

        def path(end: Array, noise: Array) -> Array:
            return simulate(measure, end, noise).x

        inside = self._coordinates().inverse(jnp.asarray(end, float))
        return self._outside(jax.jit(jax.vmap(path))(inside, self._noise(end, seed)))

    def _measure(self) -> PathMeasure:
        log_target = self._coordinates().pull_back(self.density.log_prob)
        return self.sampler.trained_measure(self.state, log_target)

    def _coordinates(self) -> Affine:
        return self.state.coordinates

    def _outside(self, x: Array) -> np.ndarray:
        return np.asarray(self._coordinates().forward(x), float)

    def _noise(self, points: np.ndarray, seed: int) -> Array:
        count, dim = points.shape
        return jax.random.normal(jax.random.key(seed), (count, self.sampler.steps, dim))


def learn(sampler: PathSampler, density: Density, seed: int = 0) -> LearntPaths:
    """Train a path sampler on a density."""
    fit = jax.jit(lambda key: sampler.fit(key, density).state)
    return LearntPaths(sampler, density, fit(jax.random.key(seed)))


def normal_starts(count: int, dim: int, seed: int) -> np.ndarray:
    """Draws (count, dim) of N(0, I)."""
    return np.asarray(jax.random.normal(jax.random.key(seed), (count, dim)), float)
