"""Learnt controls: a small network of time and position, guided by the target's score."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.chain import Chain
from bridgemark.samplers.pathspace.path_measure import (
    Direction,
    Guidance,
    KernelShift,
    PathMeasure,
    with_control,
)
from bridgemark.targets.base import LogProb

FREQUENCIES = 8  # Fourier features of time: as many sines and as many cosines
LOG_SCALE_LIMIT = 2.0  # bound on |log_scale|: a factor of 7 in the standard deviation either way
LOG_SCALE_PACE = 0.1  # slows the learning of log scales, which would else absorb the noise of the controls


class Features(NamedTuple):
    """The part of the network that depends on time only, computed once per step and not once per path.

    `hidden_bias` is added to the first hidden layer; `guidance_scale` is the learnt factor s(t) of the
    guidance.
    """

    hidden_bias: Float[Array, "... width"]
    guidance_scale: Float[Array, "... dim"]


class Network(eqx.Module):
    """A network NN(t, x) with two hidden layers, and a learnt factor s(t) for guidance; both zero at first.

    Time enters through Fourier features (Vargas, Grathwohl, Doucet 2023). The input is x (dim,), followed
    by `observed` further numbers such as an observation. With `log_scales` the network has a second
    output, a `KernelShift.log_scale` within +-LOG_SCALE_LIMIT.
    """

    time_in: eqx.nn.Linear
    time_out: eqx.nn.Linear
    first: eqx.nn.Linear
    second: eqx.nn.Linear
    last: eqx.nn.Linear
    guidance: eqx.nn.Linear

    def __init__(
        self, key: PRNGKeyArray, dim: int, width: int, observed: int = 0, log_scales: bool = False
    ) -> None:
        keys = jax.random.split(key, 6)
        self.time_in = eqx.nn.Linear(2 * FREQUENCIES, width, key=keys[0])
        self.time_out = eqx.nn.Linear(width, width, key=keys[1])
        self.first = eqx.nn.Linear(dim + observed, width, key=keys[2])
        self.second = eqx.nn.Linear(width, width, key=keys[3])
        self.last = _with_zeros(eqx.nn.Linear(width, 2 * dim if log_scales else dim, key=keys[4]))
        self.guidance = _with_zeros(eqx.nn.Linear(width, dim, key=keys[5]))

    def features(self, times: Float[np.ndarray, " points"]) -> Features:
        """The features at every time of a grid, stacked; times are rescaled to [0, 1]."""
        frequencies = jnp.pi * jnp.arange(1, FREQUENCIES + 1)

        def features_of_time(time: Array) -> Features:
            waves = jnp.concatenate([jnp.sin(frequencies * time), jnp.cos(frequencies * time)])
            embedding = self.time_out(jax.nn.gelu(self.time_in(waves)))
            return Features(embedding, self.guidance(jax.nn.gelu(embedding)))

        return jax.vmap(features_of_time)(jnp.asarray(times / times[-1], float))

    def __call__(self, features: Features, x: Float[Array, " inputs"]) -> KernelShift:
        """NN(t, x) and, where the network has it, the log scale; guidance is not added."""
        hidden = jax.nn.gelu(_apply_linear(self.first, x) + features.hidden_bias)
        output = _apply_linear(self.last, jax.nn.gelu(_apply_linear(self.second, hidden)))
        control, raw_log_scale = jnp.split(output, [features.guidance_scale.shape[-1]])
        if not raw_log_scale.size:
            return KernelShift(control)
        log_scale = LOG_SCALE_LIMIT * jnp.tanh(LOG_SCALE_PACE / LOG_SCALE_LIMIT * raw_log_scale)
        return KernelShift(control, log_scale)


def control_limit(chain: Chain, clip: float) -> Float[Array, " points"]:
    """The size of a control that moves a step by `clip` standard deviations of its noise.

    Guidance is clipped to it, entry by entry, lest the score of a stiff target throw a path far out.
    """
    limit = clip * np.sqrt(chain.forward.variance) / chain.forward.gain
    return jnp.asarray(np.append(limit, limit[-1]), float)  # no step starts at the last point


def plain_score_guidance(log_target: LogProb) -> Guidance:
    """The target's score grad log gamma(x), the same at all times and not clipped."""
    gradient = jax.grad(log_target)

    def evaluate(features: None, x: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return gradient(x)

    return Guidance(evaluate, None)


def score_guidance(chain: Chain, log_target: LogProb, clip: float) -> Guidance:
    """a grad log(gamma / R_K)(a x) with a = `decay_to_end`, clipped to `control_limit`.

    It approximates the control of the exact half bridge, a E[grad log(gamma / R_K)(X_K) | X_t = x], by
    evaluating the gradient at the reference's conditional mean a x of X_K. This is exact where
    log(gamma / R_K) is linear, and good where gamma is nearly Gaussian.
    """
    log_ratio_gradient = jax.grad(lambda x: log_target(x) - chain.log_end(x))

    def evaluate(features: tuple[Array, Array], x: Float[Array, " dim"]) -> Float[Array, " dim"]:
        decay_to_end, limit = features
        return jnp.clip(decay_to_end * log_ratio_gradient(decay_to_end * x), -limit, limit)

    return Guidance(evaluate, (jnp.asarray(chain.decay_to_end(), float), control_limit(chain, clip)))


def score_guided(network: Network, chain: Chain, initial_scale: float = 1.0) -> Direction:
    """The control NN + (initial_scale + s) guidance, with NN and s zero before training.

    It starts as the guidance itself, or at zero with `initial_scale` = 0.
    """

    def shift(features: Features, x: Float[Array, " dim"], guidance: Float[Array, " dim"]) -> KernelShift:
        control, log_scale = network(features, x)
        return KernelShift(control + (initial_scale + features.guidance_scale) * guidance, log_scale)

    return Direction(shift, network.features(chain.times))


def position_guided(network: Network, chain: Chain) -> Direction:
    """The control NN + s x, which is zero before training and costs no gradient of the target."""
    direction = score_guided(network, chain, initial_scale=0.0)

    def control(features: Features, x: Float[Array, " dim"], guidance: object) -> Float[Array, " dim"]:
        return direction.control(features, x, x)

    return with_control(control, direction.features)


def two_sided_measure(
    chain: Chain, forward: Network, backward: Network, log_target: LogProb, clip: float
) -> PathMeasure:
    """Paths from N(0, I) whose forward and backward controls are both learnt and share one guidance."""
    return PathMeasure(
        chain,
        score_guidance(chain, log_target, clip),
        score_guided(forward, chain),
        score_guided(backward, chain, initial_scale=0.0),
        log_standard_normal,
    )


def _apply_linear(layer: eqx.nn.Linear, x: Array) -> Array:
    """Evaluate the layer at x; unlike layer(x), a vmapped batch needs no transposition in memory."""
    assert layer.bias is not None
    return x @ layer.weight.T + layer.bias


def _with_zeros(layer: eqx.nn.Linear) -> eqx.nn.Linear:
    return jax.tree.map(jnp.zeros_like, layer)
