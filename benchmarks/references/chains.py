"""Runs Markov chains, and evaluates functions at their draws."""

from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Float

from bridgemark.samplers.base import Sampler
from bridgemark.targets.base import Density

BATCH = 1_000  # points at which a function is evaluated at once


def run_chains(
    density: Density, sampler: Sampler, total: int, seed: int = 0
) -> Float[np.ndarray, "chains length dim"]:
    """Fit a sampler of Markov chains and draw `total` points, all chains together."""
    key_fit, key_draw = jax.random.split(jax.random.key(seed))
    state = jax.jit(lambda key: sampler.fit(key, density).state)(key_fit)
    draw = jax.jit(lambda key, state: sampler.sample(key, density, state, total)[1].x)
    return np.asarray(draw(key_draw, state), float)


def evaluate(
    function: Callable, x: Float[np.ndarray, "chains length dim"]
) -> Float[np.ndarray, "chains length k"]:
    """A function (dim,) -> (k,) of every draw, in double precision."""
    with jax.enable_x64(True):
        of_all = jax.jit(lambda points: jax.lax.map(function, points, batch_size=BATCH))
        return np.asarray(of_all(x.reshape(-1, x.shape[2]))).reshape(*x.shape[:2], -1)
