"""Arithmetic on log weights and log densities that samplers of every family share."""

import jax.numpy as jnp
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float


def nan_to_minus_infinity(values: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Replace every NaN by minus infinity, the logarithm of zero.

    A log density or log weight that is not a number then counts as impossible: a particle that has it
    gets no weight and disappears at the next resampling.
    """
    return jnp.where(jnp.isnan(values), -jnp.inf, values)


def log_mean_exp(log_values: Float[Array, "n *shape"]) -> Float[Array, "*shape"]:
    """Logarithm of the mean of exp(log_values) over the first axis."""
    return logsumexp(log_values, axis=0) - jnp.log(log_values.shape[0])


def effective_share(log_weights: Float[Array, " n"]) -> Float[Array, ""]:
    """Kish's effective sample size (sum w)^2 / sum w^2 of unnormalised weights, divided by their number n.

    It lies between 1/n, where one weight is all of the sum, and 1, where all weights are equal.
    """
    return jnp.exp(2.0 * logsumexp(log_weights) - logsumexp(2.0 * log_weights)) / log_weights.shape[0]


def tempered_effective_size(log_weights: Float[Array, " n"], power: Float[Array, ""]) -> Float[Array, ""]:
    """Kish's effective sample size of the weights w^power, between 1 and n."""
    return jnp.exp(2.0 * logsumexp(power * log_weights) - logsumexp(2.0 * power * log_weights))
