"""Debiased Sinkhorn divergence by OTT-JAX, which the extra `transport` installs.

OTT replaces an epsilon that reaches it by the wrong way with a default of the draws it is given, so that a
sampler is judged by a ruler of its own making. Hence each of the three problems bears its epsilon itself,
and the one that was used is read back.
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

THRESHOLD = 1e-3  # total error of the marginals at which a plan is found
ITERATIONS = 2_000
ACCELERATED_FROM = 100


class Solved(NamedTuple):
    """Regularised cost of the plan, with what was used to find it."""

    cost: float
    converged: bool
    epsilon: float


def installed() -> bool:
    """Whether the extra is there."""
    return find_spec("ott") is not None


def sinkhorn(
    x: Float[np.ndarray, "n dim"],
    weights: Float[np.ndarray, " n"],
    y: Float[np.ndarray, "m dim"],
    epsilon: float,
) -> float:
    """S = OT(x, y) - OT(x, x) / 2 - OT(y, y) / 2 for squared distances, in squared units of x.

    NaN unless all three plans converged at the epsilon that was asked for. In single precision.
    Feydy et al. (2019), Interpolating between optimal transport and MMD.
    """
    even, centre = np.full(len(y), 1 / len(y)), np.mean(y, axis=0)
    x, y = x - centre, y - centre  # single precision keeps more of what is near zero
    solved = [
        solve(x, weights, y, even, epsilon, False),
        solve(x, weights, x, weights, epsilon, True),
        solve(y, even, y, even, epsilon, True),
    ]
    if not all(one.converged and abs(one.epsilon / epsilon - 1) < 1e-5 for one in solved):
        return np.nan
    across, *within = (one.cost for one in solved)
    return across - sum(within) / 2


def solve(
    x: np.ndarray, x_weights: np.ndarray, y: np.ndarray, y_weights: np.ndarray, epsilon: float, same: bool
) -> Solved:
    """One entropic transport problem; `same` where both sides are equal, which takes few iterations."""
    cost, converged, used = _program(same)(x, x_weights, y, y_weights, epsilon)
    return Solved(float(cost), bool(converged), float(used))


@functools.cache
def _program(same: bool) -> Callable[..., tuple[Array, Array, Array]]:
    geometry = import_module("ott.geometry.geometry")
    problem = import_module("ott.problems.linear.linear_problem")
    solver = _solver(same)

    def program(x: Array, x_weights: Array, y: Array, y_weights: Array, epsilon: Array) -> Any:
        squares = jnp.sum(x**2, axis=1)[:, None] + jnp.sum(y**2, axis=1) - 2 * x @ y.T
        ground = geometry.Geometry(cost_matrix=jnp.maximum(squares, 0), epsilon=epsilon)
        out = solver(problem.LinearProblem(ground, x_weights, y_weights))
        return out.reg_ot_cost, out.converged, out.geom.epsilon

    return jit(program)


def _solver(same: bool) -> Any:
    """Averaged updates of both sides at once where they are equal, else accelerated alternating ones."""
    step = import_module("ott.solvers.linear.acceleration").Momentum
    speed = step(start=0, value=0.5) if same else step(start=ACCELERATED_FROM, value=1.0)
    return import_module("ott.solvers.linear.sinkhorn").Sinkhorn(
        threshold=THRESHOLD, max_iterations=ITERATIONS, parallel_dual_updates=same, momentum=speed
    )
