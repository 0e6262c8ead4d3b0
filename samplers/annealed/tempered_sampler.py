"""The base class of samplers that anneal from the Gaussian base to the target along a frozen schedule."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
from blackjax.mcmc.hmc import HMCState
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bridgemark.samplers.annealed.adaptive_smc import adaptive_tempered_smc
from bridgemark.samplers.annealed.hmc_moves import JITTER
from bridgemark.samplers.annealed.schedule import SMCSettings, TemperingSchedule, gradients_spent
from bridgemark.samplers.base import Fit, Limits, Sampler, evals, scaled_size
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.common.numerics import nan_to_minus_infinity
from bridgemark.samplers.mcmc.jittered import jittered_hmc_kernel
from bridgemark.targets.base import Density, LogProb


@dataclass(frozen=True, kw_only=True)
class TemperedSampler(Sampler):
    """A sampler along base^(1-b) target^b with HMC moves, in coordinates where the Gaussian base is N(0, I).

    `fit` runs an adaptive tempered SMC of `fit_particles` particles, which chooses temperatures b, step sizes
    and a mass matrix; its state is that `TemperingSchedule`. The other fields are those of `SMCSettings`.
    `fit` and `sample` raise Unsupported where the base is not Gaussian.
    """

    fit_particles: int = 512
    transitions: int = 2
    leapfrog_steps: int = 5
    target_acceptance: float = 0.8
    ess_fraction: float = 0.8
    max_temperature_step: float = 0.05
    max_temperatures: int = 200

    def scaled(self, effort: float) -> Sampler:
        return replace(self, fit_particles=scaled_size(self.fit_particles, effort, at_least=16))

    def at_most(self, limits: Limits) -> Sampler:
        return replace(
            self,
            fit_particles=min(self.fit_particles, limits.particles),
            leapfrog_steps=min(self.leapfrog_steps, limits.steps),
            max_temperatures=min(self.max_temperatures, limits.temperatures),
        )

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        log_target = base_coordinates(density.base).pull_back(density.log_prob)
        key_start, key_run = jax.random.split(key)
        start = jax.random.normal(key_start, (self.fit_particles, density.dim))
        settings = self.smc_settings()
        schedule, result = adaptive_tempered_smc(key_run, log_standard_normal, log_target, start, settings)
        spent = evals(gradients=gradients_spent(settings, self.fit_particles, schedule))
        info = {"log_z": result.log_z, "acceptance": result.acceptance, "reached": result.reached_target}
        return Fit(schedule, spent, info | schedule._asdict())

    def smc_settings(self) -> SMCSettings:
        """The fields that both the adaptive and the frozen run need."""
        return SMCSettings(
            transitions=self.transitions,
            leapfrog_steps=self.leapfrog_steps,
            target_acceptance=self.target_acceptance,
            ess_fraction=self.ess_fraction,
            max_temperature_step=self.max_temperature_step,
            max_temperatures=self.max_temperatures,
        )

    def hmc_kernel(self, schedule: TemperingSchedule, index: Array) -> Callable:
        """One HMC transition at the temperature `index`, in the form that BlackJAX's SMC takes.

        It maps a key, a state and a log density to the next state and information about the transition.
        """
        kernel = jittered_hmc_kernel()

        def transition(key: PRNGKeyArray, state: HMCState, log_prob: LogProb) -> tuple[HMCState, Any]:
            step_size, inverse_mass = schedule.step_sizes[index], schedule.inverse_masses[index]
            return kernel(key, state, log_prob, step_size, inverse_mass, self.leapfrog_steps, JITTER)

        return transition

    def used_temperatures(self, schedule: TemperingSchedule) -> Int[Array, " temperatures"]:
        """One for each entry of the schedule that is used, zero for the others: factors of partial counts."""
        return (jnp.arange(self.max_temperatures) < schedule.length).astype(int)


def tempered_log_prob(temperature: Float[Array, ""], log_target: LogProb) -> LogProb:
    """Log density of N(0, I)^(1-b) target^b, not normalised, at temperature b."""
    return lambda z: (1 - temperature) * log_standard_normal(z) + temperature * log_target(z)


def log_likelihood_ratio(log_target: LogProb) -> LogProb:
    """log(target / N(0, I)), the log likelihood if N(0, I) is the prior; a NaN becomes minus infinity."""

    def log_likelihood(z: Float[Array, " dim"]) -> Float[Array, ""]:
        return nan_to_minus_infinity(log_target(z) - log_standard_normal(z))

    return log_likelihood
