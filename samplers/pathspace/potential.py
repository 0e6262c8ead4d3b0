"""The potential of a denoising particle filter: its estimate, and samples of the exact one's slope."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.control import Network
from bridgemark.targets.base import LogProb


class Potential(NamedTuple):
    """What makes log g: a network, and the log precision of a Gaussian by which log g_K fades."""

    network: Network
    log_precision: Float[Array, ""]


def potential(networks: Potential, log_gamma: LogProb) -> Callable[[Any, Array], tuple[Array, Array]]:
    """log g_k and its gradient: r' <NN, x> + (1 - r) log g_K(a x), where r = r' = 0 at the end.

    There it is log(gamma / N(0, I)); before, with a the reference's memory of its end, r' = 1 - a^2, and
    1 - r = 1 / (a^2 + r' precision), untrained, is exact for N(0, I / precision).
    """
    ratio = jax.value_and_grad(lambda x: log_gamma(x) - log_standard_normal(x))
    network, precision = networks.network, jnp.exp(networks.log_precision)

    def look(features: Any, x: Array) -> tuple[Array, Array]:
        memory, learnt = features
        value, slope = ratio(memory * x)
        inner, pull = jax.value_and_grad(lambda x: jnp.dot(network(learnt, x).control, x))(x)
        noise = 1.0 - memory**2
        kept = (1.0 + noise * jnp.mean(learnt.lean)) / (memory**2 + noise * precision)
        return noise * inner + kept * value, noise * pull + kept * memory * slope

    return look


def slope_sample(memory: Array, x: Array, end: Array, slope: Array, precision: Array) -> Array:
    """Given X_k = x its mean is the gradient of the exact log g_k; `slope` is that of log g_K at the end.

    Two identities have this mean: a grad log g_K(X_K) (novel score matching) and x + grad log R(x | X_K)
    (denoising). They are mixed so that for a Gaussian of this precision no variance is left.
    """
    noise = 1.0 - memory**2
    share = 1.0 / (memory**2 + noise * precision)
    return share * memory * slope + (1.0 - share) * (x - (x - memory * end) / noise)
