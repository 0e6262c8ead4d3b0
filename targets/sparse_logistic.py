"""Sparse logistic regression: the scale of each weight is a local one times a global one."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from jaxtyping import Array, Float
from scipy.special import digamma, gammaln, polygamma

from bridgemark.targets import stored
from bridgemark.targets.base import About, Alias, Density, Target, gaussian_base
from bridgemark.targets.data import load
from bridgemark.targets.moments import coordinate_moments

SHAPE = RATE = 0.5  # of the Gamma prior of the scales
LOG_MEAN, LOG_SD = digamma(SHAPE) - np.log(RATE), np.sqrt(polygamma(1, SHAPE))  # of the scales' logarithms


def sparse_logistic(name: str, filename: str) -> Target:
    """A point holds the log global scale, log local scales and unscaled weights (the intercept's last)."""
    table = load(filename)
    y = table[:, -1]
    features = (table[:, :-1] - table[:, :-1].mean(axis=0)) / table[:, :-1].std(axis=0)
    # Rows times their label's sign, so that every observation contributes log sigmoid(row . weights).
    signed = np.where(y == 1, 1.0, -1.0)[:, None] * np.column_stack([features, np.ones(len(y))])
    weights = signed.shape[1]
    loc, scale = np.zeros(1 + 2 * weights), np.ones(1 + 2 * weights)
    loc[: 1 + weights], scale[: 1 + weights] = LOG_MEAN, LOG_SD

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        log_scales, unscaled = x[: 1 + weights], x[1 + weights :]
        w = jnp.exp(log_scales[0] + log_scales[1:]) * unscaled
        # The Jacobian of the logarithm turns the exponent SHAPE - 1 into SHAPE.
        scales = SHAPE * (np.log(RATE) + log_scales) - gammaln(SHAPE) - RATE * jnp.exp(log_scales)
        likelihood = jax.nn.log_sigmoid(signed.astype(x.dtype) @ w)
        return jnp.sum(scales) + jnp.sum(norm.logpdf(unscaled)) + jnp.sum(likelihood)

    return Target(
        name=name,
        version=1,
        density=Density(dim=len(loc), log_prob=log_prob, base=gaussian_base(loc, scale)),
        about=About(
            source="inference_gym 0.0.5 (2020), sparse logistic regression on the German credit data",
            definition="w_i = u_i l_i g; u_i ~ N(0, 1); l_i, g ~ Gamma(0.5, rate 0.5); P(y = 1) = sigmoid(w "
            ". features), y = 1 bad credit; features standardised (divisor n), intercept last; x = (log g, "
            "log l, u), Jacobian included; base = prior, but log scales Gaussian of the prior's mean and sd",
            aliases=(Alias("german_credit_numeric_sparse_logistic_regression", "inference_gym", True),),
        ),
        log_z=stored.log_z(name),
        statistics=stored.statistics(name, coordinate_moments()),
    )


TARGETS = {"sparse-credit-51": partial(sparse_logistic, "sparse-credit-51", "german_credit.csv")}
