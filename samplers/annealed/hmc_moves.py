"""Moves of weighted particles at one temperature, by BlackJAX's HMC with jittered step sizes."""

from typing import Any

import jax
import jax.numpy as jnp
from blackjax.mcmc import hmc
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.annealed.particles import Particles, evaluate_particles
from bridgemark.samplers.annealed.schedule import SMCSettings
from bridgemark.samplers.mcmc.jittered import jittered_step_size
from bridgemark.targets.base import LogProb

JITTER = 0.2  # step sizes are multiplied by a uniform number between 0.8 and 1.2


def move_particles(
    key: PRNGKeyArray,
    log_base: LogProb,
    log_target: LogProb,
    particles: Particles,
    temperature: Float[Array, ""],
    step_size: Float[Array, ""],
    inverse_mass: Float[Array, " dim"],
    settings: SMCSettings,
    gain: float,
) -> tuple[Particles, Float[Array, ""], Float[Array, ""]]:
    """Move all particles by HMC at one temperature; return them, the acceptance rate and the last step size.

    After each transition the logarithm of the step size changes by `gain` times the difference of the
    acceptance rate from its target; it stays where `gain` is zero.
    """
    kernel = hmc.build_kernel()

    def tempered(z: Array) -> Array:
        return (1 - temperature) * log_base(z) + temperature * log_target(z)

    def transition(carry: tuple, key: PRNGKeyArray) -> tuple[tuple, Array]:
        states, step_size = carry
        key_jitter, key_hmc = jax.random.split(key)
        jittered: Any = jittered_step_size(key_jitter, step_size, JITTER)
        states, info = jax.vmap(
            lambda key, state: kernel(key, state, tempered, jittered, inverse_mass, settings.leapfrog_steps)
        )(jax.random.split(key_hmc, particles.z.shape[0]), states)
        rate = jnp.mean(jnp.nan_to_num(info.acceptance_rate))
        return (states, step_size * jnp.exp(gain * (rate - settings.target_acceptance))), rate

    hmc_state: Any = hmc.HMCState  # its fields are annotated for one chain, these are many
    states = hmc_state(
        particles.z,
        (1 - temperature) * particles.log_base + temperature * particles.log_target,
        (1 - temperature) * particles.grad_base + temperature * particles.grad_target,
    )
    (states, step_size), rates = jax.lax.scan(
        transition, (states, step_size), jax.random.split(key, settings.transitions)
    )
    moved = evaluate_particles(log_base, log_target, jnp.asarray(states.position))
    return moved, jnp.mean(rates), step_size
