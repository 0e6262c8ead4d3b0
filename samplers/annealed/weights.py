"""Log weights of particles, reweighted and resampled such that they remain proper.

Weights are proper if E[mean(w f(z))] = Z E[f(z)] with the expectation on the right under the target. The mean
of the last weights is then an unbiased estimate of Z.
"""

from typing import Any

import jax
import jax.numpy as jnp
from blackjax.smc import resampling
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from bridgemark.samplers.common.numerics import effective_share, log_mean_exp, nan_to_minus_infinity


def reweight(
    log_weights: Float[Array, " n"], increments: Float[Array, " n"] | Float[Array, ""]
) -> Float[Array, " n"]:
    """Add increments to log weights; where the sum is NaN the particle gets no weight."""
    return nan_to_minus_infinity(log_weights + increments)


def resample_if_degenerate(
    key: PRNGKeyArray, particles: Any, log_weights: Float[Array, " n"], threshold: float
) -> tuple[Any, Float[Array, " n"], Bool[Array, ""]]:
    """Resample systematically if the effective share of the weights (Kish) is below `threshold`.

    `particles` is a pytree whose leaves have n entries along their first axis. Resampled particles all have
    the mean of the weights before, which keeps the weights proper (Del Moral, Doucet and Jasra 2006). Returns
    the particles, their log weights, and whether they were resampled.
    """
    n = log_weights.shape[0]
    degenerate = effective_share(log_weights) < threshold
    drawn = resampling.systematic(key, jax.nn.softmax(log_weights), n)
    ancestors = jnp.where(degenerate, drawn, jnp.arange(n))
    new_log_weights = jnp.where(degenerate, log_mean_exp(log_weights), log_weights)
    return jax.tree.map(lambda leaf: leaf[ancestors], particles), new_log_weights, degenerate
