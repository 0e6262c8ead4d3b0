"""Annealed importance sampling: HMC along a frozen ladder, weighted and never resampled."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.annealed.adaptive_smc import Ladder, Particles, gradients_spent, move
from bridgemark.samplers.annealed.tempered_sampler import Tempered, looked_at
from bridgemark.samplers.annealed.weights import reweigh
from bridgemark.samplers.base import Draws, State, evals
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.targets.base import Density, LogProb


@dataclass(frozen=True, kw_only=True)
class AIS(Tempered):
    """Annealed importance sampling (Neal 2001) on the ladder that an adaptive tempered SMC found.

    Without resampling log weights add up, so rungs lie closer than those of SMC. Draws are independent
    and their weights proper; `blocks` of them climb one after the other, to bound memory.
    """

    unbiased_z: ClassVar[bool] = True
    fit_share: ClassVar[float] = 0.2
    transitions: int = 1
    ess_fraction: float = 0.995
    largest_rise: float = 0.01
    max_temperatures: int = 1_000
    blocks: int = 4

    def sample(self, key: PRNGKeyArray, density: Density, state: Ladder, n: int) -> tuple[State, Draws]:
        coordinates = base_coordinates(density)
        log_target = coordinates.pull_back(density.log_prob)
        size, moved, rises = max(n // self.blocks, 1), self.mover(log_target, state), _rises(state)

        def block(key: PRNGKeyArray) -> tuple[Array, Array]:
            key_start, key_moves = jax.random.split(key)

            def climb(rung: Array, carry: tuple) -> tuple:
                cloud, log_weights = carry
                log_weights = reweigh(log_weights, rises[rung] * (cloud.log_target - cloud.log_base))
                return moved(jax.random.fold_in(key_moves, rung), rung, cloud), log_weights

            start = looked_at(log_target, jax.random.normal(key_start, (size, density.dim)))
            cloud, log_weights = jax.lax.fori_loop(0, state.length, climb, (start, jnp.zeros(size)))
            return coordinates.forward(cloud.z), log_weights

        x, log_weights = jax.lax.map(block, jax.random.split(key, self.blocks))
        spent = jnp.tile(gradients_spent(self.moves(), size, state), self.blocks)
        flat = x.reshape(-1, 1, density.dim), log_weights.reshape(-1, 1)
        return state, Draws(*flat, None, evals(gradients=spent), {})

    def retrace(
        self, key: PRNGKeyArray, density: Density, state: Ladder, x: Float[Array, "n dim"]
    ) -> Float[Array, " n"]:
        coordinates = base_coordinates(density)
        log_target = coordinates.pull_back(density.log_prob)
        moved, rises = self.mover(log_target, state), _rises(state)

        def descend(step: Array, carry: tuple) -> tuple:
            cloud, log_weights = carry
            rung = state.length - 1 - step
            # HMC is its own reversal: the rung's move is undone by the same move, and then weighed.
            cloud = moved(jax.random.fold_in(key, rung), rung, cloud)
            return cloud, reweigh(log_weights, rises[rung] * (cloud.log_target - cloud.log_base))

        start = looked_at(log_target, coordinates.inverse(x)), jnp.zeros(len(x))
        return jax.lax.fori_loop(0, state.length, descend, start)[1]

    def mover(self, log_target: LogProb, ladder: Ladder) -> Callable[..., Particles]:
        """Moves particles at a rung by a key."""

        def moved(key: PRNGKeyArray, rung: Array, cloud: Particles) -> Particles:
            tuned = ladder.temperatures[rung], ladder.step_sizes[rung], ladder.inverse_masses[rung]
            return move(key, log_standard_normal, log_target, cloud, *tuned, self.moves(), gain=0.0)[0]

        return moved


def _rises(ladder: Ladder) -> Float[Array, " rungs"]:
    return jnp.diff(ladder.temperatures, prepend=0.0)


SAMPLERS = {"ais": AIS()}
