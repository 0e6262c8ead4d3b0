"""Targets with closed-form truths, on which samplers are certified."""

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from scipy import integrate, special

from bridgemark.benchmarks import registry
from bridgemark.targets.base import About, Density, Statistic, Target, Truth, gaussian_base

SKEWED_LOG_Z = 1.7
GAMMA_SHAPES = np.array([0.8, 2.5])


@cache
def linear_gaussian() -> Target:
    """A Gaussian posterior in four dimensions, off centre, with exact draws and a simulator."""
    name = "linear-gaussian-4-a"
    return registry.build(name, registry.targets()[name])


@cache
def skewed(dim: int, exchanged: bool = False) -> Target:
    """Logarithms of independent gamma variables, each with its own shape; log Z = 1.7 and no exact sampler.

    The target has one or two dimensions and is asymmetric. With `exchanged` the coordinates are in the other
    order.
    """
    shapes = GAMMA_SHAPES[:dim][:: -1 if exchanged else 1]
    log_normaliser = float(np.sum(special.gammaln(shapes)))

    def log_prob(x: jax.Array) -> jax.Array:
        return SKEWED_LOG_Z + jnp.sum(shapes.astype(x.dtype) * x - jnp.exp(x)) - log_normaliser

    name = f"skewed-{dim}-exchanged" if exchanged else f"skewed-{dim}"
    return Target(
        name=name,
        version=1,
        density=Density(dim=dim, log_prob=log_prob, base=gaussian_base(np.zeros(dim), np.full(dim, 2.0))),
        about=About("", "logarithms of gamma variables"),
        log_z=Truth(SKEWED_LOG_Z, 0.0, "by construction"),
        statistics=_log_gamma_statistics(shapes),
    )


def _log_gamma_statistics(shapes: np.ndarray) -> tuple[Statistic, ...]:
    """Means of x, of x^2 and of the indicator of x > 0, for logarithms of gamma variables."""
    mean, variance = special.digamma(shapes), special.polygamma(1, shapes)
    second_moment = mean**2 + variance
    fourth_moment = np.array([_log_gamma_expectation(shape, lambda x: x**4) for shape in shapes])
    exact = np.zeros(len(shapes))  # the truths have no error
    return (
        Statistic("x", lambda x: x, mean, np.sqrt(variance), exact),
        Statistic("x2", jnp.square, second_moment, np.sqrt(fourth_moment - second_moment**2), exact),
        Statistic(
            "above",
            lambda x: (x > 0).astype(x.dtype),
            special.gammaincc(shapes, 1),
            np.full(len(shapes), 0.5),
            exact,
        ),
    )


def _log_gamma_expectation(shape: float, function: Callable[[float], float]) -> float:
    """E[f(log g)] for a gamma variable g, by quadrature."""

    def integrand(x: float) -> float:
        return function(x) * np.exp(shape * x - np.exp(x) - special.gammaln(shape))

    return integrate.quad(integrand, -40, 6)[0]
