"""Gaussians that tempered SMC starts from: at the target's mode, its own base, or fitted to short chains.

They decide how precise the estimates are and not what these are, unless a whole mode is out of reach.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from bridgemark.benchmarks.references import bridge_sampling
from bridgemark.benchmarks.references.chains import run_chains
from bridgemark.benchmarks.references.estimators import Refused
from bridgemark.samplers.common.affine import Affine, base_coordinates
from bridgemark.samplers.nuts import NUTS
from bridgemark.targets.base import Base, Density, LogProb, gaussian_base

MAX_ITERATIONS, MAX_HALVINGS = 60, 20  # of Newton's method, and of one of its steps
DECREMENT = 1e-10  # Newton's decrement at a maximum, which estimates how far log p is below it
SUFFICIENT = 1e-4  # share of the increase that a step promises: Armijo's rule
PILOT, PILOT_DRAWS = NUTS(chains=8, warm_up=500, target_acceptance=0.9), 4_000


class Maximum(NamedTuple):
    """A maximum of a log density, and the lower Cholesky factor of minus its Hessian there."""

    z: Float[np.ndarray, " dim"]
    factor: Float[np.ndarray, "dim dim"]


def at_mode(density: Density) -> Base:
    """The Gaussian of Laplace's method, with the curvature of the log density at a mode.

    Raises Refused where Newton's method reaches no mode from the centre of the base.
    """
    coordinates = base_coordinates(density.base)
    maximum = find_maximum(coordinates.pull_back(density.log_prob), density.dim)
    covariance = np.linalg.inv(maximum.factor @ maximum.factor.T)
    mode = np.asarray(coordinates.forward(jnp.asarray(maximum.z)[None])[0])
    return gaussian_base(mode, _scaled(coordinates, np.linalg.cholesky(covariance)))


def at_base(density: Density) -> Base:
    """The target's own base. Raises Refused where it is not Gaussian."""
    if density.base.loc is None or density.base.scale is None:
        raise Refused("the base is not Gaussian")
    return density.base


def at_chains(density: Density) -> Base:
    """The Gaussian fitted to short chains of NUTS, which may see one of several modes only.

    Raises Refused where they have too few draws for the dimension.
    """
    x = run_chains(density, PILOT, PILOT_DRAWS)
    try:
        return bridge_sampling.fit_gaussian(x)
    except ValueError as error:
        raise Refused(str(error)) from error


def moved_to(density: Density, base: Base) -> Density:
    """The density with another base, and without the parts that belong to its own."""
    return replace(density, base=base, log_likelihood=None, joint=None, y=None)


def find_maximum(log_prob: LogProb, dim: int) -> Maximum:
    """A maximum of log_prob by Newton's method from zero, each step halved until it increases log_prob.

    Raises Refused where the log density is not concave on the way or there is no maximum to be found.
    """
    gradient, hessian = jax.jit(jax.grad(log_prob)), jax.jit(jax.hessian(log_prob))
    value: Any = jax.jit(log_prob)
    z = jnp.zeros(dim)
    for _ in range(MAX_ITERATIONS):
        factor = _cholesky(-np.asarray(hessian(z)))
        slope = gradient(z)
        step = jax.scipy.linalg.cho_solve((jnp.asarray(factor), True), slope)
        decrement = float(slope @ step)
        if decrement < DECREMENT:
            return Maximum(np.asarray(z), factor)
        lengths = 0.5 ** np.arange(MAX_HALVINGS)
        increases = (
            value(z + length * step) - value(z) >= SUFFICIENT * length * decrement for length in lengths
        )
        first = next((k for k, increased in enumerate(increases) if increased), None)
        if first is None:
            break
        z = z + lengths[first] * step
    raise Refused("Newton's method finds no mode from the centre of the base")


def _cholesky(matrix: Float[np.ndarray, "dim dim"]) -> Float[np.ndarray, "dim dim"]:
    """The lower Cholesky factor. Raises Refused for a matrix that is not positive definite."""
    if not np.isfinite(matrix).all():
        raise Refused("the second derivatives of the log density are not finite on the way to its mode")
    try:
        return np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError as error:
        raise Refused("the log density is not concave on the way from the centre of the base") from error


def _scaled(coordinates: Affine, factor: Float[np.ndarray, "dim dim"]) -> Float[np.ndarray, "dim dim"]:
    """The lower triangular product of the scale of coordinates and a factor in these coordinates."""
    scale = np.asarray(coordinates.scale)
    return scale[:, None] * factor if scale.ndim == 1 else scale @ factor
