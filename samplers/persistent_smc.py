"""Persistent sampling: tempered SMC that keeps the particles of all temperatures, as one weighted mixture."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from blackjax.mcmc import hmc
from blackjax.smc import persistent_sampling, resampling
from blackjax.smc.persistent_sampling import PersistentSMCState
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.annealed.schedule import TemperingSchedule
from bridgemark.samplers.annealed.tempered_sampler import TemperedSampler, log_likelihood_ratio
from bridgemark.samplers.base import Draws, Limits, Sampler, State, evals
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.targets.base import Density, LogProb


@dataclass(frozen=True, kw_only=True)
class PersistentSMC(TemperedSampler):
    """Persistent sampling (Karamanis and Seljak 2025) on the frozen schedule of an adaptive tempered SMC.

    `runs` independent runs have n // (runs * draws_per_particle) particles at each temperature. The draws of
    a run are resampled at the end from its particles of all temperatures. Their weights contain the run's own
    estimates of Z at earlier temperatures, which gives Z-hat a bias that shrinks with the number of
    particles.
    """

    fit_share: ClassVar[float] = 0.2
    max_temperatures: int = 100
    runs: int = 4
    draws_per_particle: int = 4

    def at_most(self, limits: Limits) -> Sampler:
        return replace(super().at_most(limits), runs=min(self.runs, limits.runs))

    def sample(
        self, key: PRNGKeyArray, density: Density, state: TemperingSchedule, n: int
    ) -> tuple[State, Draws]:
        coordinates = base_coordinates(density.base)
        log_target = coordinates.pull_back(density.log_prob)
        draws = max(n // self.runs, 1)
        particles = max(draws // self.draws_per_particle, 1)

        def run(key: PRNGKeyArray) -> tuple[Array, Array]:
            key_start, key_steps, key_draw = jax.random.split(key, 3)
            start = jax.random.normal(key_start, (particles, density.dim))
            result: Any = self._run(key_steps, log_target, state, start)
            weights = jnp.ravel(result.persistent_weights)
            chosen = resampling.systematic(key_draw, weights / jnp.sum(weights), draws)
            return result.persistent_particles.reshape(-1, density.dim)[chosen], result.log_Z

        z, log_z = jax.lax.map(run, jax.random.split(key, self.runs))
        log_weights = jnp.broadcast_to(log_z[:, None], z.shape[:2])
        gradients_per_particle = 1 + self.transitions * self.leapfrog_steps
        gradients = particles * gradients_per_particle * self.used_temperatures(state)
        values = particles * jnp.append(1, self.used_temperatures(state))
        spent = evals(values=jnp.tile(values, self.runs), gradients=jnp.tile(gradients, self.runs))
        return state, Draws(coordinates.forward(z), log_weights, log_z, spent, {})

    def _run(
        self,
        key: PRNGKeyArray,
        log_target: LogProb,
        schedule: TemperingSchedule,
        start: Float[Array, "particles dim"],
    ) -> PersistentSMCState:
        """The particles of all temperatures of one run, their weights and its estimate of Z."""
        log_likelihood = log_likelihood_ratio(log_target)

        def go_to_temperature(index: Array, state: PersistentSMCState) -> PersistentSMCState:
            kernel = persistent_sampling.build_kernel(
                log_standard_normal,
                log_likelihood,
                self.hmc_kernel(schedule, index),
                hmc.init,
                resampling.systematic,
            )
            step_key = jax.random.fold_in(key, index)
            return kernel(step_key, state, self.transitions, schedule.temperatures[index], {})[0]

        first = persistent_sampling.init(start, log_likelihood, self.max_temperatures)
        return jax.lax.fori_loop(0, schedule.length, go_to_temperature, first)


SAMPLERS = {"persistent-smc": PersistentSMC()}
