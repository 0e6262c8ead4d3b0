"""Annealed importance sampling: HMC along a frozen schedule, weighted and never resampled."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.annealed.hmc_moves import move_particles
from bridgemark.samplers.annealed.particles import Particles, init_particles
from bridgemark.samplers.annealed.schedule import TemperingSchedule, gradients_spent
from bridgemark.samplers.annealed.tempered_sampler import TemperedSampler
from bridgemark.samplers.annealed.weights import reweight
from bridgemark.samplers.base import Draws, State, evals
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.targets.base import Density, LogProb


@dataclass(frozen=True, kw_only=True)
class AIS(TemperedSampler):
    """Annealed importance sampling (Neal 2001) on the schedule of an adaptive tempered SMC.

    Draws are independent, with proper weights. Since nothing is resampled, log weights add up over the
    temperatures, which therefore lie closer together than those of SMC. Draws are made in `blocks` batches,
    one after the other, to bound memory.
    """

    unbiased_z: ClassVar[bool] = True
    fit_share: ClassVar[float] = 0.2
    transitions: int = 1
    ess_fraction: float = 0.995
    max_temperature_step: float = 0.01
    max_temperatures: int = 1_000
    blocks: int = 4

    def sample(
        self, key: PRNGKeyArray, density: Density, state: TemperingSchedule, n: int
    ) -> tuple[State, Draws]:
        coordinates = base_coordinates(density.base)
        log_target = coordinates.pull_back(density.log_prob)
        size = max(n // self.blocks, 1)
        move = self._move_at(log_target, state)
        temperature_steps = _temperature_steps(state)

        def draw_block(key: PRNGKeyArray) -> tuple[Array, Array]:
            key_start, key_moves = jax.random.split(key)

            def reweight_and_move(index: Array, carry: tuple) -> tuple:
                particles, log_weights = carry
                increments = temperature_steps[index] * (particles.log_target - particles.log_base)
                log_weights = reweight(log_weights, increments)
                return move(jax.random.fold_in(key_moves, index), index, particles), log_weights

            start = init_particles(log_target, jax.random.normal(key_start, (size, density.dim)))
            particles, log_weights = jax.lax.fori_loop(
                0, state.length, reweight_and_move, (start, jnp.zeros(size))
            )
            return coordinates.forward(particles.z), log_weights

        x, log_weights = jax.lax.map(draw_block, jax.random.split(key, self.blocks))
        spent = jnp.tile(gradients_spent(self.smc_settings(), size, state), self.blocks)
        x, log_weights = x.reshape(-1, 1, density.dim), log_weights.reshape(-1, 1)
        return state, Draws(x, log_weights, None, evals(gradients=spent), {})

    def retrace(
        self, key: PRNGKeyArray, density: Density, state: TemperingSchedule, x: Float[Array, "n dim"]
    ) -> Float[Array, " n"]:
        coordinates = base_coordinates(density.base)
        log_target = coordinates.pull_back(density.log_prob)
        move = self._move_at(log_target, state)
        temperature_steps = _temperature_steps(state)

        def move_back_and_reweight(step: Array, carry: tuple) -> tuple:
            particles, log_weights = carry
            index = state.length - 1 - step
            # HMC is reversible, so the same move undoes the move at this temperature; the weight comes after.
            particles = move(jax.random.fold_in(key, index), index, particles)
            increments = temperature_steps[index] * (particles.log_target - particles.log_base)
            return particles, reweight(log_weights, increments)

        start = init_particles(log_target, coordinates.inverse(x)), jnp.zeros(len(x))
        return jax.lax.fori_loop(0, state.length, move_back_and_reweight, start)[1]

    def _move_at(self, log_target: LogProb, schedule: TemperingSchedule) -> Callable[..., Particles]:
        """A function that moves particles by HMC, given a key and the index of a temperature."""

        def move(key: PRNGKeyArray, index: Array, particles: Particles) -> Particles:
            moved, _, _ = move_particles(
                key,
                log_standard_normal,
                log_target,
                particles,
                schedule.temperatures[index],
                schedule.step_sizes[index],
                schedule.inverse_masses[index],
                self.smc_settings(),
                gain=0.0,
            )
            return moved

        return move


def _temperature_steps(schedule: TemperingSchedule) -> Float[Array, " temperatures"]:
    """Differences of successive temperatures; the first is the first temperature itself."""
    return jnp.diff(schedule.temperatures, prepend=0.0)


SAMPLERS = {"ais": AIS()}
