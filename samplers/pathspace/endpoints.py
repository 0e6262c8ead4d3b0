"""Stored end points of paths, and points between them drawn from the reference chain's own bridges."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from bridgemark.samplers.common.numerics import nan_to_minus_infinity, tempered_effective_size
from bridgemark.samplers.pathspace.chain import Chain


class Endpoints(NamedTuple):
    """End points of a path, the guidance at the first, the target's score at the last, and the log weight."""

    start: Float[Array, "... dim"]
    start_guidance: Any
    end: Float[Array, "... dim"]
    end_score: Float[Array, "... dim"]
    log_weight: Float[Array, "..."]


class BridgePoint(NamedTuple):
    """The end points of a path, and the point x of a bridge between them at the grid's time `index`."""

    endpoints: Endpoints
    index: Int[Array, ""]
    x: Float[Array, " dim"]


class BridgeCoefficients(NamedTuple):
    """The conditional Gaussian distributions of a reference chain given its end points, arrays (points,).

    X_k given X_0 is N(decay_from_start X_0, variance I). X_k given X_0 and X_K is
    N(from_start X_0 + from_end X_K, deviation^2 I).
    """

    decay_from_start: np.ndarray
    variance: np.ndarray
    from_start: np.ndarray
    from_end: np.ndarray
    deviation: np.ndarray


def bridge_coefficients(chain: Chain) -> BridgeCoefficients:
    """Condition a reference chain on its end points, by Bayes' rule for X_0, X_k and X_K."""
    decay_to_end, variance = chain.decay_to_end(), np.zeros(len(chain.times))
    for k, (decay, added) in enumerate(zip(chain.forward.decay, chain.forward.variance, strict=True)):
        variance[k + 1] = (1.0 - decay) ** 2 * variance[k] + added
    decay_from_start = np.append(1.0, np.cumprod(1.0 - chain.forward.decay))
    share = variance / variance[-1]
    unexplained = np.maximum(1.0 - decay_to_end**2 * share, 0.0)  # Var(X_K | X_0, X_k) / Var(X_K | X_0)
    return BridgeCoefficients(
        decay_from_start=decay_from_start,
        variance=variance,
        from_start=decay_from_start * unexplained,
        from_end=decay_to_end * share,
        deviation=np.sqrt(variance * unexplained),
    )


def draw_bridge_point(
    chain: Chain, endpoints: Endpoints, index: Int[Array, ""], noise: Float[Array, " dim"]
) -> BridgePoint:
    """Draw X_k at k = `index` given both end points, from standard normal noise."""
    coefficients = bridge_coefficients(chain)
    from_start = jnp.asarray(coefficients.from_start, noise.dtype)[index]
    from_end = jnp.asarray(coefficients.from_end, noise.dtype)[index]
    deviation = jnp.asarray(coefficients.deviation, noise.dtype)[index]
    x = from_start * endpoints.start + from_end * endpoints.end + deviation * noise
    return BridgePoint(endpoints, index, x)


def tempered_probabilities(log_weights: Float[Array, " n"], least_share: float) -> Float[Array, " n"]:
    """Probabilities proportional to w^b, for the largest b <= 1 whose effective share is large enough.

    The effective share is Kish's effective sample size divided by n, and b is found by bisection so that
    it is at least `least_share`. Entries whose log weight is NaN get probability zero.
    """
    log_weights = nan_to_minus_infinity(log_weights)

    def is_even_enough(power: Array) -> Bool[Array, ""]:
        return tempered_effective_size(log_weights, power) >= least_share * len(log_weights)

    def halve(_: Array, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        middle = 0.5 * (low + high)
        return (
            jnp.where(is_even_enough(middle), middle, low),
            jnp.where(is_even_enough(middle), high, middle),
        )

    largest_power, _ = jax.lax.fori_loop(0, 20, halve, (jnp.zeros(()), jnp.ones(())))
    power = jnp.where(is_even_enough(jnp.ones(())), 1.0, largest_power)
    return jax.nn.softmax(power * log_weights)
