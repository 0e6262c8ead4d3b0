"""Ends of stored paths, points between them on the reference's own bridges, and chances to draw them by."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from jaxtyping import Array, Bool, Float, Int

from bridgemark.samplers.pathspace.chain import Chain


class Ends(NamedTuple):
    """Both ends of a path, what controls lean on at the first, the score at the second, its log weight."""

    start: Float[Array, "... dim"]
    hint: Any
    end: Float[Array, "... dim"]
    score: Float[Array, "... dim"]
    log_weight: Float[Array, "..."]


class Between(NamedTuple):
    """A path's ends, and the point x at the k-th time of a bridge between them."""

    ends: Ends
    k: Int[Array, ""]
    x: Float[Array, " dim"]


class Bridges(NamedTuple):
    """What a reference does between its ends, arrays (points,).

    X_k | X_0 = N(reach X_0, variance I), X_k | X_0, X_K = N(from_start X_0 + from_end X_K, spread^2 I).
    """

    reach: np.ndarray
    variance: np.ndarray
    from_start: np.ndarray
    from_end: np.ndarray
    spread: np.ndarray


def bridges(chain: Chain) -> Bridges:
    """The bridges of a reference, by Bayes' rule on X_0, X_k and X_K."""
    memory, variance = chain.memory(), np.zeros(len(chain.times))
    for k, (lost, added) in enumerate(zip(chain.ahead.lost, chain.ahead.variance, strict=True)):
        variance[k + 1] = (1.0 - lost) ** 2 * variance[k] + added
    reach, share = np.append(1.0, np.cumprod(1.0 - chain.ahead.lost)), variance / variance[-1]
    left = np.maximum(1.0 - memory**2 * share, 0.0)  # Var(X_K | X_k) / Var(X_K | X_0)
    return Bridges(reach, variance, reach * left, memory * share, np.sqrt(variance * left))


def between(chain: Chain, ends: Ends, k: Int[Array, ""], noise: Float[Array, " dim"]) -> Between:
    """X_k given both ends, from standard normal noise."""
    _, _, *coefficients = bridges(chain)
    from_start, from_end, spread = (jnp.asarray(array, noise.dtype)[k] for array in coefficients)
    return Between(ends, k, from_start * ends.start + from_end * ends.end + spread * noise)


def chances(log_weights: Float[Array, " n"], share: float) -> Float[Array, " n"]:
    """Probabilities proportional to w^b, b <= 1 the largest that leaves an effective share of `share`.

    A weight that is not a number has none.
    """
    known = jnp.where(jnp.isnan(log_weights), -jnp.inf, log_weights)

    def enough(power: Array) -> Bool[Array, ""]:
        effective = jnp.exp(2.0 * logsumexp(power * known) - logsumexp(2.0 * power * known))
        return effective >= share * len(known)

    def halve(_: int, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        middle = 0.5 * (low + high)
        return jnp.where(enough(middle), middle, low), jnp.where(enough(middle), high, middle)

    low, _ = jax.lax.fori_loop(0, 20, halve, (jnp.zeros(()), jnp.ones(())))
    return jax.nn.softmax(jnp.where(enough(jnp.ones(())), 1.0, low) * known)
