"""Biochemical oxygen demand: two parameters of a saturating curve, seen on five days."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.special import erf as erf_of_numpy

from bridgemark.targets.base import (
    About,
    Joint,
    PosteriorFamily,
    PosteriorTruths,
    Statistic,
    Truth,
    gaussian_base,
    rejection,
)

DAYS = np.arange(1.0, 6.0)
VARIANCE = 1e-3
PEAK = -0.5 * DAYS.size * np.log(2 * np.pi * VARIANCE)  # the likelihood of a perfect fit

REACH, STEP = 9.0, 1 / 40
AXIS = np.arange(-REACH, REACH + STEP / 2, STEP)
ERROR = 1e-8  # above what halving the step, or reaching further, moves
RECIPE = f"trapezoidal rule, step {STEP}, on [-{REACH:g}, {REACH:g}]^2"
SLACK = 0.1  # the log-likelihood of a y in reach rises by less than 0.05 between neighbours on the grid
LEAST_ACCEPTANCE = 1e-3


def simulate(key: PRNGKeyArray, x: Float[Array, "2"]) -> Float[Array, "5"]:
    """The curve with noise."""
    return curve(x) + np.sqrt(VARIANCE) * jax.random.normal(key, DAYS.shape, x.dtype)


def log_likelihood(x: Float[Array, "2"], y: Float[Array, "5"]) -> Float[Array, ""]:
    """log N(y; curve, 0.001 I)."""
    return PEAK - 0.5 / VARIANCE * jnp.sum((y - curve(x)) ** 2)


def curve(x: Float[Array, "2"]) -> Float[Array, "5"]:
    """The demand A (1 - exp(-B t)) on each day t."""
    amplitude, rate = 0.4 + 0.4 * (1 + erf(x[0] / np.sqrt(2))), 0.01 + 0.15 * (1 + erf(x[1] / np.sqrt(2)))
    return -amplitude * jnp.expm1(-rate * DAYS.astype(x.dtype))


def log_likelihood_on_grid(axis: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The same at every (axis_i, axis_j): the curve is a function of x_0 times one of x_1."""
    share = 1 + erf_of_numpy(axis / np.sqrt(2))
    amplitude, rise = 0.4 + 0.4 * share, -np.expm1(-np.outer(0.01 + 0.15 * share, DAYS))
    square = np.outer(amplitude**2, np.sum(rise**2, axis=1)) - 2 * np.outer(amplitude, rise @ y) + y @ y
    return PEAK - 0.5 / VARIANCE * square


def truths(name: str, y: np.ndarray) -> PosteriorTruths:
    """Evidence and moments by quadrature; exact draws are those of the prior that the likelihood accepts."""
    likelihood = log_likelihood_on_grid(AXIS, y)
    prior = np.exp(-0.5 * AXIS**2) * STEP / np.sqrt(2 * np.pi)
    bound = np.max(likelihood) + SLACK
    mass = np.exp(likelihood - bound) * np.outer(prior, prior)
    acceptance = np.sum(mass)
    marginals = np.stack([mass.sum(axis=1), mass.sum(axis=0)]) / acceptance
    moments = [marginals @ AXIS**power for power in (0, 1, 2, 3, 4)]

    def propose(key: PRNGKeyArray) -> tuple[Float[Array, "2"], Array]:
        for_x, for_height = jax.random.split(key)
        x = jax.random.normal(for_x, (2,))
        height = log_likelihood(x, jnp.asarray(y.astype(x.dtype))) - bound
        return x, -jax.random.exponential(for_height) < height

    def statistic(label: str, power: int) -> Statistic:
        mean = moments[power]
        sd = np.sqrt(moments[2 * power] - mean**2)
        return Statistic(label, lambda x: x**power, mean, sd, np.full(2, ERROR))

    return PosteriorTruths(
        log_z=Truth(float(np.log(acceptance) + bound), ERROR, RECIPE),
        sample=rejection(propose, 2) if acceptance > LEAST_ACCEPTANCE else None,
        statistics=(statistic("x", 1), statistic("x2", 2)),
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
    # Of simulated y, 83 % are less probable than a, the published one, and 1 % than b.
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
