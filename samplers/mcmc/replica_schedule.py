"""Temperatures of parallel tempering, how replicas move at each, and how both are adapted."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

SMALLEST_REJECTION = 1e-3  # added to every swap's rejection rate, or two temperatures could become one
PRIOR_WEIGHT = 5  # draws that the prior variance of a coordinate counts for, as in Stan
PRIOR_VARIANCE = 1e-3


class ReplicaSchedule(NamedTuple):
    """Temperatures from 0 to 1, and the step size and diagonal inverse mass matrix of HMC at each."""

    temperatures: Float[Array, " temperatures"]
    step_sizes: Float[Array, " temperatures"]
    inverse_masses: Float[Array, "temperatures dim"]


class RunningMoments(NamedTuple):
    """Moments of the replicas at each temperature, gathered since the schedule was last adapted.

    Attributes:
        count: replicas seen per temperature.
        mean: their mean.
        sum_of_squares: sum of their squared deviations from the mean.
        swap_rejections: sum of the rejection probabilities of the swap between temperatures k and k + 1.
    """

    count: Float[Array, ""]
    mean: Float[Array, "temperatures dim"]
    sum_of_squares: Float[Array, "temperatures dim"]
    swap_rejections: Float[Array, " pairs"]


def initial_schedule(count: int, dim: int) -> ReplicaSchedule:
    """The schedule before adaptation: cubes of an even grid, so that most temperatures are near the base."""
    grid = jnp.linspace(0.0, 1.0, count)
    return ReplicaSchedule(grid**3, jnp.full(count, 0.5 * dim**-0.25), jnp.ones((count, dim)))


def empty_moments(count: int, dim: int) -> RunningMoments:
    """Moments of no replicas at `count` temperatures."""
    return RunningMoments(
        count=jnp.zeros(()),
        mean=jnp.zeros((count, dim)),
        sum_of_squares=jnp.zeros((count, dim)),
        swap_rejections=jnp.zeros(count - 1),
    )


def update_moments(
    moments: RunningMoments,
    z: Float[Array, "runs temperatures dim"],
    swap_acceptance: Float[Array, "runs pairs"],
) -> RunningMoments:
    """Add one iteration of all runs, by the pairwise formula of Chan, Golub and LeVeque (1983)."""
    runs = z.shape[0]
    count = moments.count + runs
    difference = jnp.mean(z, axis=0) - moments.mean
    sum_of_squares = moments.sum_of_squares + runs * (
        jnp.var(z, axis=0) + difference**2 * moments.count / count
    )
    swap_rejections = moments.swap_rejections + jnp.sum(1 - swap_acceptance, axis=0)
    return RunningMoments(count, moments.mean + difference * runs / count, sum_of_squares, swap_rejections)


def adapt_schedule(schedule: ReplicaSchedule, moments: RunningMoments) -> ReplicaSchedule:
    """Temperatures at which all swaps would have been rejected equally often (Syed et al. 2022, algorithm 4).

    The cumulative rejection rate (the communication barrier) is interpolated linearly between temperatures.
    Step sizes and variances are interpolated to the new temperatures linearly in their logarithms. Variances
    are shrunk towards `PRIOR_VARIANCE` as in Stan.
    """
    rejection_rates = moments.swap_rejections / moments.count + SMALLEST_REJECTION
    barrier = jnp.append(0.0, jnp.cumsum(rejection_rates))
    equal_parts = jnp.linspace(0.0, barrier[-1], len(barrier))
    temperatures = jnp.interp(equal_parts, barrier, schedule.temperatures).at[-1].set(1.0)
    variances = (moments.sum_of_squares + PRIOR_WEIGHT * PRIOR_VARIANCE) / (moments.count + PRIOR_WEIGHT)

    def interpolate(values: Float[Array, " temperatures"]) -> Float[Array, " temperatures"]:
        return jnp.exp(jnp.interp(temperatures, schedule.temperatures, jnp.log(values)))

    inverse_masses = jax.vmap(interpolate, in_axes=1, out_axes=1)(variances)
    return ReplicaSchedule(temperatures, interpolate(schedule.step_sizes), inverse_masses)
