"""Replicas of a chain at temperatures along base^(1-b) target^b: how they move, swap, and are tuned.

In coordinates where the base is N(0, I). The replica at b = 0 is drawn anew each time, the others move by
BlackJAX's HMC; neighbours swap in the non-reversible even-odd scheme (Syed, Bouchard-Cote, Deligiannidis
and Doucet 2022).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from blackjax.mcmc import hmc
from jax.scipy.special import logsumexp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.targets.base import LogProb


class Replicas(NamedTuple):
    """Where the replicas are, one a temperature; log gamma there, and its gradient."""

    z: Float[Array, "rungs dim"]
    value: Float[Array, " rungs"]
    gradient: Float[Array, "rungs dim"]


class Tuned(NamedTuple):
    """Temperatures, from 0 to 1, and how to move at each."""

    temperatures: Float[Array, " rungs"]
    step_sizes: Float[Array, " rungs"]
    inverse_masses: Float[Array, "rungs dim"]


class Told(NamedTuple):
    """Of an iteration: acceptance of HMC and of swaps, and logs of ratios between neighbouring densities.

    At b = 0 nothing is accepted or refused, and the next acceptance stands there.
    `ahead`: from each temperature to the middle between it and the next; `behind`: from the next to there.
    """

    acceptance: Float[Array, " rungs"]
    swap: Float[Array, " rungs-1"]
    ahead: Float[Array, " rungs-1"]
    behind: Float[Array, " rungs-1"]


class Seen(NamedTuple):
    """What was seen since the last tuning: replicas counted, mean and sum of squares, swaps refused."""

    count: Float[Array, ""]
    mean: Float[Array, "rungs dim"]
    squares: Float[Array, "rungs dim"]
    refused: Float[Array, " rungs-1"]


def evaluate(log_target: LogProb, z: Float[Array, "rungs dim"]) -> Replicas:
    """Replicas at z; a NaN is read as impossible."""
    values, gradients = jax.vmap(jax.value_and_grad(log_target))(z)
    return Replicas(z, jnp.where(jnp.isnan(values), -jnp.inf, values), gradients)


def iterate(
    key: PRNGKeyArray,
    log_target: LogProb,
    replicas: Replicas,
    tuned: Tuned,
    parity: Int[Array, ""],
    leapfrog_steps: int,
) -> tuple[Replicas, Told]:
    """Each replica moves, then pairs (k, k + 1) swap for k of this parity.

    It costs a gradient at b = 0, and `leapfrog_steps` at each other temperature.
    """
    key_base, key_move, key_swap = jax.random.split(key, 3)
    rungs, dim = replicas.z.shape
    fresh = evaluate(log_target, jax.random.normal(key_base, (1, dim)))
    above = jax.tree.map(lambda leaf: leaf[1:], (replicas, tuned))
    move = lambda key, replica, tuned: _move(key, log_target, replica, tuned, leapfrog_steps)  # noqa: E731
    moved, rates = jax.vmap(move)(jax.random.split(key_move, rungs - 1), *above)
    replicas = jax.tree.map(lambda first, rest: jnp.concatenate([first, rest]), fresh, moved)
    excess = replicas.value - jax.vmap(log_standard_normal)(replicas.z)
    rises = jnp.diff(tuned.temperatures)
    swap = jnp.nan_to_num(jnp.exp(jnp.minimum(rises * (excess[:-1] - excess[1:]), 0.0)))
    due = jnp.arange(rungs - 1) % 2 == parity
    swapped = _swapped(replicas, due & (jax.random.uniform(key_swap, swap.shape) < swap))
    halves = 0.5 * rises * excess[:-1], -0.5 * rises * excess[1:]
    return swapped, Told(jnp.append(rates[0], rates), swap, *halves)


def log_z(told: Told) -> Float[Array, ""]:
    """log Z of iterations (length, ...): stepping stones (Xie, Lewis, Fan, Kuo and Chen 2011).

    Each stone is reached from both its neighbours, the geometric bridge of Meng and Wong (1996): a ladder
    twice as fine for nothing.
    """

    def log_mean_exp(ratios: Array) -> Array:
        impossible = jnp.where(jnp.isnan(ratios), -jnp.inf, ratios)
        return logsumexp(impossible, axis=0) - jnp.log(len(ratios))

    return jnp.sum(log_mean_exp(told.ahead) - log_mean_exp(told.behind))


def _move(
    key: PRNGKeyArray, log_target: LogProb, replica: Replicas, tuned: Tuned, leapfrog_steps: int
) -> tuple[Replicas, Float[Array, ""]]:
    """One replica by HMC; both densities' parts are told apart afterwards, which saves an evaluation."""
    b, step_size, inverse_mass = tuned
    key_jitter, key_hmc = jax.random.split(key)
    jittered: Any = step_size * jax.random.uniform(key_jitter, minval=0.8, maxval=1.2)

    def tempered(z: Array) -> Array:
        return (1 - b) * log_standard_normal(z) + b * log_target(z)

    height: Any = (1 - b) * log_standard_normal(replica.z) + b * replica.value
    before = hmc.HMCState(replica.z, height, b * replica.gradient - (1 - b) * replica.z)
    after, info = hmc.build_kernel()(key_hmc, before, tempered, jittered, inverse_mass, leapfrog_steps)
    z = jnp.asarray(after.position)
    value = (after.logdensity - (1 - b) * log_standard_normal(z)) / b
    gradient = (jnp.asarray(after.logdensity_grad) + (1 - b) * z) / b
    moved = jax.tree.map(
        lambda new, old: jnp.where(info.is_accepted, new, old), Replicas(z, value, gradient), replica
    )
    return moved, jnp.nan_to_num(jnp.asarray(info.acceptance_rate))


def _swapped(replicas: Replicas, pairs: Bool[Array, " rungs-1"]) -> Replicas:
    none = jnp.zeros(1, bool)
    place = jnp.arange(len(pairs) + 1) + jnp.append(pairs, none) - jnp.append(none, pairs)
    return jax.tree.map(lambda leaf: leaf[place], replicas)


def first_tuned(rungs: int, dim: int) -> Tuned:
    """Where tuning starts."""
    rises = jnp.linspace(0.0, 1.0, rungs)
    return Tuned(rises**3, jnp.full(rungs, 0.5 * dim**-0.25), jnp.ones((rungs, dim)))


def nothing_seen(rungs: int, dim: int) -> Seen:
    """Before anything was seen."""
    return Seen(jnp.zeros(()), jnp.zeros((rungs, dim)), jnp.zeros((rungs, dim)), jnp.zeros(rungs - 1))


def see(seen: Seen, z: Float[Array, "runs rungs dim"], swap: Float[Array, "runs rungs-1"]) -> Seen:
    """One more iteration of all runs (Chan, Golub and LeVeque 1983)."""
    more = z.shape[0]
    count = seen.count + more
    off = jnp.mean(z, axis=0) - seen.mean
    squares = seen.squares + more * (jnp.var(z, axis=0) + off**2 * seen.count / count)
    refused = seen.refused + jnp.sum(1 - swap, axis=0)
    return Seen(count, seen.mean + off * more / count, squares, refused)


def retuned(tuned: Tuned, seen: Seen) -> Tuned:
    """Temperatures at which all swaps would have been refused alike (Syed et al. 2022, algorithm 4).

    The communication barrier is linear between temperatures, and so is what is moved with. Variances are
    drawn towards a small one as in Stan.
    """
    refused = seen.refused / seen.count + 1e-3  # none is for nothing, or a rung would be lost
    barrier = jnp.append(0.0, jnp.cumsum(refused))
    even = jnp.linspace(0.0, barrier[-1], len(barrier))
    at = jnp.interp(even, barrier, tuned.temperatures).at[-1].set(1.0)
    variances = (seen.squares + 5e-3) / (seen.count + 5)

    def between(values: Array) -> Array:
        return jnp.exp(jnp.interp(at, tuned.temperatures, jnp.log(values)))

    masses = jax.vmap(between, in_axes=1, out_axes=1)(variances)
    return Tuned(at, between(tuned.step_sizes), masses)
