"""Finds out whether a prior is Gaussian in R^dim, so that samplers can work in its coordinates."""

import jax
import jax.numpy as jnp
import numpy as np

from bridgemark.benchmarks.adapters.double_precision import double_precision
from bridgemark.targets.base import Base, LogProb, gaussian_base

POINTS, SEED = 64, 314159  # draws of a Gaussian, at which its density and the prior's are compared
TOLERANCE = 1e-8


def gaussian_prior(log_prior: LogProb, dim: int) -> Base | None:
    """The normalised Gaussian whose log-density is `log_prior`, or None where it is another function.

    The gradient and the Hessian at zero give the only Gaussian that it can be. The two log-densities,
    constants included, are then compared at draws of that Gaussian, in double precision.
    """
    with double_precision():
        derivatives = jax.jit(lambda x: (jax.grad(log_prior)(x), jax.hessian(log_prior)(x)))
        base = _gaussian(*map(np.asarray, derivatives(jnp.zeros(dim))))
        if base is None:
            return None
        points = base.sample(jax.random.key(SEED), POINTS)
        values, expected = jax.jit(jax.vmap(log_prior))(points), jax.vmap(base.log_prob)(points)
    return base if np.allclose(values, expected, TOLERANCE, TOLERANCE) else None


def _gaussian(gradient: np.ndarray, hessian: np.ndarray) -> Base | None:
    """The Gaussian whose log-density has these derivatives at zero; None where there is none."""
    if not np.all(np.isfinite(hessian)) or not np.all(np.isfinite(gradient)):
        return None
    try:
        covariance = np.linalg.inv(-hessian)
        factor = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        return None
    diagonal = np.diag(np.diag(hessian))
    scale = np.diag(factor).copy() if np.array_equal(hessian, diagonal) else factor
    return gaussian_base(covariance @ gradient, scale)
