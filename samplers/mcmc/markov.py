"""What Markov chains of any kind share: several from the base, each tuned alone, evaluations counted."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Draws, Evals, Fit, Info, Sampler, State
from bridgemark.targets.base import Density


class Move(NamedTuple):
    """Where a transition ends, what it cost, and what there is to tell of it."""

    x: Float[Array, " dim"]
    spent: Evals
    info: Info


@dataclass(frozen=True, kw_only=True)
class MarkovChains(Sampler):
    """Chains that start at draws of the base; `warm_up` says how long each is tuned."""

    chains: int = 4
    warm_up: int = 1_000

    def scaled(self, effort: float) -> Sampler:
        return replace(self, warm_up=max(round(effort * self.warm_up), 20))

    @abstractmethod
    def tune(self, key: PRNGKeyArray, density: Density, start: Float[Array, " dim"]) -> Fit:
        """One chain, tuned and at its place."""

    @abstractmethod
    def transition(self, key: PRNGKeyArray, density: Density, state: State) -> tuple[State, Move]:
        """One draw that is kept, of one chain."""

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        key_start, key_tune = jax.random.split(key)
        starts = density.base.sample(key_start, self.chains)
        tune = lambda key, start: self.tune(key, density, start)  # noqa: E731
        return jax.vmap(tune)(jax.random.split(key_tune, self.chains), starts)

    def sample(self, key: PRNGKeyArray, density: Density, state: State, n: int) -> tuple[State, Draws]:
        length = max(n // self.chains, 1)

        def chain(key: PRNGKeyArray, state: State) -> tuple[State, Move]:
            move = lambda state, key: self.transition(key, density, state)  # noqa: E731
            return jax.lax.scan(move, state, jax.random.split(key, length))

        state, moves = jax.vmap(chain)(jax.random.split(key, self.chains), state)
        info = {name: jnp.mean(told, axis=1) for name, told in moves.info.items()}
        return state, Draws(moves.x, None, None, moves.spent, info)
