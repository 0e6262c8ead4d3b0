"""Replicas of a chain at temperatures b along base^(1-b) target^b: how they move, swap and estimate log Z.

The coordinates are those in which the base is N(0, I). The replica at b = 0 is drawn anew in every iteration,
the others move by BlackJAX's HMC. Neighbours swap in the non-reversible even-odd scheme of Syed,
Bouchard-Cote, Deligiannidis and Doucet (2022).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from blackjax.mcmc import hmc
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from bridgemark.samplers.annealed.particles import values_and_gradients
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.common.numerics import log_mean_exp, nan_to_minus_infinity
from bridgemark.samplers.mcmc.jittered import jittered_step_size
from bridgemark.samplers.mcmc.replica_schedule import ReplicaSchedule
from bridgemark.targets.base import LogProb

JITTER = 0.2  # step sizes are multiplied by a uniform number between 0.8 and 1.2


class Replicas(NamedTuple):
    """The position of the replica at each temperature, and log gamma and its gradient there."""

    z: Float[Array, "temperatures dim"]
    log_target: Float[Array, " temperatures"]
    grad_target: Float[Array, "temperatures dim"]


class IterationInfo(NamedTuple):
    """What one iteration reports.

    Attributes:
        acceptance: acceptance rate of HMC at each temperature. At b = 0 draws are independent; acceptance[0]
            repeats the next value as a placeholder.
        swap_acceptance: probability that temperatures k and k + 1 swap their replicas.
        log_ratio_from_lower: log density at the temperature halfway between k and k + 1, over that at k, of
            the replica at k.
        log_ratio_from_upper: log density at the same temperature, over that at k + 1, of the replica there.
    """

    acceptance: Float[Array, " temperatures"]
    swap_acceptance: Float[Array, " pairs"]
    log_ratio_from_lower: Float[Array, " pairs"]
    log_ratio_from_upper: Float[Array, " pairs"]


def init_replicas(log_target: LogProb, z: Float[Array, "temperatures dim"]) -> Replicas:
    """Replicas at z, at the cost of one gradient each; a NaN of the log density is minus infinity."""
    return Replicas(z, *values_and_gradients(log_target, z))


def iterate(
    key: PRNGKeyArray,
    log_target: LogProb,
    replicas: Replicas,
    schedule: ReplicaSchedule,
    parity: Int[Array, ""],
    leapfrog_steps: int,
) -> tuple[Replicas, IterationInfo]:
    """Move every replica, then swap pairs (k, k + 1) of neighbours with k even (parity 0) or odd (parity 1).

    It costs one gradient at b = 0 and `leapfrog_steps` at each other temperature.
    """
    key_base, key_move, key_swap = jax.random.split(key, 3)
    count, dim = replicas.z.shape
    at_base = init_replicas(log_target, jax.random.normal(key_base, (1, dim)))
    others, their_schedule = jax.tree.map(lambda leaf: leaf[1:], (replicas, schedule))

    def move(
        key: PRNGKeyArray, replica: Replicas, schedule: ReplicaSchedule
    ) -> tuple[Replicas, Float[Array, ""]]:
        return _move(key, log_target, replica, schedule, leapfrog_steps)

    moved, rates = jax.vmap(move)(jax.random.split(key_move, count - 1), others, their_schedule)
    replicas = jax.tree.map(lambda first, rest: jnp.concatenate([first, rest]), at_base, moved)
    log_ratios = replicas.log_target - jax.vmap(log_standard_normal)(replicas.z)
    increments = jnp.diff(schedule.temperatures)
    log_swap_ratios = increments * (log_ratios[:-1] - log_ratios[1:])
    swap_acceptance = jnp.nan_to_num(jnp.exp(jnp.minimum(log_swap_ratios, 0.0)))
    in_turn = jnp.arange(count - 1) % 2 == parity
    accepted = jax.random.uniform(key_swap, swap_acceptance.shape) < swap_acceptance
    swapped = _swap(replicas, in_turn & accepted)
    from_lower = 0.5 * increments * log_ratios[:-1]
    from_upper = -0.5 * increments * log_ratios[1:]
    acceptance = jnp.append(rates[0], rates)
    return swapped, IterationInfo(acceptance, swap_acceptance, from_lower, from_upper)


def stepping_stone_log_z(info: IterationInfo) -> Float[Array, ""]:
    """The estimate of log Z by stepping stones (Xie, Lewis, Fan, Kuo and Chen 2011).

    The fields of `info` are stacked over iterations, (length, ...). The density halfway between two
    neighbouring temperatures is reached from both of them, which is the geometric bridge of Meng and Wong
    (1996): the estimate is that of twice as many temperatures at no further cost.
    """
    from_lower = log_mean_exp(nan_to_minus_infinity(info.log_ratio_from_lower))
    from_upper = log_mean_exp(nan_to_minus_infinity(info.log_ratio_from_upper))
    return jnp.sum(from_lower - from_upper)


def _move(
    key: PRNGKeyArray,
    log_target: LogProb,
    replica: Replicas,
    schedule: ReplicaSchedule,
    leapfrog_steps: int,
) -> tuple[Replicas, Float[Array, ""]]:
    """Move one replica by HMC; return it and the acceptance rate.

    HMC returns value and gradient of the tempered log density. Subtracting those of the base gives the
    target's, which saves an evaluation.
    """
    b, step_size, inverse_mass = schedule
    key_jitter, key_hmc = jax.random.split(key)
    jittered: Any = jittered_step_size(key_jitter, step_size, JITTER)

    def tempered(z: Array) -> Array:
        return (1 - b) * log_standard_normal(z) + b * log_target(z)

    log_prob: Any = (1 - b) * log_standard_normal(replica.z) + b * replica.log_target
    before = hmc.HMCState(replica.z, log_prob, b * replica.grad_target - (1 - b) * replica.z)
    after, info = hmc.build_kernel()(key_hmc, before, tempered, jittered, inverse_mass, leapfrog_steps)
    z = jnp.asarray(after.position)
    value = (after.logdensity - (1 - b) * log_standard_normal(z)) / b
    gradient = (jnp.asarray(after.logdensity_grad) + (1 - b) * z) / b
    moved = jax.tree.map(
        lambda new, old: jnp.where(info.is_accepted, new, old), Replicas(z, value, gradient), replica
    )
    return moved, jnp.nan_to_num(jnp.asarray(info.acceptance_rate))


def _swap(replicas: Replicas, accepted: Bool[Array, " pairs"]) -> Replicas:
    """Exchange the replicas k and k + 1 wherever accepted[k]; no two neighbouring pairs may be accepted."""
    no_pair = jnp.zeros(1, bool)
    # Replica k goes one up if its pair with k + 1 swaps, one down if its pair with k - 1 does.
    source = jnp.arange(len(accepted) + 1) + jnp.append(accepted, no_pair) - jnp.append(no_pair, accepted)
    return jax.tree.map(lambda leaf: leaf[source], replicas)
