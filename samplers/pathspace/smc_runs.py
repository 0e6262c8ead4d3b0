"""Weighted particles along a path law: stretches of it, a ladder to start from, several runs."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PRNGKeyArray

from bridgemark.samplers.annealed.adaptive_smc import Ladder, Particles, adapt, gradients_spent
from bridgemark.samplers.annealed.weights import log_mean
from bridgemark.samplers.base import Draws, Evals, Info, evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import log_standard_normal, normal
from bridgemark.samplers.pathspace.path_measure import Law
from bridgemark.samplers.pathspace.pilot import MOVES
from bridgemark.targets.base import LogProb


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
