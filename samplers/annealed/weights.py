"""Weights of particles: reweighted and resampled so that they stay proper and carry log Z-hat."""

from typing import Any

import jax
import jax.numpy as jnp
from blackjax.smc import resampling
from jax.scipy.special import logsumexp
from jaxtyping import Array, Bool, Float, PRNGKeyArray


def log_mean(log_weights: Float[Array, " n"]) -> Float[Array, ""]:
    """Log of the mean weight: log Z-hat of one run."""
    return logsumexp(log_weights) - jnp.log(log_weights.shape[0])


def reweigh(log_weights: Float[Array, " n"], increment: Float[Array, " n"]) -> Float[Array, " n"]:
    """Log weights after a step; a NaN is read as impossible: such a particle dies at the next resampling."""
    after = log_weights + increment
    return jnp.where(jnp.isnan(after), -jnp.inf, after)


def resample(
    key: PRNGKeyArray, particles: Any, log_weights: Float[Array, " n"], below: float
) -> tuple[Any, Float[Array, " n"], Bool[Array, ""]]:
    """Systematic resampling where the effective share of the weights is below `below`.

    Offspring all weigh the mean of the weights, so that weights stay proper whether or not it happened
    (Del Moral, Doucet, Jasra 2006), and the last ones hold the product of the means on the way.
    """
    n = log_weights.shape[0]
    share = jnp.exp(2.0 * logsumexp(log_weights) - logsumexp(2.0 * log_weights)) / n
    due = share < below
    drawn = resampling.systematic(key, jax.nn.softmax(log_weights), n)
    ancestors = jnp.where(due, drawn, jnp.arange(n))
    level = jnp.where(due, log_mean(log_weights), log_weights)
    return jax.tree.map(lambda leaf: leaf[ancestors], particles), level, due
