"""How far weighted points are from a target: biases, mode weights, transport; and the floors of these."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.special import entr

from benchmarks.transport import sliced_w2
from targets.base import Modes, Sample, Statistic, Target

FLOOR_REPEATS = 8
FLOOR_SEED = 271828  # floors belong to (target, n): every sampler and seed is shown the same
MAX_TRANSPORT = 10_000

Values: TypeAlias = dict[str, Any]  # numbers or None


class Points(NamedTuple):
    """All chains together: weights sum to 1."""

    x: Float[np.ndarray, "n dim"]
    weights: Float[np.ndarray, " n"]


def agreement(target: Target, points: Points, key: PRNGKeyArray) -> Values:
    """Squared biases, mode weights and sliced W2, whichever of them the target can judge."""
    return {"sliced_w2": _transport(target, points, key)} | expectations(target, points)


def expectations(target: Target, points: Points) -> Values:
    """Squared biases and mode weights, which need no exact draws."""
    values: Values = {}
    for statistic in target.statistics:
        values |= _bias(statistic, points)
    return values | (_modes(target.modes, points) if target.modes else {})


def floors(target: Target, n: int) -> Values:
    """Mean agreement of n exact draws; without an exact sampler only E[bias2] = 1/n is known."""
    if target.sample is None:
        names = [f"bias2_{statistic.name}" for statistic in target.statistics]
        return {f"{name}_mean": 1 / n for name in names} | {f"{name}_max": None for name in names}
    identity = (target.name, target.version, n)
    if identity not in _known_floors:
        _known_floors[identity] = _simulated_floors(target, n)
    return _known_floors[identity]


def resolution(target: Target) -> Values:
    """The smallest squared biases that the standard errors of the truth can tell from none."""
    values: Values = {}
    for statistic in target.statistics:
        values |= _squares(statistic, statistic.standard_error)
    return values


_known_floors: dict[tuple[str, int, int], Values] = {}


def _simulated_floors(target: Target, n: int) -> Values:
    keys = jax.random.split(jax.random.key(FLOOR_SEED), (FLOOR_REPEATS, 2))
    weights = np.full(n, 1 / n)
    repeats = [agreement(target, Points(_exact(target, one, n), weights), other) for one, other in keys]
    return {
        name: None if value is None else np.mean([repeat[name] for repeat in repeats])
        for name, value in repeats[0].items()
    }


def _bias(statistic: Statistic, points: Points) -> Values:
    return _squares(statistic, _average(statistic.fn, points) - statistic.mean)


def _squares(statistic: Statistic, difference: Float[np.ndarray, " k"]) -> Values:
    """In units of the target's variance; constant coordinates have no unit and are left out."""
    varies = statistic.sd > 0
    squares = (difference[varies] / statistic.sd[varies]) ** 2
    name = f"bias2_{statistic.name}"
    return {f"{name}_max": np.max(squares), f"{name}_mean": np.mean(squares)} if varies.any() else {}


def _modes(modes: Modes, points: Points) -> Values:
    """Total variation and entropy of the mode weights; a mode is found with a quarter of its mass."""
    masses = _average(modes.responsibilities, points)
    entropy = np.sum(entr(modes.masses))
    return {
        "mode_tv": 0.5 * np.sum(np.abs(masses - modes.masses)),
        "mode_coverage": np.sum(entr(masses)) / entropy if entropy > 0 else None,
        "modes_found": np.sum(masses >= modes.masses / 4) if np.isfinite(masses).all() else np.nan,
    }


@functools.cache
def _batched(function: Callable[[Array], Array]) -> Callable[[np.ndarray], Array]:
    return jax.jit(jax.vmap(function))  # kept by function, so that the next seed does not compile again


def _average(function: Callable[[Array], Array], points: Points) -> Float[np.ndarray, " k"]:
    with jax.enable_x64(True):
        values = np.asarray(_batched(function)(points.x))
    return points.weights @ np.where(points.weights[:, None] == 0, 0.0, values)


def _transport(target: Target, points: Points, key: PRNGKeyArray) -> float | None:
    """Sliced W2 to as many exact draws; more than MAX_TRANSPORT points are thinned evenly."""
    if target.sample is None or target.about.finite_moment < 2:
        return None
    kept = points.weights != 0
    x, weights = points.x[kept], points.weights[kept]
    thin = -(-len(x) // MAX_TRANSPORT)
    x, weights = x[::thin], weights[::thin] / np.sum(weights[::thin])
    return sliced_w2(x, weights, _exact(target, key, min(len(points.x), MAX_TRANSPORT)))


@functools.cache
def _compiled(sample: Sample) -> Sample:
    return jax.jit(sample, static_argnums=1)


def _exact(target: Target, key: PRNGKeyArray, n: int) -> Float[np.ndarray, "n dim"]:
    assert target.sample is not None
    with jax.enable_x64(True):
        return np.asarray(_compiled(target.sample)(key, n), np.float64)
