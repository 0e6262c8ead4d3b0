"""Refuses densities that no sampler can start on, and says how to mend them."""

import jax
import jax.numpy as jnp
import numpy as np

from bridgemark.benchmarks.adapters.double_precision import double_precision
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.text import one_line
from bridgemark.targets.base import Density

DRAWS, SEED = 64, 314159  # of the base, where chains, particles and paths start

NOT_JAX = (
    "log_prob converts a value that JAX traces, as NumPy functions and `if` do; write it with jax.numpy "
    "(jnp.where instead of if), or bring it by from_numpy(log_prob, gradient, dim)"
)


def require_usable(origin: str, density: Density) -> None:
    """Evaluate log_prob and its gradient at draws of the base, in double precision.

    Raises BadInput, which begins with `origin`, for a density that fails, is no single number, is NaN or +inf
    anywhere, is -inf everywhere, or has no finite gradient.
    """
    try:
        complaint = _complaint(density)
    except (jax.errors.TracerArrayConversionError, jax.errors.ConcretizationTypeError):
        raise BadInput(f"{origin}: {NOT_JAX}") from None
    except BadInput:
        raise
    except Exception as error:
        message = f"log_prob fails at a point of {density.dim} numbers: {one_line(error)}"
        raise BadInput(f"{origin}: {message}; is the dimension right?") from error
    if complaint is not None:
        raise BadInput(f"{origin}: {complaint}")


def _complaint(density: Density) -> str | None:
    """What is wrong with a density; None for nothing."""
    with double_precision():
        points = density.base.sample(jax.random.key(SEED), DRAWS)
        result = jax.eval_shape(density.log_prob, points[0])
        if result.shape != () or not jnp.issubdtype(result.dtype, jnp.floating):
            return (
                f"log_prob returns an array of shape {result.shape} and type {result.dtype} at one point, "
                "but must return one real number; sum its terms"
            )
        values, gradients = jax.jit(jax.vmap(jax.value_and_grad(density.log_prob)))(points)
    return _complaint_about_values(*map(np.asarray, (points, values, gradients)))


def _complaint_about_values(points: np.ndarray, values: np.ndarray, gradients: np.ndarray) -> str | None:
    impossible = np.isnan(values) | (values == np.inf)
    if np.any(impossible):
        return (
            f"log_prob is NaN or +inf at {np.sum(impossible)} of {DRAWS} draws of the base, such as "
            f"x = {_text(points[impossible][0])}; return -inf where the density is zero, or give parameters "
            "with supports, such as parameters={'scale': Positive()}"
        )
    positive = values > -np.inf
    if not np.any(positive):
        return (
            f"log_prob is -inf at all of {DRAWS} draws of the base, so that nothing can start there; give "
            "base=gaussian_base(mean, sd) near the posterior, or parameters with supports"
        )
    broken = positive & ~np.all(np.isfinite(gradients), axis=1)
    if np.any(broken):
        return (
            f"the gradient of log_prob is not finite at x = {_text(points[broken][0])}, where log_prob is "
            f"{values[broken][0]:.6g}; a branch of jnp.where that is not taken must be finite, too"
        )
    return None


def _text(point: np.ndarray) -> str:
    return np.array2string(point, precision=4, threshold=6, edgeitems=3, max_line_width=200)
