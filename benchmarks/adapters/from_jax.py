"""A log-density in JAX as a model."""

from collections.abc import Callable, Mapping
from typing import Any

from jaxtyping import Array, Float

from bridgemark.benchmarks.adapters.layout import Parameters, require_dim
from bridgemark.benchmarks.adapters.model import Model, named_model
from bridgemark.benchmarks.adapters.supports import Real, Support
from bridgemark.targets.base import Base


def from_jax(
    log_prob: Callable[[Any], Any],
    dim: int | None = None,
    *,
    parameters: Mapping[str, Support] | None = None,
    prior: Base | None = None,
    base: Base | None = None,
) -> Model:
    """Make a model of a log-density that is written in JAX.

    Args:
        log_prob: maps one point (dim,) to the log-density, one number; with `parameters`, a dict of their
            values by name. With a `prior` it is the log-likelihood.
        dim: the length of a point.
        parameters: instead of `dim`, the support of each parameter by name. The log-Jacobian is added.
        prior: the prior, made by `gaussian_base`. It is a density of points of R^dim: with `parameters`, of
            their unconstrained coordinates, so that no log-Jacobian is added.
        base: where samplers start when there is no prior; N(0, I) by default.

    Raises BadInput for a function that cannot be sampled from, such as one that calls NumPy, is NaN at draws
    of the base, or is -inf at all of them.
    """
    size = require_dim(dim, parameters)
    named = Parameters(parameters or {"x": Real((size,))})

    def log_density(x: Float[Array, " dim"]) -> Float[Array, ""]:
        if parameters is None:
            return log_prob(x)
        values, log_jacobian = named.constrain(x)
        return log_prob(values) if prior is not None else log_prob(values) + log_jacobian

    origin = f"the JAX function {getattr(log_prob, '__name__', 'log_prob')}"
    return named_model(origin, named, log_density, base, prior)
