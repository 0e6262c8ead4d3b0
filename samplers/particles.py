"""Weighted particles along a path: proper weights that carry log Z-hat, resampled where they degenerate."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from blackjax.smc import resampling
from jax.scipy.special import logsumexp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from samplers.affine import Affine
from samplers.base import Draws, Evals, Info, evals
from samplers.gaussian import log_standard_normal, normal
from samplers.law import Law
from samplers.pilot import MOVES
from samplers.tempering import Ladder, Particles, adapt, gradients_spent
from targets.base import LogProb


def log_mean(log_weights: Float[Array, " n"]) -> Float[Array, ""]:
    """Log of the mean weight: log Z-hat of one run."""
    return logsumexp(log_weights) - jnp.log(log_weights.shape[0])


def reweigh(log_weights: Float[Array, " n"], increment: Float[Array, " n"]) -> Float[Array, " n"]:
    """Log weights after a step; a NaN is read as impossible: such a particle dies at the next resampling."""
    after = log_weights + increment
    return jnp.where(jnp.isnan(after), -jnp.inf, after)


def resample(
    key: PRNGKeyArray, particles: Any, log_weights: Float[Array, " n"], below: float
) -> tuple[Any, Float[Array, " n"], Bool[Array, ""]]:
    """Systematic resampling where the effective share of the weights is below `below`.

    Offspring all weigh the mean of the weights, so that weights stay proper whether or not it happened
    (Del Moral, Doucet, Jasra 2006), and the last ones hold the product of the means on the way.
    """
    n = log_weights.shape[0]
    share = jnp.exp(2.0 * logsumexp(log_weights) - logsumexp(2.0 * log_weights)) / n
    due = share < below
    drawn = resampling.systematic(key, jax.nn.softmax(log_weights), n)
    ancestors = jnp.where(due, drawn, jnp.arange(n))
    level = jnp.where(due, log_mean(log_weights), log_weights)
    return jax.tree.map(lambda leaf: leaf[ancestors], particles), level, due


def cut(law: Law, first: Int[Array, ""], steps: int) -> Law:
    """A law's `steps` steps from point `first`, with the densities of its ends left out."""
    points = first + jnp.arange(steps + 1)
    take = lambda tree, where: jax.tree.map(lambda leaf: jnp.asarray(leaf)[where], tree)  # noqa: E731
    flat = lambda x: jnp.zeros((), x.dtype)  # noqa: E731
    chain = law.chain._replace(
        ahead=take(law.chain.ahead, points[:-1]),
        behind=take(law.chain.behind, points[:-1]),
        log_start=flat,
        log_end=flat,
    )
    return law._replace(
        chain=chain,
        hint=law.hint._replace(features=take(law.hint.features, points)),
        forward=law.forward._replace(features=take(law.forward.features, points)),
        backward=law.backward._replace(features=take(law.backward.features, points)),
        log_mu=flat,
    )


def climb(key: PRNGKeyArray, log_gamma: LogProb, shape: tuple[int, int]) -> tuple[Ladder, Particles, Evals]:
    """A tempered SMC of `shape` (particles, dim) from N(0, I): its ladder, its last particles, its cost."""
    key_start, key_climb = jax.random.split(key)
    ladder, outcome = adapt(key_climb, log_standard_normal, log_gamma, normal(key_start, shape), MOVES)
    return ladder, outcome.particles, evals(gradients=gradients_spent(MOVES, shape[0], ladder))


def several_runs(
    key: PRNGKeyArray,
    run: Callable[[PRNGKeyArray], tuple[Array, Array, Info]],
    runs: int,
    coordinates: Affine,
    spent: Evals,
) -> Draws:
    """Draws of independent runs, each of them ends (particles, dim), log weights (particles,) and info."""
    ends, log_weights, info = jax.lax.map(run, jax.random.split(key, runs))
    return Draws(coordinates.forward(ends), log_weights, jax.vmap(log_mean)(log_weights), spent, info)
