"""Learnt controls: a small network in (t, x), and the target's score as a hint to lean on."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.chain import Chain
from bridgemark.samplers.pathspace.path_measure import Hint, Law, Look, Nudge, Side
from bridgemark.targets.base import LogProb


class Features(NamedTuple):
    """What depends on time only, computed once a step and not once a particle."""

    shift: Float[Array, "... width"]
    lean: Float[Array, "... dim"]


class Network(eqx.Module):
    """NN(t, x) + s(t) * hint, both parts zero at first; with `spreads`, the log of a factor a coordinate.

    Two hidden layers; time enters through Fourier features (Vargas, Grathwohl, Doucet 2023). `observed`
    more inputs may follow x. Spreads stay within +-2.
    """

    time_in: eqx.nn.Linear
    time_out: eqx.nn.Linear
    first: eqx.nn.Linear
    second: eqx.nn.Linear
    last: eqx.nn.Linear
    scale: eqx.nn.Linear

    def __init__(
        self, key: PRNGKeyArray, dim: int, width: int, observed: int = 0, spreads: bool = False
    ) -> None:
        keys = jax.random.split(key, 6)
        self.time_in = eqx.nn.Linear(2 * _FREQUENCIES, width, key=keys[0])
        self.time_out = eqx.nn.Linear(width, width, key=keys[1])
        self.first = eqx.nn.Linear(dim + observed, width, key=keys[2])
        self.second = eqx.nn.Linear(width, width, key=keys[3])
        self.last = _zeros(eqx.nn.Linear(width, 2 * dim if spreads else dim, key=keys[4]))
        self.scale = _zeros(eqx.nn.Linear(width, dim, key=keys[5]))

    def features(self, times: Float[np.ndarray, " points"]) -> Features:
        """Features at times rescaled to [0, 1]."""
        frequencies = jnp.pi * jnp.arange(1, _FREQUENCIES + 1)

        def at(time: Array) -> Features:
            waves = jnp.concatenate([jnp.sin(frequencies * time), jnp.cos(frequencies * time)])
            embedding = self.time_out(jax.nn.gelu(self.time_in(waves)))
            return Features(embedding, self.scale(jax.nn.gelu(embedding)))

        return jax.vmap(at)(jnp.asarray(times / times[-1], float))

    def __call__(self, features: Features, x: Float[Array, " inputs"]) -> Nudge:
        """The part that leans on nothing."""
        hidden = jax.nn.gelu(_apply(self.first, x) + features.shift)
        out = _apply(self.last, jax.nn.gelu(_apply(self.second, hidden)))
        control, rest = jnp.split(out, [features.lean.shape[-1]])
        return Nudge(control, _LIMIT * jnp.tanh(_PACE / _LIMIT * rest) if rest.size else None)


def score(log_gamma: LogProb) -> Look:
    """The gradient of log gamma at x, as it is."""
    gradient = jax.grad(log_gamma)
    return lambda features, x: gradient(x)


def noise_limit(chain: Chain, clip: float) -> Float[Array, " points"]:
    """Controls that move a step by `clip` standard deviations of its noise: a stiff score moves no path
    further, lest it throw it out.
    """
    limit = clip * np.sqrt(chain.ahead.variance) / chain.ahead.gain
    return jnp.asarray(np.append(limit, limit[-1]), float)


def score_hint(chain: Chain, log_gamma: LogProb, clip: float) -> Hint:
    """a grad log(gamma / R_K)(a x), with a the reference's memory of its end, clipped by `noise_limit`.

    grad log phi_t(x) = a E[grad log phi_T(X_T) | X_t = x], and a x is the reference's mean of X_T: exact
    for a linear log phi_T and good near a Gaussian.
    """
    potential = jax.grad(lambda x: log_gamma(x) - chain.log_end(x))

    def look(features: tuple[Array, Array], x: Array) -> Array:
        memory, limit = features
        return jnp.clip(memory * potential(memory * x), -limit, limit)

    return Hint(look, (jnp.asarray(chain.memory(), float), noise_limit(chain, clip)))


def guided(network: Network, chain: Chain) -> Side:
    """u = NN + (1 + s) hint: it starts at the hint itself."""
    return _leaning(network, chain, 1.0)


def free(network: Network, chain: Chain) -> Side:
    """v = NN + s hint: it starts at zero."""
    return _leaning(network, chain, 0.0)


def between(chain: Chain, forward: Network, backward: Network, log_gamma: LogProb, clip: float) -> Law:
    """Paths from N(0, I) with both sides learnt."""
    hint = score_hint(chain, log_gamma, clip)
    return Law(chain, hint, guided(forward, chain), free(backward, chain), log_standard_normal)


_FREQUENCIES = 8
_LIMIT = 2.0  # of a spread: a factor of 7 in the deviation either way
_PACE = 0.1  # spreads learn more slowly than controls, whose noise they would else take up


def _leaning(network: Network, chain: Chain, at_first: float) -> Side:
    def nudge(features: Features, x: Array, hint: Array) -> Nudge:
        control, spread = network(features, x)
        return Nudge(control + (at_first + features.lean) * hint, spread)

    return Side(nudge, network.features(chain.times))


def _apply(layer: eqx.nn.Linear, x: Array) -> Array:
    """The layer at x, written so that a batch of points leads in memory: `layer(x)` would transpose it."""
    assert layer.bias is not None
    return x @ layer.weight.T + layer.bias


def _zeros(layer: eqx.nn.Linear) -> eqx.nn.Linear:
    return jax.tree.map(jnp.zeros_like, layer)
