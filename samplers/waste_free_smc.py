"""Waste-free SMC: few particles are resampled, and every state that their chains visit is kept."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from blackjax.mcmc import hmc
from blackjax.smc import base, resampling
from blackjax.smc.waste_free import update_waste_free
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.annealed.schedule import TemperingSchedule
from bridgemark.samplers.annealed.tempered_sampler import TemperedSampler, tempered_log_prob
from bridgemark.samplers.base import Draws, Limits, Sampler, State, evals
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.common.numerics import log_mean_exp, nan_to_minus_infinity
from bridgemark.targets.base import Density, LogProb


@dataclass(frozen=True, kw_only=True)
class WasteFreeSMC(TemperedSampler):
    """Waste-free SMC (Dau and Chopin 2022) on the frozen schedule of an adaptive tempered SMC.

    At each temperature one particle in `chain_length` is resampled and starts a chain of `chain_length` HMC
    states, all of which are the particles of the next temperature. `sample` makes `runs` independent runs of
    n // runs particles, rounded down to whole chains. The estimate of Z is unbiased.
    """

    unbiased_z: ClassVar[bool] = True
    fit_share: ClassVar[float] = 0.2
    runs: int = 4
    chain_length: int = 4

    def at_most(self, limits: Limits) -> Sampler:
        return replace(super().at_most(limits), runs=min(self.runs, limits.runs))

    def sample(
        self, key: PRNGKeyArray, density: Density, state: TemperingSchedule, n: int
    ) -> tuple[State, Draws]:
        coordinates = base_coordinates(density.base)
        log_target = coordinates.pull_back(density.log_prob)
        particles = max(n // self.runs, 1)
        length = min(self.chain_length, particles)
        chains = particles // length

        def run(key: PRNGKeyArray) -> tuple[Array, Array]:
            return self._run(key, log_target, state, chains, length)

        z, log_z = jax.lax.map(run, jax.random.split(key, self.runs))
        log_weights = jnp.broadcast_to(log_z[:, None], z.shape[:2])
        gradients = chains * (1 + (length - 1) * self.leapfrog_steps) * self.used_temperatures(state)
        values = chains * length * jnp.append(1, self.used_temperatures(state))
        spent = evals(values=jnp.tile(values, self.runs), gradients=jnp.tile(gradients, self.runs))
        return state, Draws(coordinates.forward(z), log_weights, log_z, spent, {})

    def _run(
        self,
        key: PRNGKeyArray,
        log_target: LogProb,
        schedule: TemperingSchedule,
        chains: int,
        length: int,
    ) -> tuple[Float[Array, "particles dim"], Float[Array, ""]]:
        """One run with `chains` chains of `length` states per temperature: last particles and log Z-hat."""
        dim = schedule.inverse_masses.shape[1]
        temperature_steps = jnp.diff(schedule.temperatures, prepend=0.0, append=1.0)

        def log_weights_for(index: Array, z: Float[Array, "particles dim"]) -> Float[Array, " particles"]:
            """Log weights, for temperature `index`, of particles at the temperature before."""
            log_weights = temperature_steps[index] * jax.vmap(
                lambda z: log_target(z) - log_standard_normal(z)
            )(z)
            return nan_to_minus_infinity(log_weights)

        def go_to_temperature(index: Array, carry: tuple) -> tuple:
            state, log_z = carry
            log_prob = tempered_log_prob(schedule.temperatures[index], log_target)
            kernel = self.hmc_kernel(schedule, index)
            update, _ = update_waste_free(hmc.init, log_prob, kernel, chains * length, length, chains)
            state, info = base.step(
                jax.random.fold_in(key_steps, index),
                state,
                update,
                lambda z: log_weights_for(index + 1, z),
                resampling.systematic,
                chains,
            )
            return state, log_z + info.log_likelihood_increment

        key_start, key_steps = jax.random.split(key)
        z = jax.random.normal(key_start, (chains * length, dim))
        log_weights = log_weights_for(jnp.asarray(0), z)
        start: Any = base.SMCState(z, jax.nn.softmax(log_weights), {})
        carry = start, log_mean_exp(log_weights)
        state, log_z = jax.lax.fori_loop(0, schedule.length, go_to_temperature, carry)
        return state.particles, log_z


SAMPLERS = {"waste-free-smc": WasteFreeSMC()}
