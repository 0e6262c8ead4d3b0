"""Elliptical slice sampling of a Gaussian base times a likelihood."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from blackjax.mcmc import elliptical_slice
from blackjax.mcmc.elliptical_slice import EllipSliceState
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bridgemark.samplers.base import Fit, Unsupported, evals
from bridgemark.samplers.mcmc.markov import MarkovChains, Move
from bridgemark.targets.base import Density, LogProb

LOWEST = -1e30  # stands for log 0: lower numbers can still be told from it


@dataclass(frozen=True, kw_only=True)
class EllipticalSlice(MarkovChains):
    """Elliptical slice sampling (Murray, Adams and MacKay 2010): ellipses of the base, no step size.

    The likelihood is the target over the base. Nothing is tuned: warming up is moving away from the
    start. A draw is kept of `thinning`. Raises Unsupported where the base is not Gaussian.
    """

    thinning: int = 8

    def tune(self, key: PRNGKeyArray, density: Density, start: Float[Array, " dim"]) -> Fit:
        state: Any = elliptical_slice.init(start, likelihood(density))
        state, spent = self._run(key, density, state, self.warm_up)
        return Fit(state, evals(values=jnp.append(spent, 1)), {})

    def transition(
        self, key: PRNGKeyArray, density: Density, state: EllipSliceState
    ) -> tuple[EllipSliceState, Move]:
        state, spent = self._run(key, density, state, self.thinning)
        shrinks = jnp.mean(spent.astype(float))
        return state, Move(jnp.asarray(state.position), evals(values=spent), {"shrinks": shrinks})

    def _run(
        self, key: PRNGKeyArray, density: Density, state: EllipSliceState, times: int
    ) -> tuple[EllipSliceState, Int[Array, " times"]]:
        loc, scale = density.base.loc, density.base.scale
        if loc is None or scale is None:
            raise Unsupported("ellipses need a Gaussian base")
        covariance: Any = scale**2 if scale.ndim == 1 else scale @ scale.T
        dtype = jnp.asarray(state.position).dtype
        kernel = elliptical_slice.build_kernel(covariance.astype(dtype), jnp.asarray(loc.astype(dtype)))

        def transition(state: EllipSliceState, key: PRNGKeyArray) -> tuple[EllipSliceState, Array]:
            state, info = kernel(key, _lowered(state), likelihood(density))
            return state, jnp.asarray(info.subiter)

        return jax.lax.scan(transition, state, jax.random.split(key, times))


def likelihood(density: Density) -> LogProb:
    """log target - log base; NaN and -inf are LOWEST."""

    def log_likelihood(x: Float[Array, " dim"]) -> Float[Array, ""]:
        value = density.log_prob(x) - density.base.log_prob(x)
        return jnp.maximum(jnp.nan_to_num(value, nan=LOWEST), LOWEST)

    return log_likelihood


def _lowered(state: EllipSliceState) -> EllipSliceState:
    """The level a few units in the last place down.

    Where rounding swallows the height of the slice, the bracket would shrink for ever to the present point,
    which is not above itself.
    """
    level = jnp.asarray(state.logdensity)
    return state._replace(logdensity=level - 4 * jnp.finfo(level.dtype).eps * (1 + jnp.abs(level)))


SAMPLERS = {"elliptical-slice": EllipticalSlice()}
