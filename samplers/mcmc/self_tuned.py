"""Markov chains that tune themselves: a sampler says how one chain is tuned and how it moves."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Draws, Evals, Fit, Info, State
from bridgemark.samplers.mcmc.markov_chains import MarkovChains
from bridgemark.targets.base import Density


class ChainDraw(NamedTuple):
    """One draw of one chain, the evaluations that it cost, and numbers for diagnosis."""

    x: Float[Array, " dim"]
    evals: Evals
    info: Info


@dataclass(frozen=True, kw_only=True)
class SelfTunedChains(MarkovChains):
    """Chains of which each is tuned by itself; a subclass defines `tune` and `draw` for one chain."""

    @abstractmethod
    def tune(self, key: PRNGKeyArray, density: Density, start: Float[Array, " dim"]) -> Fit:
        """Tune one chain from a draw of the base in `warm_up` iterations, and return its state."""

    @abstractmethod
    def draw(self, key: PRNGKeyArray, density: Density, state: State) -> tuple[State, ChainDraw]:
        """Move one chain until its next draw, and return its state there and the draw."""

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        key_start, key_tune = jax.random.split(key)
        starts = density.base.sample(key_start, self.chains)

        def tune(key: PRNGKeyArray, start: Float[Array, " dim"]) -> Fit:
            return self.tune(key, density, start)

        return jax.vmap(tune)(jax.random.split(key_tune, self.chains), starts)

    def sample(self, key: PRNGKeyArray, density: Density, state: State, n: int) -> tuple[State, Draws]:
        length = max(n // self.chains, 1)

        def run(key: PRNGKeyArray, state: State) -> tuple[State, ChainDraw]:
            def draw(state: State, key: PRNGKeyArray) -> tuple[State, ChainDraw]:
                return self.draw(key, density, state)

            return jax.lax.scan(draw, state, jax.random.split(key, length))

        state, draws = jax.vmap(run)(jax.random.split(key, self.chains), state)
        info = {name: jnp.mean(values, axis=1) for name, values in draws.info.items()}
        return state, Draws(draws.x, None, None, draws.evals, info)
