"""Biochemical oxygen demand: two parameters of a saturating curve, observed on five days."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf
from jaxtyping import Array, Bool, Float, PRNGKeyArray
from scipy.special import erf as erf_of_numpy

from bridgemark.targets.base import (
    About,
    Joint,
    PointFunction,
    Statistic,
    Truth,
    gaussian_base,
    rejection_sampler,
)
from bridgemark.targets.moments import identity
from bridgemark.targets.posteriors import PosteriorFamily, PosteriorTruths

DAYS = np.arange(1.0, 6.0)
VARIANCE = 1e-3
LOG_NORMALISER = -0.5 * DAYS.size * np.log(2 * np.pi * VARIANCE)  # of the noise: log density at its mode

LIMIT, STEP = 9.0, 1 / 40  # of the quadrature grid
GRID = np.arange(-LIMIT, LIMIT + STEP / 2, STEP)
ERROR = 1e-8  # more than the truths change when the step is halved, or the grid extended
RECIPE = f"trapezoidal rule, step {STEP}, on [-{LIMIT:g}, {LIMIT:g}]^2"
SLACK = 0.1  # neighbours on the grid differ by less than 0.05 in log likelihood, for a y that is not far out
LEAST_ACCEPTANCE = 1e-3  # below it rejection takes too long, and there are no exact draws


def simulate(key: PRNGKeyArray, x: Float[Array, "2"]) -> Float[Array, "5"]:
    """The demand with noise, on each day."""
    return curve(x) + np.sqrt(VARIANCE) * jax.random.normal(key, DAYS.shape, x.dtype)


def log_likelihood(x: Float[Array, "2"], y: Float[Array, "5"]) -> Float[Array, ""]:
    """log N(y; curve(x), 0.001 I)."""
    return LOG_NORMALISER - 0.5 / VARIANCE * jnp.sum((y - curve(x)) ** 2)


def curve(x: Float[Array, "2"]) -> Float[Array, "5"]:
    """The demand A (1 - exp(-B t)) on each day t."""
    amplitude = 0.4 + 0.4 * (1 + erf(x[0] / np.sqrt(2)))
    rate = 0.01 + 0.15 * (1 + erf(x[1] / np.sqrt(2)))
    return -amplitude * jnp.expm1(-rate * DAYS.astype(x.dtype))


def log_likelihood_on_grid(axis: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The log likelihood at every point (axis_i, axis_j), as a matrix.

    The curve is the product of an amplitude, a function of x_0, and a rise, a function of x_1. So is each
    term of |y - amplitude rise|^2, multiplied out.
    """
    uniform = 1 + erf_of_numpy(axis / np.sqrt(2))  # on [0, 2] under the prior
    amplitude = 0.4 + 0.4 * uniform
    rise = -np.expm1(-np.outer(0.01 + 0.15 * uniform, DAYS))
    squared_error = (
        np.outer(amplitude**2, np.sum(rise**2, axis=1)) - 2 * np.outer(amplitude, rise @ y) + y @ y
    )
    return LOG_NORMALISER - 0.5 / VARIANCE * squared_error


def truths(name: str, y: np.ndarray) -> PosteriorTruths:
    """Evidence and moments of the posterior of y, by quadrature, and exact draws.

    A draw of the prior is accepted with the probability likelihood / bound. Where that happens too rarely
    there are no exact draws.
    """
    log_likelihoods = log_likelihood_on_grid(GRID, y)
    prior = np.exp(-0.5 * GRID**2) * STEP / np.sqrt(2 * np.pi)
    log_bound = np.max(log_likelihoods) + SLACK
    mass = np.exp(log_likelihoods - log_bound) * np.outer(prior, prior)
    acceptance = np.sum(mass)
    marginals = np.stack([mass.sum(axis=1), mass.sum(axis=0)]) / acceptance

    def propose(key: PRNGKeyArray) -> tuple[Float[Array, "2"], Bool[Array, ""]]:
        key_x, key_accept = jax.random.split(key)
        x = jax.random.normal(key_x, (2,))
        log_acceptance = log_likelihood(x, jnp.asarray(y.astype(x.dtype))) - log_bound
        return x, -jax.random.exponential(key_accept) < log_acceptance

    def statistic(name: str, fn: PointFunction, power: int) -> Statistic:
        mean = marginals @ GRID**power
        sd = np.sqrt(marginals @ GRID ** (2 * power) - mean**2)
        return Statistic(name, fn, mean, sd, np.full(2, ERROR))

    return PosteriorTruths(
        log_z=Truth(float(np.log(acceptance) + log_bound), ERROR, RECIPE),
        sample=rejection_sampler(propose, 2) if acceptance > LEAST_ACCEPTANCE else None,
        statistics=(statistic("x", identity, 1), statistic("x2", jnp.square, 2)),
    )


JOINT = Joint(
    dim=2,
    dim_y=DAYS.size,
    prior=gaussian_base(np.zeros(2), np.ones(2)),
    simulate=simulate,
    log_likelihood=log_likelihood,
)
FAMILY = PosteriorFamily(
    name="bod-2",
    joint=JOINT,
    truths=truths,
    # Among simulated y, 83 % are less probable than a, the published one, and 1 % are less probable than b.
    observations={
        "a": np.array([0.18, 0.32, 0.42, 0.49, 0.54]),
        "b": np.array([0.24, 0.53, 0.66, 0.85, 0.83]),
    },
    about=About(
        source="Marzouk, Moselhy, Parno and Spantini (2016), An introduction to sampling via measure "
        "transport, section on biochemical oxygen demand; observation a from Shi et al. (2022), "
        "Conditional simulation using diffusion Schroedinger bridges",
        definition="x ~ N(0, I); A = 0.4 + 0.4 (1 + erf(x_0 / sqrt 2)), B = 0.01 + 0.15 (1 + "
        "erf(x_1 / sqrt 2)); y_t | x ~ N(A (1 - e^(-B t)), 0.001), 0.001 the variance, t = 1, ..., 5; "
        "base = prior",
    ),
)
TARGETS = FAMILY.targets()
