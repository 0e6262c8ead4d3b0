"""Paths of many particles in segments of a few steps, and the moves of particles between segments."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bridgemark.samplers.annealed.hmc_moves import move_particles
from bridgemark.samplers.annealed.particles import Particles
from bridgemark.samplers.annealed.schedule import TemperingSchedule
from bridgemark.samplers.base import Info
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.paths import Path
from bridgemark.samplers.pathspace.pilot import SETTINGS
from bridgemark.targets.base import LogProb


class Segment(NamedTuple):
    """The paths of all particles over a few steps, and the particles at both ends, not resampled."""

    paths: Path
    before: Particles
    after: Particles


class Moved(NamedTuple):
    """Particles after a move, and the acceptance rate of the move."""

    particles: Particles
    acceptance: Float[Array, ""]


class WeightedParticles(NamedTuple):
    """Particles and their log weights."""

    particles: Particles
    log_weights: Float[Array, " particles"]


class Walk(NamedTuple):
    """The particles at the end of all segments, the segments, stacked, and arrays for diagnosis."""

    last: WeightedParticles
    segments: Segment
    info: Info


# (key, temperature, particles): a move that keeps the tempered density invariant
MoveFn: TypeAlias = Callable[[PRNGKeyArray, Float[Array, ""], Particles], Moved]
# (index of a segment, the segment): the log weight increment of each of its paths
IncrementFn: TypeAlias = Callable[[Int[Array, ""], Segment], Float[Array, " particles"]]


def hmc_move(tempering: TemperingSchedule, log_target: LogProb) -> MoveFn:
    """HMC with the step size and mass matrix of the schedule's next temperature."""

    def move(key: PRNGKeyArray, temperature: Array, particles: Particles) -> Moved:
        index = jnp.minimum(jnp.searchsorted(tempering.temperatures, temperature), tempering.length - 1)
        moved, acceptance, _ = move_particles(
            key,
            log_standard_normal,
            log_target,
            particles,
            temperature,
            tempering.step_sizes[index],
            tempering.inverse_masses[index],
            SETTINGS,
            gain=0.0,
        )
        return Moved(moved, acceptance)

    return move


def no_move(key: PRNGKeyArray, temperature: Array, particles: Particles) -> Moved:
    """Leave particles where they are."""
    return Moved(particles, jnp.ones(()))
