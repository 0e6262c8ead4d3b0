"""Annealed importance sampling: HMC along a frozen ladder, weighted and never resampled."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from samplers.affine import base_coordinates
from samplers.base import Draws, State, evals
from samplers.gaussian import log_standard_normal
from samplers.particles import reweigh
from samplers.tempered import Tempered, looked_at
from samplers.tempering import Ladder, gradients_spent, move
from targets.base import Target


@dataclass(frozen=True, kw_only=True)
class AIS(Tempered):
    """Annealed importance sampling (Neal 2001) on the ladder that an adaptive tempered SMC found.

    Without resampling log weights add up, so rungs lie closer than those of SMC. Draws are independent
    and their weights proper; `blocks` of them climb one after the other, to bound memory.
    """

    unbiased_z: ClassVar[bool] = True
    fit_share: ClassVar[float] = 0.2
    transitions: int = 1
    ess_fraction: float = 0.98
    largest_rise: float = 0.02
    max_temperatures: int = 500
    blocks: int = 4

    def sample(self, key: PRNGKeyArray, target: Target, state: Ladder, n: int) -> tuple[State, Draws]:
        coordinates = base_coordinates(target)
        log_target = coordinates.pull_back(target.log_prob)
        size = max(n // self.blocks, 1)
        before = jnp.concatenate([jnp.zeros(1), state.temperatures[:-1]])

        def block(key: PRNGKeyArray) -> tuple[Array, Array]:
            key_start, key_moves = jax.random.split(key)

            def climb(rung: Array, carry: tuple) -> tuple:
                cloud, log_weights = carry
                temperature = state.temperatures[rung]
                excess = cloud.log_target - cloud.log_base
                log_weights = reweigh(log_weights, (temperature - before[rung]) * excess)
                steps = (state.step_sizes[rung], state.inverse_masses[rung], self.moves())
                key = jax.random.fold_in(key_moves, rung)
                cloud, _, _ = move(key, log_standard_normal, log_target, cloud, temperature, *steps, gain=0.0)
                return cloud, log_weights

            start = looked_at(log_target, jax.random.normal(key_start, (size, target.dim)))
            cloud, log_weights = jax.lax.fori_loop(0, state.length, climb, (start, jnp.zeros(size)))
            return coordinates.forward(cloud.z), log_weights

        x, log_weights = jax.lax.map(block, jax.random.split(key, self.blocks))
        spent = jnp.tile(gradients_spent(self.moves(), size, state), self.blocks)
        flat = x.reshape(-1, 1, target.dim), log_weights.reshape(-1, 1)
        return state, Draws(*flat, None, evals(gradients=spent), {})


SAMPLERS = {"ais": AIS()}
