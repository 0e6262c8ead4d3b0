"""Tempered sequential Monte Carlo along base^(1-b) target^b: an adaptive pass, and its replay.

The adaptive pass chooses temperatures, step sizes and a diagonal mass matrix; the replay runs the
frozen schedule on fresh particles, which makes the estimate of Z unbiased (Del Moral, Doucet, Jasra
2006; Beskos et al. 2016 for the adaptive pass). Moves are BlackJAX's HMC.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from blackjax.mcmc import hmc
from blackjax.smc import resampling
from jax.scipy.special import logsumexp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from bridgemark.targets.base import LogProb


class Moves(NamedTuple):
    """How particles move at each temperature, and how far apart the temperatures may be."""

    transitions: int
    leapfrog_steps: int
    acceptance: float
    ess_fraction: float
    largest_rise: float
    max_temperatures: int


class Ladder(NamedTuple):
    """A frozen schedule; entries from `length` on are unused."""

    temperatures: Float[Array, " rungs"]
    step_sizes: Float[Array, " rungs"]
    inverse_masses: Float[Array, "rungs dim"]
    length: Int[Array, ""]


class Particles(NamedTuple):
    """Equally weighted particles at one temperature, with the two log-densities that the next needs."""

    z: Float[Array, "particles dim"]
    log_base: Float[Array, " particles"]
    log_target: Float[Array, " particles"]
    grad_base: Float[Array, "particles dim"]
    grad_target: Float[Array, "particles dim"]


class Outcome(NamedTuple):
    """Particles at temperature one (or the last reached), log Z-hat, and what happened on the way."""

    particles: Particles
    log_z: Float[Array, ""]
    acceptance: Float[Array, " rungs"]
    reached: Bool[Array, ""]


def gradients_spent(moves: Moves, particles: int, ladder: Ladder) -> Int[Array, " rungs+1"]:
    """Gradients of log gamma, in parts: each rung's leapfrog steps and one after, and one at the start."""
    a_rung = particles * (1 + moves.transitions * moves.leapfrog_steps)
    climbed = jnp.arange(moves.max_temperatures) < ladder.length
    return jnp.append(jnp.where(climbed, a_rung, 0), particles)


def adapt(
    key: PRNGKeyArray, log_base: LogProb, log_target: LogProb, start: Array, moves: Moves
) -> tuple[Ladder, Outcome]:
    """Choose the ladder on particles drawn from the base: `start` is (particles, dim).

    Beyond `max_temperatures` a long rise ends it: its replay is noisy then, and not `reached`.
    """
    dim = start.shape[1]
    rungs = moves.max_temperatures
    ladder = Ladder(jnp.ones(rungs), jnp.ones(rungs), jnp.ones((rungs, dim)), jnp.asarray(0))
    outcome = Outcome(
        _evaluate(log_base, log_target, start), jnp.zeros(()), jnp.zeros(rungs), jnp.asarray(False)
    )

    def unfinished(carry: tuple) -> Bool[Array, ""]:
        _, ladder, outcome, _, _ = carry
        return (ladder.length < rungs) & ~outcome.reached

    def climb(carry: tuple) -> tuple:
        key, ladder, outcome, temperature, step_size = carry
        key, key_resample, key_move = jax.random.split(key, 3)
        particles = outcome.particles
        excess = particles.log_target - particles.log_base
        higher = _next_temperature(excess, temperature, moves)
        particles, log_ratio = _reweight(key_resample, particles, (higher - temperature) * excess)
        inverse_mass = jnp.var(particles.z, axis=0) + 1e-6
        particles, rate, step_size = move(
            key_move, log_base, log_target, particles, higher, step_size, inverse_mass, moves, gain=1.0
        )
        rung = ladder.length
        ladder = Ladder(
            ladder.temperatures.at[rung].set(higher),
            ladder.step_sizes.at[rung].set(step_size),
            ladder.inverse_masses.at[rung].set(inverse_mass),
            rung + 1,
        )
        outcome = Outcome(
            particles, outcome.log_z + log_ratio, outcome.acceptance.at[rung].set(rate), higher >= 1.0
        )
        return key, ladder, outcome, higher, step_size

    first_step = jnp.asarray(0.5 * dim**-0.25)
    carry = (key, ladder, outcome, jnp.zeros(()), first_step)
    _, ladder, outcome, _, _ = jax.lax.while_loop(unfinished, climb, carry)
    return ladder._replace(temperatures=ladder.temperatures.at[ladder.length - 1].set(1.0)), outcome


def replay(
    key: PRNGKeyArray, log_base: LogProb, log_target: LogProb, start: Array, ladder: Ladder, moves: Moves
) -> Outcome:
    """Run the frozen ladder on fresh particles: exp(log_z) is an unbiased estimate of Z."""
    rungs = moves.max_temperatures
    before = jnp.concatenate([jnp.zeros(1), ladder.temperatures[:-1]])

    def climb(rung: Array, outcome: Outcome) -> Outcome:
        key_resample, key_move = jax.random.split(jax.random.fold_in(key, rung))
        particles = outcome.particles
        temperature = ladder.temperatures[rung]
        increment = (temperature - before[rung]) * (particles.log_target - particles.log_base)
        particles, log_ratio = _reweight(key_resample, particles, increment)
        particles, rate, _ = move(
            key_move,
            log_base,
            log_target,
            particles,
            temperature,
            ladder.step_sizes[rung],
            ladder.inverse_masses[rung],
            moves,
            gain=0.0,
        )
        return Outcome(
            particles, outcome.log_z + log_ratio, outcome.acceptance.at[rung].set(rate), temperature >= 1.0
        )

    outcome = Outcome(
        _evaluate(log_base, log_target, start), jnp.zeros(()), jnp.zeros(rungs), jnp.asarray(False)
    )
    return jax.lax.fori_loop(0, ladder.length, climb, outcome)


def _evaluate(log_base: LogProb, log_target: LogProb, z: Array) -> Particles:
    values_base, grads_base = jax.vmap(jax.value_and_grad(log_base))(z)
    values_target, grads_target = jax.vmap(jax.value_and_grad(log_target))(z)
    return Particles(z, values_base, _finite(values_target), grads_base, grads_target)


def _finite(values: Array) -> Array:
    """A NaN log-density is read as impossible: such a particle dies at the next resampling."""
    return jnp.where(jnp.isnan(values), -jnp.inf, values)


def _next_temperature(excess: Array, temperature: Array, moves: Moves) -> Array:
    """The highest temperature in reach at which the particles' effective share stays large enough."""
    ceiling = jnp.minimum(temperature + moves.largest_rise, 1.0)

    def share(higher: Array) -> Array:
        weights = (higher - temperature) * excess
        return jnp.exp(2 * logsumexp(weights) - logsumexp(2 * weights)) / excess.shape[0]

    def halve(_: int, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        middle = 0.5 * (low + high)
        enough = share(middle) >= moves.ess_fraction
        return jnp.where(enough, middle, low), jnp.where(enough, high, middle)

    low, _ = jax.lax.fori_loop(0, 30, halve, (temperature, ceiling))
    return jnp.where(share(ceiling) >= moves.ess_fraction, ceiling, jnp.maximum(low, temperature + 1e-6))


def _reweight(key: PRNGKeyArray, particles: Particles, log_weights: Array) -> tuple[Particles, Array]:
    log_weights = jnp.where(jnp.isnan(log_weights), -jnp.inf, log_weights)
    log_ratio = logsumexp(log_weights) - jnp.log(log_weights.shape[0])
    ancestors = resampling.systematic(key, jax.nn.softmax(log_weights), log_weights.shape[0])
    return jax.tree.map(lambda leaf: leaf[ancestors], particles), log_ratio


def move(
    key: PRNGKeyArray,
    log_base: LogProb,
    log_target: LogProb,
    particles: Particles,
    temperature: Array,
    step_size: Array,
    inverse_mass: Array,
    moves: Moves,
    gain: float,
) -> tuple[Particles, Array, Array]:
    """HMC at one temperature; with a positive `gain` the step size follows the acceptance rate."""
    kernel = hmc.build_kernel()

    def tempered(z: Array) -> Array:
        return (1 - temperature) * log_base(z) + temperature * log_target(z)

    def transition(carry: tuple, key: PRNGKeyArray) -> tuple[tuple, Array]:
        states, step_size = carry
        key_jitter, key_hmc = jax.random.split(key)
        jittered = step_size * jax.random.uniform(key_jitter, minval=0.8, maxval=1.2)
        states, info = jax.vmap(
            lambda key, state: kernel(key, state, tempered, jittered, inverse_mass, moves.leapfrog_steps)
        )(jax.random.split(key_hmc, particles.z.shape[0]), states)
        rate = jnp.mean(jnp.nan_to_num(info.acceptance_rate))
        return (states, step_size * jnp.exp(gain * (rate - moves.acceptance))), rate

    state: Any = hmc.HMCState  # its fields are annotated for one chain, these are many
    states = state(
        particles.z,
        (1 - temperature) * particles.log_base + temperature * particles.log_target,
        (1 - temperature) * particles.grad_base + temperature * particles.grad_target,
    )
    (states, step_size), rates = jax.lax.scan(
        transition, (states, step_size), jax.random.split(key, moves.transitions)
    )
    return _evaluate(log_base, log_target, jnp.asarray(states.position)), jnp.mean(rates), step_size
