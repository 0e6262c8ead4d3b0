"""The potential of a denoising particle filter: its estimate, and unbiased samples of its gradient."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.chain import Chain
from bridgemark.samplers.pathspace.control import Features, Network
from bridgemark.samplers.pathspace.path_measure import Guidance
from bridgemark.targets.base import LogProb


class PotentialNetworks(NamedTuple):
    """What the estimate of log g is made of: a network, and the log precision of a Gaussian target."""

    network: Network
    log_precision: Float[Array, ""]


class PotentialValue(NamedTuple):
    """The estimate of log g_k at a point, and its gradient there."""

    value: Float[Array, "..."]
    gradient: Float[Array, "..."]


def potential_guidance(networks: PotentialNetworks, chain: Chain, log_target: LogProb) -> Guidance:
    """Estimate log g_k, the log density ratio of the noised target and of the reference, at every time.

    With a = `decay_to_end`, noise = 1 - a^2, a learnt s(t) and precision = exp(log_precision), the
    estimate and its gradient are

        log g_k(x) = noise <NN(t, x), x> + share log g_K(a x),
        share = (1 + noise mean(s)) / (a^2 + noise precision),

    where log g_K = log(gamma / N(0, I)). At the last time it is log g_K itself; before training it is
    exact, up to a constant, for the target N(0, I / precision). The guidance is a `PotentialValue`.
    """
    log_ratio_and_gradient = jax.value_and_grad(lambda x: log_target(x) - log_standard_normal(x))
    network, precision = networks.network, jnp.exp(networks.log_precision)

    def evaluate(features: tuple[Array, Features], x: Array) -> PotentialValue:
        decay, network_features = features
        end_value, end_gradient = log_ratio_and_gradient(decay * x)

        def network_potential(x: Array) -> Array:
            return jnp.dot(network(network_features, x).control, x)

        network_value, network_gradient = jax.value_and_grad(network_potential)(x)
        noise = 1.0 - decay**2
        share = (1.0 + noise * jnp.mean(network_features.guidance_scale)) / (decay**2 + noise * precision)
        return PotentialValue(
            noise * network_value + share * end_value,
            noise * network_gradient + share * decay * end_gradient,
        )

    decay_to_end = jnp.asarray(chain.decay_to_end(), float)
    return Guidance(evaluate, (decay_to_end, network.features(chain.times)))


def gradient_sample(
    decay: Float[Array, "*n 1"],
    x: Float[Array, "*n dim"],
    end: Float[Array, "*n dim"],
    end_gradient: Float[Array, "*n dim"],
    precision: Float[Array, "*m dim"],
) -> Float[Array, "*n dim"]:
    """Random vectors whose means given X_k = x are the gradients of the exact log g_k there.

    `end` is X_K given X_k = x under the noised target, `end_gradient` is grad log g_K at it, and `decay`
    is `decay_to_end`. Two vectors have the right mean: decay grad log g_K(X_K) (novel score matching,
    Phillips et al. 2024) and x + grad log R(x | X_K) (denoising score matching). They are mixed such that
    the variance is zero for a Gaussian target of this precision.
    """
    noise = 1.0 - decay**2
    share = 1.0 / (decay**2 + noise * precision)
    return share * decay * end_gradient + (1.0 - share) * (x - (x - decay * end) / noise)
