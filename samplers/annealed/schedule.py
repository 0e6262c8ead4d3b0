"""The schedule of a tempered sequential Monte Carlo run: temperatures, and how particles move at each."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


class SMCSettings(NamedTuple):
    """How particles move at each temperature, and how far apart the temperatures may lie.

    Attributes:
        transitions: HMC transitions of every particle at every temperature.
        leapfrog_steps: leapfrog steps of a transition.
        target_acceptance: acceptance rate that the step size is adapted to.
        ess_fraction: effective share of the particles (Kish) below which a temperature is too high.
        max_temperature_step: largest difference of two successive temperatures.
        max_temperatures: largest number of temperatures.
    """

    transitions: int
    leapfrog_steps: int
    target_acceptance: float
    ess_fraction: float
    max_temperature_step: float
    max_temperatures: int


class TemperingSchedule(NamedTuple):
    """Temperatures in increasing order, and the step size and inverse mass matrix of HMC at each.

    Only the first `length` entries are used; the arrays have room for `max_temperatures`.
    """

    temperatures: Float[Array, " temperatures"]
    step_sizes: Float[Array, " temperatures"]
    inverse_masses: Float[Array, "temperatures dim"]
    length: Int[Array, ""]

    def with_entry(
        self, temperature: Float[Array, ""], step_size: Float[Array, ""], inverse_mass: Float[Array, " dim"]
    ) -> "TemperingSchedule":
        """The same schedule with one more temperature."""
        return TemperingSchedule(
            self.temperatures.at[self.length].set(temperature),
            self.step_sizes.at[self.length].set(step_size),
            self.inverse_masses.at[self.length].set(inverse_mass),
            self.length + 1,
        )


def gradients_spent(
    settings: SMCSettings, particles: int, schedule: TemperingSchedule
) -> Int[Array, " parts"]:
    """Gradients of log gamma that a run costs, as partial counts.

    Each particle costs, at each temperature, its leapfrog steps and one evaluation of both densities where it
    ends; and one evaluation at the start of the run.
    """
    per_temperature = particles * (1 + settings.transitions * settings.leapfrog_steps)
    used = jnp.arange(settings.max_temperatures) < schedule.length
    return jnp.append(jnp.where(used, per_temperature, 0), particles)
