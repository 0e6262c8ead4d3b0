"""Nested slice sampling: the prior shrinks to ever higher likelihood, points replaced by slice moves."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from blackjax.ns import adaptive, nss
from blackjax.ns.base import init_state_strategy
from blackjax.smc import resampling
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bridgemark.samplers.base import Draws, Sampler, State, Unsupported, evals
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.targets.base import Density

LARGEST = 128  # dimensions: values spent grow with the cube of it


class Dead(NamedTuple):
    """Points that were replaced, a batch a row, their log weights, and the values each batch spent."""

    z: Float[Array, "batches replaced dim"]
    log_weights: Float[Array, "batches replaced"]
    values: Int[Array, " batches"]


@dataclass(frozen=True, kw_only=True)
class NestedSlice(Sampler):
    """Nested slice sampling (Yallup, Kroupa, Handley 2026; Skilling 2006) from the Gaussian base.

    A run has n // (runs * reuse) live points, twice the dimension at least. The lowest tenth of them is
    replaced at a time, each by `sweeps` times as many slices as dimensions, until the live points hold
    less than `left` of the evidence, or `refills` times. A point that dies stands for an equal share of
    the volume there was, which makes Z-hat unbiased up to the adapted directions (Salomone et al. 2018);
    the draws of a run are resampled from all of its points. Raises Unsupported above 128 dimensions.
    """

    runs: int = 2
    reuse: int = 16
    sweeps: int = 2
    left: float = 1e-3
    refills: int = 2_000

    def sample(self, key: PRNGKeyArray, density: Density, state: State, n: int) -> tuple[State, Draws]:
        if density.dim > LARGEST:
            raise Unsupported(
                f"nested sampling in {density.dim} dimensions would take too long: at most {LARGEST}"
            )
        coordinates = base_coordinates(density)
        log_target = coordinates.pull_back(density.log_prob)
        drawn = max(n // self.runs, 1)
        live = max(drawn // self.reuse, 2 * density.dim, 16)

        def log_likelihood(z: Array) -> Array:
            excess = log_target(z) - log_standard_normal(z)
            return jnp.where(jnp.isnan(excess), -jnp.inf, excess)

        def run(key: PRNGKeyArray) -> tuple[Array, Array, Array]:
            key_climb, key_draw = jax.random.split(key)
            z, log_weights, values = self.climb(key_climb, log_likelihood, (live, density.dim))
            chosen = resampling.systematic(key_draw, jax.nn.softmax(log_weights), drawn)
            return z[chosen], logsumexp(log_weights), jnp.append(values, live)

        z, log_z, values = jax.lax.map(run, jax.random.split(key, self.runs))
        log_weights = jnp.broadcast_to(log_z[:, None], z.shape[:2])
        info = {"batches": jnp.sum(values[:, :-1] > 0, axis=1)}  # `refills` where the end was not reached
        return state, Draws(coordinates.forward(z), log_weights, log_z, evals(values=values), info)

    def climb(
        self, key: PRNGKeyArray, log_likelihood: Callable, shape: tuple[int, int]
    ) -> tuple[Float[Array, "points dim"], Float[Array, " points"], Int[Array, " batches"]]:
        """All points of one run with `shape` (live, dim), dead and live, log weights, and values spent."""
        live, dim = shape
        replaced, slices = max(live // 10, 1), max(self.sweeps * dim, 5)
        look = partial(init_state_strategy, logprior_fn=log_standard_normal, loglikelihood_fn=log_likelihood)
        kernel = nss.build_kernel(look, slices, replaced)
        key_start, key_first, key_steps = jax.random.split(key, 3)
        start = jax.random.normal(key_start, shape)
        level = lambda batch: batch * jnp.log1p(-replaced / live) - jnp.log(live)  # noqa: E731

        def going(carry: tuple) -> Array:
            batch, cloud, _ = carry
            known = cloud.integrator
            remains = known.logZ_live - jnp.logaddexp(known.logZ, known.logZ_live)
            return (batch < self.refills) & (remains >= jnp.log(self.left))

        def replace(carry: tuple) -> tuple:
            batch, cloud, dead = carry
            cloud, info = kernel(jax.random.fold_in(key_steps, batch), cloud)
            moves = info.update_info
            # A slice looks at both ends of its first bracket, at each end it expands to and at each try.
            spent = 2 * replaced * slices + jnp.sum(moves.num_expansions) + jnp.sum(moves.num_shrink)
            dead = Dead(
                dead.z.at[batch].set(info.particles.position),
                dead.log_weights.at[batch].set(info.particles.loglikelihood + level(batch)),
                dead.values.at[batch].set(spent),
            )
            return batch + 1, cloud, dead

        first: Any = adaptive.init(
            start, jax.vmap(look), update_inner_kernel_params_fn=nss.live_covariance_factor, rng_key=key_first
        )
        rows = (self.refills, replaced)
        none = Dead(jnp.zeros((*rows, dim)), jnp.full(rows, -jnp.inf), jnp.zeros(self.refills, int))
        batches, cloud, dead = jax.lax.while_loop(going, replace, (jnp.asarray(0), first, none))
        points = cloud.particles
        z = jnp.concatenate([dead.z.reshape(-1, dim), points.position])
        return z, jnp.append(dead.log_weights, points.loglikelihood + level(batches)), dead.values


SAMPLERS = {"nested-slice": NestedSlice()}
