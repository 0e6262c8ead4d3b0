"""A log-density in NumPy as a model."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.benchmarks.adapters.host_function import STEP, HostFunction, differentiable
from bridgemark.benchmarks.adapters.layout import Layout, Parameters, require_dim
from bridgemark.benchmarks.adapters.model import Model, named_model
from bridgemark.benchmarks.adapters.supports import Real, Support
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.text import one_line
from bridgemark.targets.base import Base


class _UserFunctions(NamedTuple):
    """The functions as users wrote them, and how named arguments and slopes lie in a vector.

    `layout` is None where they take vectors; `batched` says whether they take many points at once.
    """

    log_prob: Callable[[Any], Any]
    gradient: Callable[[Any], Any] | None
    layout: Layout | None
    batched: bool

    def values(self, points: np.ndarray) -> np.ndarray:
        """log_prob at points (n, size)."""
        if self.batched:
            return _of_shape(self.log_prob(self._arguments(points)), points.shape[:1], "log_prob")
        values = [_of_shape(self.log_prob(self._arguments(point)), (), "log_prob") for point in points]
        return np.array(values)

    def gradients(self, points: np.ndarray) -> np.ndarray:
        """The gradient at points (n, size), by central differences where the user has given none."""
        if self.gradient is None:
            return self._central_differences(points)
        if self.batched:
            return _of_shape(self._slopes(self.gradient(self._arguments(points))), points.shape, "gradient")
        slopes = [self._slopes(self.gradient(self._arguments(point))) for point in points]
        return np.array([_of_shape(slope, points.shape[1:], "gradient") for slope in slopes])

    def _central_differences(self, points: np.ndarray) -> np.ndarray:
        steps = STEP * np.maximum(1.0, np.abs(points))
        offsets = steps[:, :, None] * np.eye(points.shape[1])
        ahead, behind = (
            self.values(shifted.reshape(-1, points.shape[1])).reshape(points.shape)
            for shifted in (points[:, None, :] + offsets, points[:, None, :] - offsets)
        )
        return (ahead - behind) / (2 * steps)

    def _arguments(self, points: np.ndarray) -> Any:
        return points if self.layout is None else self.layout.split(points)

    def _slopes(self, slopes: Any) -> np.ndarray:
        """The gradient as a vector; users return a dict where they get one."""
        if self.layout is None:
            return np.asarray(slopes)
        return self.layout.join({name: np.asarray(slopes[name]) for name in slopes}, np.concatenate)


def from_numpy(
    log_prob: Callable[[Any], Any],
    gradient: Callable[[Any], Any] | None = None,
    dim: int | None = None,
    *,
    parameters: Mapping[str, Support] | None = None,
    prior: Base | None = None,
    base: Base | None = None,
    batched: bool = False,
) -> Model:
    """Make a model of a log-density that is written in NumPy, or calls any other library from Python.

    JAX calls it back, once for all points of a batch, in double precision. What that takes is part of the
    seconds of a row. Second derivatives, which path samplers need, are central differences of gradients.

    Args:
        log_prob: maps one point (dim,) to the log-density; with `parameters`, a dict of their values by name.
            With a `prior` it is the log-likelihood.
        gradient: maps the same to the gradient of log_prob, (dim,) or a dict. Without it, gradients are
            central differences: each costs 2 dim values of log_prob and still counts as one in a row.
        dim: the length of a point.
        parameters: instead of `dim`, the support of each parameter by name. The log-Jacobian is added.
        prior: the prior, made by `gaussian_base`; see `from_jax`.
        base: where samplers start when there is no prior; N(0, I) by default.
        batched: whether the functions take points (n, dim) at once and return (n,) and (n, dim), which is
            much faster. Not together with `parameters`.

    Raises BadInput for a function that cannot be sampled from; see `from_jax`.
    """
    size = require_dim(dim, parameters)
    if batched and parameters is not None:
        raise BadInput("batched functions take points (n, dim): give dim instead of parameters")
    named = Parameters(parameters or {"x": Real((size,))})
    user = _UserFunctions(log_prob, gradient, named.constrained if parameters else None, batched)
    on_host = HostFunction(user.values, lambda points: (user.values(points), user.gradients(points)))
    log_density = _with_constraints(differentiable(on_host), named, add_jacobian=prior is None)

    origin = f"the NumPy function {getattr(log_prob, '__name__', 'log_prob')}"
    _require_callable(origin, user, named.constrained.join(named.constrain(jnp.zeros(size))[0]))
    return named_model(origin, named, log_density, base, prior)


def _with_constraints(
    log_prob: Callable[[Array], Array], named: Parameters, add_jacobian: bool
) -> Callable[[Array], Array]:
    """The density of unconstrained coordinates, of one of a vector of the parameters' values."""

    def log_density(x: Float[Array, " dim"]) -> Float[Array, ""]:
        values, log_jacobian = named.constrain(x)
        log_value = log_prob(named.constrained.join(values, jnp.concatenate))
        return log_value + log_jacobian if add_jacobian else log_value

    return log_density


def _require_callable(origin: str, user: _UserFunctions, point: Array) -> None:
    """Call both functions once outside JAX, whose messages about what a callback raises are long.

    Raises BadInput where one of them raises, or returns an array of another shape.
    """
    points = np.asarray(point, np.float64)[None, :]
    for function in (user.values, user.gradients):
        try:
            function(points)
        except Exception as error:
            raise BadInput(f"{origin}, with {points.shape[1]} numbers: {one_line(error)}") from error


def _of_shape(value: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    """The value as an array. Raises ValueError where it has another shape."""
    array = np.asarray(value, np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} returns an array of shape {array.shape}, but must return shape {shape}")
    return array
