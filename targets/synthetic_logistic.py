"""Logistic regression on labels that the model itself can simulate, with a design made by a rule."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.special import ndtri

from bridgemark.targets import stored
from bridgemark.targets.base import About, Joint, gaussian_base
from bridgemark.targets.moments import coordinate_moments
from bridgemark.targets.posteriors import PosteriorFamily, PosteriorTruths

ROWS, FEATURES = 50, 5


def design() -> np.ndarray:
    """The design matrix (ROWS, 1 + FEATURES): an intercept, then features.

    Features are Gaussian quantiles of the Kronecker sequence whose steps are the square roots of the first
    primes. The last two are mixed with the first two, with which they are then correlated (0.75).
    """
    steps = np.sqrt([2.0, 3.0, 5.0, 7.0, 11.0])
    features = ndtri((np.arange(1, ROWS + 1)[:, None] * steps) % 1)
    features[:, 3:] = 0.6 * features[:, 3:] + 0.8 * features[:, :2]
    return np.column_stack([np.ones(ROWS), features])


DESIGN = design()


def simulate(key: PRNGKeyArray, x: Float[Array, "6"]) -> Float[Array, "50"]:
    """Draw labels, zeros and ones as floats."""
    probability = jax.nn.sigmoid(DESIGN.astype(x.dtype) @ x)
    return jax.random.bernoulli(key, probability).astype(x.dtype)


def log_likelihood(x: Float[Array, "6"], y: Float[Array, "50"]) -> Float[Array, ""]:
    """The log probability of labels zero and one."""
    return jnp.sum(jax.nn.log_sigmoid((2 * y - 1) * (DESIGN.astype(x.dtype) @ x)))


def truths(name: str, y: np.ndarray) -> PosteriorTruths:
    """The truths that `bridgemark reference` stored for the registered observations."""
    return PosteriorTruths(
        log_z=stored.log_z(name),
        statistics=stored.statistics(name, coordinate_moments()),
    )


def labels(text: str) -> np.ndarray:
    """Parse labels written as zeros and ones without spaces."""
    return np.array(list(text), dtype=float)


JOINT = Joint(
    dim=1 + FEATURES,
    dim_y=ROWS,
    prior=gaussian_base(np.zeros(1 + FEATURES), np.ones(1 + FEATURES)),
    simulate=simulate,
    log_likelihood=log_likelihood,
)
FAMILY = PosteriorFamily(
    name="synthetic-logistic-6",
    joint=JOINT,
    truths=truths,
    # Among simulated y, 61 % are less probable than a, and 1 % are less probable than b, which no weights
    # explain well.
    observations={
        "a": labels("11010000100100101110000000100110011100001010101011"),
        "b": labels("01011010011101100001110110100111001011011111101101"),
    },
    about=About(
        source="bridgemark: for posterior samplers that learn from simulations",
        definition="weights ~ N(0, I), intercept (first) included; y_i ~ Bernoulli(sigmoid(w . features_i)), "
        "50 rows, five features by a fixed rule (Gaussian quantiles of a Kronecker sequence, two of them "
        "correlated with others); base = prior",
    ),
)
TARGETS = FAMILY.targets()
