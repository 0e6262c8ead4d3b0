"""A learnt control: a small network in (t, x) plus the target's score, ramped in time."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


class Features(NamedTuple):
    """What depends on time only, computed once a step and not once a particle."""

    shift: Float[Array, "... width"]
    guide: Float[Array, "... dim"]


class Network(eqx.Module):
    """u(t, x) = NN(t, x) + (1 + s(t)) * guide, zero-initialised so that it starts at the guide itself.

    Two hidden layers; time enters through Fourier features (Vargas, Grathwohl, Doucet 2023).
    """

    time_in: eqx.nn.Linear
    time_out: eqx.nn.Linear
    first: eqx.nn.Linear
    second: eqx.nn.Linear
    last: eqx.nn.Linear
    scale: eqx.nn.Linear

    def __init__(self, key: PRNGKeyArray, dim: int, width: int) -> None:
        keys = jax.random.split(key, 6)
        self.time_in = eqx.nn.Linear(2 * _FREQUENCIES, width, key=keys[0])
        self.time_out = eqx.nn.Linear(width, width, key=keys[1])
        self.first = eqx.nn.Linear(dim, width, key=keys[2])
        self.second = eqx.nn.Linear(width, width, key=keys[3])
        self.last = _zeros(eqx.nn.Linear(width, dim, key=keys[4]))
        self.scale = _zeros(eqx.nn.Linear(width, dim, key=keys[5]))

    def features(self, times: Float[Array, " points"]) -> Features:
        """Features at times rescaled to [0, 1]."""
        frequencies = jnp.pi * jnp.arange(1, _FREQUENCIES + 1)

        def at(time: Array) -> Features:
            waves = jnp.concatenate([jnp.sin(frequencies * time), jnp.cos(frequencies * time)])
            embedding = self.time_out(jax.nn.gelu(self.time_in(waves)))
            return Features(embedding, 1.0 + self.scale(jax.nn.gelu(embedding)))

        return jax.vmap(at)(times)

    def __call__(self, features: Features, x: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """The network's own part."""
        hidden = jax.nn.gelu(self.first(x) + features.shift)
        return self.last(jax.nn.gelu(self.second(hidden)))


_FREQUENCIES = 8


def _zeros(layer: eqx.nn.Linear) -> eqx.nn.Linear:
    return jax.tree.map(jnp.zeros_like, layer)
