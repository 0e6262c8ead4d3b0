"""Nested slice sampling: the prior shrinks to ever higher likelihood, its points replaced by slice moves."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from blackjax.ns import adaptive, nss
from blackjax.ns.base import init_state_strategy
from blackjax.smc import resampling
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bridgemark.samplers.annealed.tempered_sampler import log_likelihood_ratio
from bridgemark.samplers.base import Draws, Limits, Sampler, State, Unsupported, evals
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.targets.base import Density, LogProb

MAX_DIM = 128  # the number of evaluations grows with the cube of the dimension
LIVE_PER_DIMENSION = 10  # fewer say too little of the shape of the live points
LEAST_LIVE_POINTS = 16
LEAST_SLICES = 5
MAX_START_BATCHES = 1_000  # of as many points as there are live ones


class DeadPoints(NamedTuple):
    """Points that were replaced, one batch after the other, and their log weights.

    `values` holds the evaluations that each batch cost.
    """

    z: Float[Array, "batches replaced dim"]
    log_weights: Float[Array, "batches replaced"]
    values: Int[Array, " batches"]


class Start(NamedTuple):
    """Live points of positive likelihood, and `log_share`, the log of the base's mass where it is positive.

    `values` is the number of evaluations that finding them took.
    """

    z: Float[Array, "live dim"]
    log_likelihood: Float[Array, " live"]
    log_share: Float[Array, ""]
    values: Int[Array, ""]


class NestedRun(NamedTuple):
    """All points of a run, first the dead and then the live ones.

    `values` holds the evaluations of the start and then those of each batch.
    """

    z: Float[Array, "points dim"]
    log_weights: Float[Array, " points"]
    values: Int[Array, " phases"]


@dataclass(frozen=True, kw_only=True)
class NestedSlice(Sampler):
    """Nested sampling (Skilling 2006) of the Gaussian base by slices (Yallup, Kroupa and Handley 2026).

    `runs` independent runs have n // (runs * draws_per_live_point) live points, at least ten for each
    dimension. The tenth of them with the lowest likelihood is replaced at a time, each by a chain of
    `slices_per_dimension` times dim slices, until the live points hold less than the share
    `remaining_evidence` of the evidence, or `max_batches` times. A point that is replaced is weighted by an
    equal share of the volume that was left, which makes Z-hat unbiased up to the adapted slice directions
    (Salomone et al. 2018). Where the likelihood is zero no live point starts: points are drawn until enough
    have a positive one, and the share of those that have is a factor of Z-hat. A likelihood that is constant
    on another set of points is not provided for. The draws of a run are resampled from all of its points.
    Raises Unsupported above MAX_DIM dimensions, and where the base is not Gaussian.
    """

    runs: int = 2
    draws_per_live_point: int = 16
    slices_per_dimension: int = 2
    remaining_evidence: float = 1e-3
    max_batches: int = 2_000

    def at_most(self, limits: Limits) -> Sampler:
        return replace(
            self,
            runs=min(self.runs, limits.runs),
            max_batches=min(self.max_batches, limits.temperatures),
        )

    def sample(self, key: PRNGKeyArray, density: Density, state: State, n: int) -> tuple[State, Draws]:
        if density.dim > MAX_DIM:
            raise Unsupported(
                f"nested sampling in {density.dim} dimensions would take too long: at most {MAX_DIM}"
            )
        coordinates = base_coordinates(density.base)
        log_likelihood = log_likelihood_ratio(coordinates.pull_back(density.log_prob))
        draws = max(n // self.runs, 1)
        live = max(draws // self.draws_per_live_point, LIVE_PER_DIMENSION * density.dim, LEAST_LIVE_POINTS)

        def run(key: PRNGKeyArray) -> tuple[Array, Array, Array]:
            key_run, key_draw = jax.random.split(key)
            points = self._run(key_run, log_likelihood, live, density.dim)
            chosen = resampling.systematic(key_draw, jax.nn.softmax(points.log_weights), draws)
            return points.z[chosen], logsumexp(points.log_weights), points.values

        z, log_z, values = jax.lax.map(run, jax.random.split(key, self.runs))
        log_weights = jnp.broadcast_to(log_z[:, None], z.shape[:2])
        # Equal to `max_batches` where a run was cut off.
        info = {"batches": jnp.sum(values[:, 1:] > 0, axis=1)}
        return state, Draws(coordinates.forward(z), log_weights, log_z, evals(values=values), info)

    def _run(self, key: PRNGKeyArray, log_likelihood: LogProb, live: int, dim: int) -> NestedRun:
        """One run with `live` live points in `dim` dimensions."""
        replaced = max(live // 10, 1)
        slices = max(self.slices_per_dimension * dim, LEAST_SLICES)
        key_start, key_first, key_steps = jax.random.split(key, 3)
        start = _draw_start(key_start, log_likelihood, live, dim)
        evaluate = _evaluate_for_blackjax(log_likelihood)
        kernel = nss.build_kernel(evaluate, slices, replaced)

        def log_volume_share(batch: Array) -> Array:
            """Log volume per point in a batch, when each earlier one has shrunk it by the share replaced."""
            return start.log_share + batch * jnp.log1p(-replaced / live) - jnp.log(live)

        def unfinished(carry: tuple) -> Array:
            batch, state, _ = carry
            evidence = state.integrator
            remaining = evidence.logZ_live - jnp.logaddexp(evidence.logZ, evidence.logZ_live)
            return (batch < self.max_batches) & (remaining >= jnp.log(self.remaining_evidence))

        def replace_batch(carry: tuple) -> tuple:
            batch, state, dead = carry
            state, info = kernel(jax.random.fold_in(key_steps, batch), state)
            values = _values_spent(info.update_info, replaced * slices)
            dead = DeadPoints(
                dead.z.at[batch].set(info.particles.position),
                dead.log_weights.at[batch].set(info.particles.loglikelihood + log_volume_share(batch)),
                dead.values.at[batch].set(values),
            )
            return batch + 1, state, dead

        first: Any = adaptive.init(
            start.z,
            lambda z: jax.vmap(_with_known_likelihood)(z, start.log_likelihood),
            update_inner_kernel_params_fn=nss.live_covariance_factor,
            rng_key=key_first,
        )
        carry = jnp.asarray(0), first, _no_dead_points(self.max_batches, replaced, dim)
        batches, state, dead = jax.lax.while_loop(unfinished, replace_batch, carry)
        last = state.particles
        z = jnp.concatenate([dead.z.reshape(-1, dim), last.position])
        log_weights = jnp.append(dead.log_weights, last.loglikelihood + log_volume_share(batches))
        return NestedRun(z, log_weights, jnp.append(start.values, dead.values))


def _draw_start(key: PRNGKeyArray, log_likelihood: LogProb, live: int, dim: int) -> Start:
    """Draw from N(0, I) until `live` points have a positive likelihood, or MAX_START_BATCHES times as many.

    Of N points up to the last of them, (live - 1) / (N - 1) estimates the share without bias (Haldane 1945).
    """

    def unfinished(carry: tuple) -> Array:
        batch, positive, *_ = carry
        return (positive < live) & (batch < MAX_START_BATCHES)

    def draw_batch(carry: tuple) -> tuple:
        batch, positive, before_last, z, values = carry
        drawn = jax.random.normal(jax.random.fold_in(key, batch), (live, dim))
        drawn_values = jax.vmap(log_likelihood)(drawn)
        rank = positive + jnp.cumsum(drawn_values > -jnp.inf)  # of each positive point among all, from 1
        slot = jnp.where(drawn_values > -jnp.inf, rank - 1, live)  # beyond the last one for the others
        before_last += jnp.sum(rank < live)
        z = z.at[slot].set(drawn, mode="drop")
        return batch + 1, rank[-1], before_last, z, values.at[slot].set(drawn_values, mode="drop")

    nothing = jnp.zeros((live, dim)), jnp.full(live, -jnp.inf)
    carry = jnp.asarray(0), jnp.asarray(0), jnp.asarray(0), *nothing
    batches, positive, before_last, z, values = jax.lax.while_loop(unfinished, draw_batch, carry)
    # `before_last` is N - 1. Where there are too few live points, nothing is known of Z.
    log_share = jnp.where(positive < live, jnp.nan, jnp.log(live - 1.0) - jnp.log(before_last))
    return Start(z, values, log_share, batches * live)


def _with_known_likelihood(z: Float[Array, " dim"], log_likelihood: Float[Array, ""]) -> Any:
    """What BlackJAX keeps of a point whose likelihood is known."""
    return init_state_strategy(z, logprior_fn=log_standard_normal, loglikelihood_fn=lambda _: log_likelihood)


def _evaluate_for_blackjax(log_likelihood: LogProb) -> Callable:
    """The function by which BlackJAX evaluates prior and likelihood of a point."""
    return partial(init_state_strategy, logprior_fn=log_standard_normal, loglikelihood_fn=log_likelihood)


def _no_dead_points(batches: int, replaced: int, dim: int) -> DeadPoints:
    """Room for `batches` batches of points that all have weight zero."""
    return DeadPoints(
        z=jnp.zeros((batches, replaced, dim)),
        log_weights=jnp.full((batches, replaced), -jnp.inf),
        values=jnp.zeros(batches, int),
    )


def _values_spent(moves: Any, slices: int) -> Int[Array, ""]:
    """Evaluations of a batch of `slices` slices in all.

    A slice evaluates both ends of its first bracket, each end to which the bracket expands, and each
    proposal.
    """
    return 2 * slices + jnp.sum(moves.num_expansions) + jnp.sum(moves.num_shrink)


SAMPLERS = {"nested-slice": NestedSlice()}
