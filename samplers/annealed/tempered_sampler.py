"""What tempered samplers share: an adaptive pass in `fit` that freezes a ladder of temperatures."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
from blackjax.mcmc.hmc import HMCState
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bridgemark.samplers.annealed.adaptive_smc import Ladder, Moves, Particles, adapt, gradients_spent
from bridgemark.samplers.base import Fit, Sampler, evals
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.mcmc.jittered import jittered_kernel
from bridgemark.targets.base import Density, LogProb

JITTER = 0.2  # of step sizes, as in the adaptive pass


@dataclass(frozen=True, kw_only=True)
class Tempered(Sampler):
    """Along base^(1-b) target^b in the coordinates of the Gaussian base, with HMC moves.

    `fit` climbs with resampling and an adaptive ladder, step sizes and mass matrix (see `tempering`); its
    state is the ladder.
    """

    fit_particles: int = 512
    transitions: int = 2
    leapfrog_steps: int = 5
    acceptance: float = 0.8
    ess_fraction: float = 0.8
    largest_rise: float = 0.05
    max_temperatures: int = 200

    def scaled(self, effort: float) -> Sampler:
        return replace(self, fit_particles=max(round(effort * self.fit_particles), 16))

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        log_target = base_coordinates(density).pull_back(density.log_prob)
        key_start, key_run = jax.random.split(key)
        start = jax.random.normal(key_start, (self.fit_particles, density.dim))
        ladder, outcome = adapt(key_run, log_standard_normal, log_target, start, self.moves())
        spent = gradients_spent(self.moves(), self.fit_particles, ladder)
        info = {"log_z": outcome.log_z, "acceptance": outcome.acceptance, "reached": outcome.reached}
        return Fit(ladder, evals(gradients=spent), info | ladder._asdict())

    def kernel(self, ladder: Ladder, rung: Array) -> Callable:
        """One HMC step at a rung as BlackJAX's SMC takes it: (key, state, log density) -> (state, info)."""
        step = jittered_kernel()

        def tuned(key: PRNGKeyArray, state: HMCState, log_prob: LogProb) -> tuple[HMCState, Any]:
            sizes = ladder.step_sizes[rung], ladder.inverse_masses[rung]
            return step(key, state, log_prob, *sizes, self.leapfrog_steps, JITTER)

        return tuned

    def rungs(self, ladder: Ladder) -> Int[Array, " rungs"]:
        """One where the ladder has a rung, zero beyond: what a rung costs is counted in parts."""
        return (jnp.arange(self.max_temperatures) < ladder.length).astype(int)

    def moves(self) -> Moves:
        """The fields that `tempering` asks for."""
        return Moves(
            transitions=self.transitions,
            leapfrog_steps=self.leapfrog_steps,
            acceptance=self.acceptance,
            ess_fraction=self.ess_fraction,
            largest_rise=self.largest_rise,
            max_temperatures=self.max_temperatures,
        )


def at_temperature(temperature: Array, log_target: LogProb) -> LogProb:
    """log of N(0, I)^(1-b) target^b."""
    return lambda z: (1 - temperature) * log_standard_normal(z) + temperature * log_target(z)


def looked_at(log_target: LogProb, z: Float[Array, "particles dim"]) -> Particles:
    """Particles at z between N(0, I) and the target, a gradient each; NaN is read as impossible."""
    values, slopes = jax.vmap(jax.value_and_grad(log_target))(z)
    values = jnp.where(jnp.isnan(values), -jnp.inf, values)
    return Particles(z, jax.vmap(log_standard_normal)(z), values, -z, slopes)
