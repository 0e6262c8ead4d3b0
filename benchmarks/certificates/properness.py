"""Whether a density has a finite integral, judged by how fast it falls far out."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize
from jaxtyping import Float

from bridgemark.benchmarks.certificates.statistical_tests import NotJudged
from bridgemark.targets.base import Target

RADII = (1e2, 1e4)  # in units of the base's scale
RAYS = 3  # starting directions in the search for the highest ridge
ITERATIONS = 100  # of each search
INFINITE = 1e200  # stands for an infinite objective, which the optimiser cannot handle
MAX_SLOPE = -1.01  # of log density against log r; r^-1 is improper on a line


def proper(target: Target) -> str | None:
    """Far out, the density falls faster than 1 / r along the highest ridges that a search finds.

    A ridge with density r^-1 or slower has no finite integral unless it narrows, and a density that falls
    faster than r^-dim has one. Raises NotJudged between the two.
    """
    slopes = np.array([_ridge_slopes(target, seed) for seed in range(RAYS)])
    slopes = slopes[~np.isnan(slopes).any(axis=1)]
    if not len(slopes):
        raise NotJudged("far out the log-density is not finite, wherever it was computed")
    if np.max(slopes) >= MAX_SLOPE:
        return f"improper: along a ridge that was found the density is about r^{np.max(slopes):.3g}"
    far = np.max(slopes[:, -1])
    if far >= -target.density.dim:
        raise NotJudged(f"r^{far:.3g} along the worst ridge: enough if it does not widen")
    return None


class _Ridge(NamedTuple):
    """The highest point that a search finds at one radius: its direction and its log density."""

    direction: Float[np.ndarray, " dim"]
    height: float


def _ridge_slopes(target: Target, seed: int) -> list[float]:
    """d log M / d log r at each of RADII, where M(r) is the highest density that a search finds at radius r.

    The direction may change with r, as it does along a bent ridge or one beside the base's centre. NaN where
    the log density is not finite at either radius.
    """
    direction = np.random.default_rng(seed).standard_normal(target.density.dim)
    search = _ridge_search(target)
    slopes = []
    for radius in RADII:
        first = search(direction, radius)
        doubled = search(first.direction, 2 * radius)
        second = search(doubled.direction, radius)  # from the other side, in case the first stopped early
        direction = second.direction
        slopes.append(np.subtract(doubled.height, max(first.height, second.height)) / np.log(2))
    return slopes


def _ridge_search(target: Target) -> Callable[[np.ndarray, float], _Ridge]:
    """A function of a first direction and a radius that finds the direction of highest density there."""
    base = target.density.base
    loc = np.zeros(target.density.dim) if base.loc is None else base.loc
    scale = 1.0 if base.scale is None else float(np.max(np.abs(base.scale)))

    @jax.jit
    @jax.value_and_grad
    def negative_log_prob(direction: jax.Array, radius: jax.Array) -> jax.Array:
        return -target.density.log_prob(loc + radius * scale * direction / jnp.linalg.norm(direction))

    def objective(direction: np.ndarray, radius: float) -> tuple[float, np.ndarray]:
        value, slope = negative_log_prob(direction, radius)
        finite_value = float(np.nan_to_num(value, nan=INFINITE, posinf=INFINITE))
        return finite_value, np.nan_to_num(slope, posinf=0, neginf=0)

    def search(direction: np.ndarray, radius: float) -> _Ridge:
        options = {"maxiter": ITERATIONS, "ftol": 0.0, "gtol": 0.0}
        result = scipy.optimize.minimize(
            objective, direction, (radius,), "L-BFGS-B", jac=True, options=options
        )
        height = -float(result.fun) if result.fun < INFINITE else -np.inf
        return _Ridge(result.x / np.linalg.norm(result.x), height)

    return search
