"""Functions that are computed outside JAX, in NumPy or a compiled library, with derivatives for JAX."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.targets.base import LogProb

STEP = np.cbrt(np.finfo(np.float64).eps)  # of central differences, whose error is then smallest


@dataclass(frozen=True)
class HostFunction:
    """A real function of points and its gradient, on NumPy arrays of float64.

    `value` maps points (n, dim) to numbers (n,), `value_and_gradient` to numbers (n,) and slopes (n, dim).
    """

    value: Callable[[np.ndarray], np.ndarray]
    value_and_gradient: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

    def hessian_product(self, points: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """The Hessian at each point (n, dim) times a vector (n, dim), by central differences of gradients."""
        lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float64).tiny)
        steps = STEP * np.maximum(1.0, np.linalg.norm(points, axis=1, keepdims=True)) / lengths
        both = np.concatenate([points + steps * vectors, points - steps * vectors])
        ahead, behind = np.split(self.value_and_gradient(both)[1], 2)
        return (ahead - behind) / (2 * steps)


def differentiable(function: HostFunction) -> LogProb:
    """A JAX function of one point that calls `function`, once for a whole batch under `jax.vmap`.

    The first derivative is the function's own. The second is a central difference of gradients, and exists
    where reverse mode is applied twice, as in path samplers. Others, such as `jax.hessian` takes, raise an
    error of JAX.
    """

    def value_and_gradient(x: Float[Array, " dim"]) -> tuple[Float[Array, ""], Float[Array, " dim"]]:
        return _call(function.value_and_gradient, x, results=((), x.shape))

    @jax.custom_vjp
    def twice_differentiable(x: Float[Array, " dim"]) -> tuple[Float[Array, ""], Float[Array, " dim"]]:
        return value_and_gradient(x)

    def forward(x: Float[Array, " dim"]) -> tuple[Any, Any]:
        value, gradient = value_and_gradient(x)
        return (value, gradient), (x, gradient)

    def backward(stored: Any, cotangents: Any) -> tuple[Float[Array, " dim"]]:
        x, gradient = stored
        (product,) = _call(_in_tuple(function.hessian_product), x, cotangents[1], results=(x.shape,))
        return (cotangents[0] * gradient + product,)

    twice_differentiable.defvjp(forward, backward)

    @jax.custom_jvp
    def value(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return _call(_in_tuple(function.value), x, results=((),))[0]

    @value.defjvp
    def value_and_derivative(primals: Any, tangents: Any) -> tuple[Float[Array, ""], Float[Array, ""]]:
        result, gradient = twice_differentiable(*primals)
        return result, jnp.vdot(gradient, tangents[0])

    return value


def _in_tuple(function: Callable[..., np.ndarray]) -> Callable[..., tuple[np.ndarray]]:
    return lambda *points: (function(*points),)


def _call(function: Callable[..., Any], *points: Array, results: tuple[tuple[int, ...], ...]) -> Any:
    """Call a NumPy function of points (n, dim), whose `results` have these shapes for each point."""
    (dim,), dtype = points[0].shape, points[0].dtype

    def on_host(*arguments: Any) -> tuple[np.ndarray, ...]:
        arrays = [np.asarray(argument, np.float64) for argument in arguments]
        batch = arrays[0].shape[:-1]
        values = function(*(array.reshape(-1, dim) for array in arrays))
        return tuple(
            np.asarray(value, dtype).reshape(batch + shape)
            for value, shape in zip(values, results, strict=True)
        )

    shapes = tuple(jax.ShapeDtypeStruct(shape, dtype) for shape in results)
    return jax.pure_callback(on_host, shapes, *points, vmap_method="broadcast_all")
