"""Random-walk Metropolis: what can be done without gradients."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from blackjax.mcmc import random_walk
from blackjax.mcmc.hmc import HMCState
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Draws, Evals, Fit
from bridgemark.samplers.mcmc.thinning import thinned
from bridgemark.samplers.mcmc.window_adapted import (
    Algorithm,
    ChainState,
    TransitionInfo,
    WindowAdaptedChains,
)
from bridgemark.targets.base import Density, LogProb

STEP_SCALE = 0.1  # of step sizes: dual averaging begins with a step size of ten, far too long for a walk


@dataclass(frozen=True, kw_only=True)
class RandomWalk(WindowAdaptedChains):
    """Gaussian random-walk Metropolis, its step size and scales of coordinates from window adaptation.

    A step has standard deviations STEP_SCALE * step size * scale. The acceptance rate aimed at is the optimal
    one of Roberts, Gelman and Gilks (1997). One draw in `thinning` transitions is kept.
    """

    target_acceptance: float = 0.234
    thinning: int = 16

    def algorithm(self) -> Algorithm:
        return thinned(_init, _walk, self.thinning)

    def options(self) -> dict[str, Any]:
        return {}

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        fit = super().fit(key, density)
        return fit._replace(evals=_gradients_as_values(fit.evals))

    def sample(
        self, key: PRNGKeyArray, density: Density, state: ChainState, n: int
    ) -> tuple[ChainState, Draws]:
        state, draws = super().sample(key, density, state, n)
        return state, draws._replace(evals=_gradients_as_values(draws.evals))


def _init(position: Float[Array, " dim"], log_prob: LogProb) -> HMCState:
    """A state with a gradient of zeros, since window adaptation expects one but does not use it."""
    value: Any = log_prob(position)
    return HMCState(position, value, jnp.zeros_like(position))


def _walk(
    key: PRNGKeyArray,
    state: HMCState,
    log_prob: LogProb,
    step_size: Float[Array, ""],
    inverse_mass: Float[Array, " dim"],
) -> tuple[HMCState, TransitionInfo]:
    step: Any = random_walk.normal(STEP_SCALE * step_size * jnp.sqrt(inverse_mass))
    before = random_walk.RWState(state.position, state.logdensity)
    after, info = random_walk.build_additive_step()(key, before, log_prob, step)
    after_as_hmc = HMCState(after.position, after.logdensity, state.logdensity_grad)
    return after_as_hmc, TransitionInfo(
        num_integration_steps=jnp.ones((), int),
        acceptance_rate=jnp.asarray(info.acceptance_rate),
        is_divergent=jnp.zeros((), bool),
    )


def _gradients_as_values(spent: Evals) -> Evals:
    """Count as values what the base class counts as gradients: a walk evaluates no gradient."""
    return Evals(values=spent.gradients, gradients=spent.values, simulations=spent.simulations)


SAMPLERS = {"random-walk": RandomWalk()}
