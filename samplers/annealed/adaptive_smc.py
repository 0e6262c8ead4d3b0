"""Tempered sequential Monte Carlo along base^(1-b) target^b: an adaptive run, and runs of a frozen schedule.

The adaptive run chooses temperatures b, step sizes and a diagonal mass matrix from its particles, as in
Beskos, Jasra, Kantas and Thiery (2016). A run of the frozen schedule on fresh particles gives an unbiased
estimate of Z (Del Moral, Doucet and Jasra 2006). Particles move by BlackJAX's HMC.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from blackjax.smc import resampling
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from bridgemark.samplers.annealed.hmc_moves import move_particles
from bridgemark.samplers.annealed.particles import Particles, evaluate_particles
from bridgemark.samplers.annealed.schedule import SMCSettings, TemperingSchedule
from bridgemark.samplers.common.numerics import effective_share, log_mean_exp, nan_to_minus_infinity
from bridgemark.targets.base import LogProb

BISECTIONS = 30  # they find the next temperature to a billionth of the largest increment
SMALLEST_VARIANCE = 1e-6  # added to the particles' variances, which are zero where one has all the weight
SMALLEST_INCREMENT = 1e-6  # of a temperature, lest the schedule stand still


class SMCResult(NamedTuple):
    """Equally weighted particles at the last temperature, the estimate of log Z, and acceptance rates.

    `reached_target` says whether the last temperature is one.
    """

    particles: Particles
    log_z: Float[Array, ""]
    acceptance: Float[Array, " temperatures"]
    reached_target: Bool[Array, ""]


class _AdaptiveRun(NamedTuple):
    """State of the loop of `adaptive_tempered_smc`."""

    key: PRNGKeyArray
    schedule: TemperingSchedule
    result: SMCResult
    temperature: Float[Array, ""]
    step_size: Float[Array, ""]


def adaptive_tempered_smc(
    key: PRNGKeyArray,
    log_base: LogProb,
    log_target: LogProb,
    start: Float[Array, "particles dim"],
    settings: SMCSettings,
) -> tuple[TemperingSchedule, SMCResult]:
    """Choose a schedule on particles drawn from the base, and return it with the particles at its end.

    If `max_temperatures` do not suffice, the last temperature of the schedule is set to one all the same. The
    result is then not `reached_target`, and runs of the schedule are noisy.
    """
    dim = start.shape[1]
    size = settings.max_temperatures
    schedule = TemperingSchedule(jnp.ones(size), jnp.ones(size), jnp.ones((size, dim)), jnp.asarray(0))
    result = _initial_result(log_base, log_target, start, size)
    first_step_size = jnp.asarray(0.5 * dim**-0.25)

    def unfinished(run: _AdaptiveRun) -> Bool[Array, ""]:
        return (run.schedule.length < size) & ~run.result.reached_target

    run = jax.lax.while_loop(
        unfinished,
        lambda run: _add_temperature(run, log_base, log_target, settings),
        _AdaptiveRun(key, schedule, result, jnp.zeros(()), first_step_size),
    )
    temperatures = run.schedule.temperatures.at[run.schedule.length - 1].set(1.0)
    return run.schedule._replace(temperatures=temperatures), run.result


def _add_temperature(
    run: _AdaptiveRun, log_base: LogProb, log_target: LogProb, settings: SMCSettings
) -> _AdaptiveRun:
    """Choose the next temperature, resample the particles there and move them, adapting the step size."""
    key, key_resample, key_move = jax.random.split(run.key, 3)
    particles = run.result.particles
    log_ratios = particles.log_target - particles.log_base
    temperature = _next_temperature(log_ratios, run.temperature, settings)
    increments = (temperature - run.temperature) * log_ratios
    particles, log_z_increment = _reweight_and_resample(key_resample, particles, increments)
    inverse_mass = jnp.var(particles.z, axis=0) + SMALLEST_VARIANCE
    particles, rate, step_size = move_particles(
        key_move,
        log_base,
        log_target,
        particles,
        temperature,
        run.step_size,
        inverse_mass,
        settings,
        gain=1.0,
    )
    schedule = run.schedule.with_entry(temperature, step_size, inverse_mass)
    result = SMCResult(
        particles,
        run.result.log_z + log_z_increment,
        run.result.acceptance.at[run.schedule.length].set(rate),
        temperature >= 1.0,
    )
    return _AdaptiveRun(key, schedule, result, temperature, step_size)


def tempered_smc(
    key: PRNGKeyArray,
    log_base: LogProb,
    log_target: LogProb,
    start: Float[Array, "particles dim"],
    schedule: TemperingSchedule,
    settings: SMCSettings,
) -> SMCResult:
    """Run a frozen schedule on fresh particles from the base: exp(log_z) is an unbiased estimate of Z."""
    size = settings.max_temperatures
    previous = jnp.concatenate([jnp.zeros(1), schedule.temperatures[:-1]])

    def go_to_temperature(index: Array, result: SMCResult) -> SMCResult:
        key_resample, key_move = jax.random.split(jax.random.fold_in(key, index))
        particles = result.particles
        temperature = schedule.temperatures[index]
        increments = (temperature - previous[index]) * (particles.log_target - particles.log_base)
        particles, log_z_increment = _reweight_and_resample(key_resample, particles, increments)
        particles, rate, _ = move_particles(
            key_move,
            log_base,
            log_target,
            particles,
            temperature,
            schedule.step_sizes[index],
            schedule.inverse_masses[index],
            settings,
            gain=0.0,
        )
        return SMCResult(
            particles,
            result.log_z + log_z_increment,
            result.acceptance.at[index].set(rate),
            temperature >= 1.0,
        )

    result = _initial_result(log_base, log_target, start, size)
    return jax.lax.fori_loop(0, schedule.length, go_to_temperature, result)


def _initial_result(log_base: LogProb, log_target: LogProb, start: Array, size: int) -> SMCResult:
    particles = evaluate_particles(log_base, log_target, start)
    return SMCResult(particles, jnp.zeros(()), jnp.zeros(size), jnp.asarray(False))


def _next_temperature(
    log_ratios: Float[Array, " particles"], temperature: Array, settings: SMCSettings
) -> Float[Array, ""]:
    """The highest temperature in reach at which the particles' effective share is at least `ess_fraction`."""
    highest = jnp.minimum(temperature + settings.max_temperature_step, 1.0)

    def share(candidate: Array) -> Array:
        return effective_share((candidate - temperature) * log_ratios)

    def halve(_: Array, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        middle = 0.5 * (low + high)
        enough = share(middle) >= settings.ess_fraction
        return jnp.where(enough, middle, low), jnp.where(enough, high, middle)

    low, _ = jax.lax.fori_loop(0, BISECTIONS, halve, (temperature, highest))
    return jnp.where(
        share(highest) >= settings.ess_fraction, highest, jnp.maximum(low, temperature + SMALLEST_INCREMENT)
    )


def _reweight_and_resample(
    key: PRNGKeyArray, particles: Particles, log_weights: Float[Array, " particles"]
) -> tuple[Particles, Float[Array, ""]]:
    """Resample equally weighted particles by new weights; also return the log of the mean weight."""
    log_weights = nan_to_minus_infinity(log_weights)
    log_ratio = log_mean_exp(log_weights)
    ancestors = resampling.systematic(key, jax.nn.softmax(log_weights), log_weights.shape[0])
    return jax.tree.map(lambda leaf: leaf[ancestors], particles), log_ratio
