"""How far weighted points are from a target: biases, mode weights, distances; their floors and errors."""

import functools
from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray
from scipy.special import entr

from bridgemark.benchmarks.scores.distances import costly, distance_errors, distances
from bridgemark.benchmarks.scores.monte_carlo_error import mean_error, square_error
from bridgemark.benchmarks.scores.weighted_sample import Points, Values, exact
from bridgemark.targets.base import Modes, Statistic, Target

FLOOR_REPEATS = 8
FLOOR_SEED = 271828  # floors belong to (target, n): every sampler and seed is shown the same
COSTLY_REPEATS = 2


def agreement(target: Target, points: Points, key: PRNGKeyArray) -> Values:
    """Squared biases, mode weights and distances, whichever of them the target can judge."""
    return distances(target, points, key) | expectations(target, points)


def expectations(target: Target, points: Points) -> Values:
    """Squared biases and mode weights, which need no exact draws."""
    values: Values = {}
    for statistic in target.statistics:
        values |= _bias(statistic, points)
    return values | (_modes(target.modes, points) if target.modes else {})


def floors(target: Target, n: int, with_costly: bool = False) -> Values:
    """Mean agreement of n exact draws; without an exact sampler only E[bias2] = 1/n is known."""
    if target.sample is None:
        names = [f"bias2_{statistic.name}" for statistic in target.statistics]
        return {f"{name}_mean": 1 / n for name in names} | {f"{name}_max": None for name in names}
    identity = (target.name, target.version, n, with_costly)
    if identity not in _known_floors:
        _known_floors[identity] = _simulated_floors(target, n, COSTLY_REPEATS if with_costly else 0)
    return _known_floors[identity]


def resolution(target: Target) -> Values:
    """The smallest squared biases that the standard errors of the truth can tell from none."""
    values: Values = {}
    for statistic in target.statistics:
        values |= _squares(statistic, statistic.standard_error)
    return values


def agreement_errors(
    target: Target, points: Points, starts: Int[np.ndarray, " pieces"], key: PRNGKeyArray
) -> Values:
    """Standard errors by the draws alone, as `NAME_draws`; `starts` of nearly independent pieces of them.

    For the mean of several squares, and for the total variation, the sum of the terms' errors: too large
    unless they move together.
    """
    values = distance_errors(target, points, key)
    for statistic in target.statistics:
        values |= _bias_error(statistic, points, starts)
    if target.modes:
        error = mean_error(_values(target.modes.responsibilities, points), points.weights, starts)
        values["mode_tv_draws"] = None if error is None else 0.5 * np.sum(error)
    return values


_known_floors: dict[tuple[str, int, int, bool], Values] = {}


def _simulated_floors(target: Target, n: int, costly_repeats: int) -> Values:
    keys = jax.random.split(jax.random.key(FLOOR_SEED), (FLOOR_REPEATS, 2))
    assert target.sample is not None
    even, repeats = np.full(n, 1 / n), []
    for one, other in keys:
        points = Points(exact(target.sample, one, n), even)
        rare = costly(target, points, other) if len(repeats) < costly_repeats else {}
        repeats.append(agreement(target, points, other) | rare)
    return {name: _mean([repeat[name] for repeat in repeats if name in repeat]) for name in repeats[0]}


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _bias(statistic: Statistic, points: Points) -> Values:
    return _squares(statistic, _average(statistic.fn, points) - statistic.mean)


def _squares(statistic: Statistic, difference: Float[np.ndarray, " k"]) -> Values:
    """In units of the target's variance; constant coordinates have no unit and are left out."""
    varies = statistic.sd > 0
    squares = (difference[varies] / statistic.sd[varies]) ** 2
    name = f"bias2_{statistic.name}"
    return {f"{name}_max": np.max(squares), f"{name}_mean": np.mean(squares)} if varies.any() else {}


def _bias_error(statistic: Statistic, points: Points, starts: Int[np.ndarray, " pieces"]) -> Values:
    varies, name = statistic.sd > 0, f"bias2_{statistic.name}"
    if not varies.any():
        return {}
    values = (_values(statistic.fn, points)[:, varies] - statistic.mean[varies]) / statistic.sd[varies]
    error = mean_error(values, points.weights, starts)
    if error is None:
        return {f"{name}_max_draws": None, f"{name}_mean_draws": None}
    bias = points.weights @ values
    errors = square_error(bias, error)
    return {f"{name}_max_draws": errors[np.argmax(bias**2)], f"{name}_mean_draws": np.mean(errors)}


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


def _values(function: Callable[[Array], Array], points: Points) -> Float[np.ndarray, "n k"]:
    """The function of every point; zero where the weight is, or a lost point would lose the mean."""
    with jax.enable_x64(True):
        values = np.asarray(_batched(function)(points.x))
    return np.where(points.weights[:, None] == 0, 0.0, values)


def _average(function: Callable[[Array], Array], points: Points) -> Float[np.ndarray, " k"]:
    return points.weights @ _values(function, points)
