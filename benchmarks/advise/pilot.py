"""A first look at a density: its gradient, modes, scale, conditioning and tails, and what a gradient costs.

Optimisers start at draws of the base and at points up to a hundred times as far away, because samplers that
start at the base may all miss the same mode. Everything is computed in double precision.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize
from jaxtyping import Float

from bridgemark.benchmarks.advise import far_search
from bridgemark.benchmarks.advise.far_search import LARGEST_RADIUS, search
from bridgemark.benchmarks.advise.modes import Mode, mode_at
from bridgemark.benchmarks.certificates import properness, target_checks
from bridgemark.benchmarks.certificates.statistical_tests import NotJudged
from bridgemark.targets.base import About, Density, Target

FACTORS = (1.0, 10.0, 100.0)  # how far from the base optimisers start, in its scales
STARTS = 36  # optimisers, the factors in turn
MAX_CLIMBS = 12  # from the ends of the search for more basins
MAX_MODES = 32  # after which no more are looked for
ITERATIONS = 300  # of each optimiser
TINY = 1e-30  # slope at which an optimiser ends: it has hit a top exactly, and its next point would be NaN
TOLERANCE = 1e-13  # relative gain of the log density, below which an optimiser ends
STEP = 1e-5  # of the finite differences of the gradient, relative to 1 + |x|
SEED = 271828
INTEGRAL_GRADIENTS = 20_000  # about, that the search for slowly falling ridges takes
BATCH = 64  # points, as the samplers have about
TIMINGS = 10
INFINITE = 1e200  # stands for an infinite objective, which the optimiser cannot handle

Climb: TypeAlias = Callable[[np.ndarray, list[Mode]], bool]


class Pilot(NamedTuple):
    """What was seen of a density.

    Attributes:
        dim: the dimension.
        gradient: what is wrong with the gradient, or None.
        integral: why the integral is infinite, or None where it looks finite or was not judged.
        integral_judged: whether it was judged; where it is not, Stein's identities still have to hold.
        modes: the modes that were found, the highest first.
        starts: optimisers that started where the density is finite.
        ended_at_modes: how many of them ended at one of the modes.
        reach: how far from the base the farthest of them started, in scales of the base.
        gradient_seconds: what a gradient costs.
        batched_gradient_seconds: what it costs in a batch of BATCH points.
    """

    dim: int
    gradient: str | None
    integral: str | None
    integral_judged: bool
    modes: list[Mode]
    starts: int
    ended_at_modes: int
    reach: float
    gradient_seconds: float
    batched_gradient_seconds: float = 0.0

    def condition_number(self) -> float | None:
        """The squared ratio of the widest to the narrowest direction at the highest mode; None without it."""
        if not self.modes:
            return None
        eigenvalues = np.linalg.eigvalsh(self.modes[0].precision)
        return float(eigenvalues[-1] / eigenvalues[0])

    def scales(self) -> Float[np.ndarray, " dim"] | None:
        """Standard deviations by the Laplace approximation at the highest mode; None without it."""
        return np.sqrt(np.diag(np.linalg.inv(self.modes[0].precision))) if self.modes else None


class Integral(NamedTuple):
    """Why the integral of a density is infinite, or None, and whether that was judged."""

    complaint: str | None
    is_judged: bool


class Ends(NamedTuple):
    """The modes at which optimisers have ended, how many started, how many ended at a mode, and the reach."""

    modes: list[Mode]
    starts: int
    ended_at_modes: int
    reach: float


def look_at(density: Density, seconds: float = np.inf) -> Pilot:
    """Look at a density from near and far: some ten thousand gradients, or fewer where the time is up."""
    deadline = time.monotonic() + seconds
    with jax.enable_x64(True):
        value_and_gradient = jax.jit(jax.value_and_grad(density.log_prob))
        points = np.asarray(density.base.sample(jax.random.key(SEED), (TIMINGS + 1) * BATCH))
        cost = _seconds(value_and_gradient, points[: TIMINGS + 1])
        batches = points.reshape(TIMINGS + 1, BATCH, density.dim)
        batched_cost = _seconds(jax.jit(jax.vmap(jax.grad(density.log_prob))), batches) / BATCH
        has_time = time.monotonic() + far_search.GRADIENTS * batched_cost < deadline
        ends = find_modes(density, value_and_gradient, deadline, has_time)
        target = Target("the model", 1, density, About(source="", definition=""))
        gradient = target_checks.gradient(target)
        has_time = time.monotonic() + INTEGRAL_GRADIENTS * cost < deadline
        integral = _integral(target) if has_time else Integral(None, is_judged=False)
        return Pilot(density.dim, gradient, *integral, *ends, cost, batched_cost)


def find_modes(
    density: Density, value_and_gradient: Callable[[Any], Any], deadline: float, has_time: bool = True
) -> Ends:
    """Climb from every start until the deadline, and tell apart where that ends.

    Then, where there is time, climb from the ends of a search that starts at many more points.
    """
    climb = _climber(density, value_and_gradient)
    modes: list[Mode] = []
    starts, ended, reach = 0, 0, 0.0
    points, factors, centre = _starting_points(density)
    for start, factor in zip(points, factors, strict=True):
        if len(modes) >= MAX_MODES or time.monotonic() > deadline:
            break
        if not np.isfinite(start).all() or not np.isfinite(value_and_gradient(jnp.asarray(start))[0]):
            continue
        starts, reach = starts + 1, max(reach, float(factor))
        ended += climb(start, modes)
    if has_time and modes:
        top = max(mode.log_prob for mode in modes)
        _climb_from_elsewhere(climb, search(density, centre, top)[0], modes, deadline)
        reach = LARGEST_RADIUS
    return Ends(sorted(modes, key=lambda mode: -mode.log_prob), starts, ended, reach)


def _climb_from_elsewhere(
    climb: Climb, ends: Float[np.ndarray, "n dim"], modes: list[Mode], deadline: float
) -> None:
    """Climb from points that lie in no known mode, and add the modes that are found."""
    climbs = 0
    for end in ends:
        if climbs >= MAX_CLIMBS or len(modes) >= MAX_MODES or time.monotonic() > deadline:
            return
        if np.isfinite(end).all() and not any(mode.contains(end) for mode in modes):
            climbs += 1
            climb(end, modes)


def _climber(density: Density, value_and_gradient: Callable[[Any], Any]) -> Climb:
    """A function that climbs from a point, adds the mode where that ends, and tells whether it is one."""
    gradients = jax.jit(jax.vmap(jax.grad(density.log_prob)))

    def negative(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = value_and_gradient(jnp.asarray(x))
        finite_value = float(np.nan_to_num(-value, nan=INFINITE, posinf=INFINITE))
        return finite_value, np.nan_to_num(-np.asarray(gradient, float), posinf=0, neginf=0)

    def climb(start: np.ndarray, modes: list[Mode]) -> bool:
        options = {"maxiter": ITERATIONS, "ftol": TOLERANCE, "gtol": TINY}
        end = scipy.optimize.minimize(negative, start, method="L-BFGS-B", jac=True, options=options).x
        depth, slope = negative(end)
        # It lies in the bulk of a known mode only if it is no higher than that.
        if any(mode.contains(end) and -depth <= mode.log_prob + 0.1 for mode in modes):
            return True
        mode = mode_at(end, -depth, -slope, _hessian(gradients, end))
        if mode is not None:
            modes.append(mode)
        return mode is not None

    return climb


class StartingPoints(NamedTuple):
    """Points, how far from the centre of the base each is moved, and that centre."""

    points: Float[np.ndarray, "starts dim"]
    factors: Float[np.ndarray, " starts"]
    centre: Float[np.ndarray, " dim"]


def _starting_points(density: Density) -> StartingPoints:
    """Draws of the base, moved away from its centre by FACTORS."""
    draws = np.asarray(density.base.sample(jax.random.key(SEED), STARTS), float)
    centre = np.median(draws, axis=0) if density.base.loc is None else density.base.loc
    factors = np.resize(FACTORS, STARTS)
    return StartingPoints(centre + factors[:, None] * (draws - centre), factors, centre)


def _hessian(gradients: Callable[[Any], Any], x: Float[np.ndarray, " dim"]) -> np.ndarray:
    """The Hessian by central differences, because a function on the host may have no second derivative."""
    steps = np.diag(STEP * (1 + np.abs(x)))
    slopes = np.asarray(gradients(jnp.asarray(np.concatenate([x + steps, x - steps]))), float)
    return (slopes[: len(x)] - slopes[len(x) :]) / (2 * np.diag(steps)[:, None])


def _integral(target: Target) -> Integral:
    try:
        return Integral(properness.proper(target), is_judged=True)
    except NotJudged:
        return Integral(None, is_judged=False)


def _seconds(function: Callable[[Any], Any], points: np.ndarray) -> float:
    """Median wall seconds of a call; the first one, which compiles, does not count."""
    jax.block_until_ready(function(jnp.asarray(points[0])))
    seconds = []
    for point in points[1:]:
        begin = time.perf_counter()
        jax.block_until_ready(function(jnp.asarray(point)))
        seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds))
