"""A fingerprint of a density: a hash of its values at fixed points."""

import hashlib

import jax
import jax.numpy as jnp
import numpy as np

from bridgemark.targets.base import Target

PROBES = 64  # points, from close to the origin to far out: each component of a mixture shows only nearby


def probes(dim: int) -> np.ndarray:
    """Fixed points (PROBES, dim) of amplitudes 1/2 to 32, without randomness."""
    amplitude = np.geomspace(0.5, 32.0, PROBES)[:, None]
    point, coordinate = np.arange(PROBES)[:, None], np.arange(dim)
    return amplitude * np.sin(1.0 + 2.4 * point + 1.3 * coordinate)


def fingerprint(target: Target) -> str:
    """Sixteen hexadecimal digits: a hash of the float64 log-density, rounded to eight significant digits.

    It does not depend on the precision that the process runs in. Raises ValueError for a density that has
    constants of single precision.
    """
    # Not compiled: JAX (0.10) would hold every NumPy array that `log_prob` closes over in double precision
    # from then on, and the run that follows needs it in single precision.
    with jax.enable_x64(True):
        points = jnp.asarray(probes(target.density.dim))
        values = np.asarray(jax.vmap(target.density.log_prob)(points))
    return fingerprint_of_values(target.name, values)


def fingerprint_of_values(name: str, values: np.ndarray) -> str:
    """The fingerprint of the target called `name`, from the values of its log-density at the probes.

    Raises ValueError for values of single precision.
    """
    if values.dtype != np.float64:
        raise ValueError(
            f"log_prob of {name} computes in {values.dtype} even in double precision: "
            "keep its constants as NumPy float64 arrays and convert nothing inside"
        )
    return hashlib.sha256(" ".join(f"{value:.7e}" for value in values).encode()).hexdigest()[:16]
