"""Debiased Sinkhorn divergence, by OTT-JAX from the extra `transport`.

OTT falls back to an epsilon of its own, made from the points that it is given, unless the geometry itself
holds one. A sampler would then be measured by a scale that its own draws set. So each of the three problems
holds its epsilon in the geometry, and the value that was used is read back and compared.
"""

import functools
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import jit
from jaxtyping import Array, Float

THRESHOLD = 1e-3  # total error of the marginals at which a plan has converged
MAX_ITERATIONS = 2_000
ACCELERATED_FROM = 100  # iteration
EPSILON_TOLERANCE = 1e-5  # relative; the solver works in single precision


class TransportPlan(NamedTuple):
    """The regularised cost of a transport plan, whether it has converged, and the epsilon that was used."""

    cost: float
    converged: bool
    epsilon: float


def installed() -> bool:
    """Whether OTT-JAX is installed."""
    return find_spec("ott") is not None


def sinkhorn(
    x: Float[np.ndarray, "n dim"],
    weights: Float[np.ndarray, " n"],
    y: Float[np.ndarray, "m dim"],
    epsilon: float,
) -> float:
    """S = OT(x, y) - OT(x, x) / 2 - OT(y, y) / 2 with squared distances, in squared units of x.

    The points y have equal weights. NaN unless all three plans converged at the epsilon that was asked for.
    In single precision. Feydy et al. (2019), Interpolating between optimal transport and MMD.
    """
    y_weights = np.full(len(y), 1 / len(y))
    centre = np.mean(y, axis=0)
    x, y = x - centre, y - centre  # single precision keeps more digits of small numbers
    across = solve(x, weights, y, y_weights, epsilon, same_side=False)
    within_x = solve(x, weights, x, weights, epsilon, same_side=True)
    within_y = solve(y, y_weights, y, y_weights, epsilon, same_side=True)
    for plan in (across, within_x, within_y):
        if not plan.converged or not abs(plan.epsilon / epsilon - 1) < EPSILON_TOLERANCE:
            return np.nan
    return across.cost - (within_x.cost + within_y.cost) / 2


def solve(
    x: Float[np.ndarray, "n dim"],
    x_weights: Float[np.ndarray, " n"],
    y: Float[np.ndarray, "m dim"],
    y_weights: Float[np.ndarray, " m"],
    epsilon: float,
    same_side: bool,
) -> TransportPlan:
    """Solve one entropic transport problem. With `same_side` x and y are equal: fewer iterations suffice."""
    cost, converged, used_epsilon = _program(same_side)(x, x_weights, y, y_weights, epsilon)
    return TransportPlan(float(cost), bool(converged), float(used_epsilon))


@functools.cache
def _program(same_side: bool) -> Callable[..., tuple[Array, Array, Array]]:
    geometry = import_module("ott.geometry.geometry")
    problem = import_module("ott.problems.linear.linear_problem")
    solver = _solver(same_side)

    def program(x: Array, x_weights: Array, y: Array, y_weights: Array, epsilon: Array) -> Any:
        squares = jnp.sum(x**2, axis=1)[:, None] + jnp.sum(y**2, axis=1) - 2 * x @ y.T
        ground = geometry.Geometry(cost_matrix=jnp.maximum(squares, 0), epsilon=epsilon)
        output = solver(problem.LinearProblem(ground, x_weights, y_weights))
        return output.reg_ot_cost, output.converged, output.geom.epsilon

    return jit(program)


def _solver(same_side: bool) -> Any:
    """Averaged updates of both sides at once where they are equal, else accelerated alternating updates."""
    momentum = import_module("ott.solvers.linear.acceleration").Momentum
    schedule = momentum(start=0, value=0.5) if same_side else momentum(start=ACCELERATED_FROM, value=1.0)
    return import_module("ott.solvers.linear.sinkhorn").Sinkhorn(
        threshold=THRESHOLD, max_iterations=MAX_ITERATIONS, parallel_dual_updates=same_side, momentum=schedule
    )
