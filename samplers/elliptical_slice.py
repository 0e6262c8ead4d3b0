"""Elliptical slice sampling of a Gaussian base times a likelihood."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from blackjax.mcmc import elliptical_slice
from blackjax.mcmc.elliptical_slice import EllipSliceState
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bridgemark.samplers.base import Fit, Unsupported, evals
from bridgemark.samplers.mcmc.self_tuned import ChainDraw, SelfTunedChains
from bridgemark.targets.base import Density, LogProb

LOWEST = -1e30  # takes the place of log 0: unlike minus infinity it can be lowered and compared
ROUNDINGS = 4  # units in the last place by which a slice is lowered


@dataclass(frozen=True, kw_only=True)
class EllipticalSlice(SelfTunedChains):
    """Elliptical slice sampling (Murray, Adams and MacKay 2010), which has no step size.

    The likelihood is the target divided by its Gaussian base. Nothing is tuned: the warm-up only takes a
    chain away from its start. One draw in `thinning` transitions is kept. Raises Unsupported where the base
    is not Gaussian.
    """

    thinning: int = 8

    def tune(self, key: PRNGKeyArray, density: Density, start: Float[Array, " dim"]) -> Fit:
        state: Any = elliptical_slice.init(start, likelihood(density))
        state, spent = self._run(key, density, state, self.warm_up)
        return Fit(state, evals(values=jnp.append(spent, 1)), {})

    def draw(
        self, key: PRNGKeyArray, density: Density, state: EllipSliceState
    ) -> tuple[EllipSliceState, ChainDraw]:
        state, spent = self._run(key, density, state, self.thinning)
        shrinks = jnp.mean(spent.astype(float))
        return state, ChainDraw(jnp.asarray(state.position), evals(values=spent), {"shrinks": shrinks})

    def _run(
        self, key: PRNGKeyArray, density: Density, state: EllipSliceState, transitions: int
    ) -> tuple[EllipSliceState, Int[Array, " transitions"]]:
        """Make `transitions` transitions; also return the evaluations that each of them cost."""
        loc, scale = density.base.loc, density.base.scale
        if loc is None or scale is None:
            raise Unsupported("ellipses need a Gaussian base")
        covariance: Any = scale**2 if scale.ndim == 1 else scale @ scale.T
        dtype = jnp.asarray(state.position).dtype
        kernel = elliptical_slice.build_kernel(covariance.astype(dtype), jnp.asarray(loc.astype(dtype)))

        def transition(state: EllipSliceState, key: PRNGKeyArray) -> tuple[EllipSliceState, Array]:
            state, info = kernel(key, _lowered(state), likelihood(density))
            return state, jnp.asarray(info.subiter)

        return jax.lax.scan(transition, state, jax.random.split(key, transitions))


def likelihood(density: Density) -> LogProb:
    """The log likelihood log(target / base), in which NaN and minus infinity are LOWEST."""

    def log_likelihood(x: Float[Array, " dim"]) -> Float[Array, ""]:
        value = density.log_prob(x) - density.base.log_prob(x)
        return jnp.maximum(jnp.nan_to_num(value, nan=LOWEST), LOWEST)

    return log_likelihood


def _lowered(state: EllipSliceState) -> EllipSliceState:
    """The state with its log likelihood lowered by a few units in the last place.

    The next slice lies below that level by an exponential random number. Where the number is lost to
    rounding, the present point would not lie above its own slice, and the bracket would shrink around it for
    ever.
    """
    level = jnp.asarray(state.logdensity)
    epsilon = ROUNDINGS * jnp.finfo(level.dtype).eps
    return state._replace(logdensity=level - epsilon * (1 + jnp.abs(level)))


SAMPLERS = {"elliptical-slice": EllipticalSlice()}
