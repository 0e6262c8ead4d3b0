"""Random-walk Metropolis: the humble floor."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from blackjax.mcmc import random_walk
from blackjax.mcmc.hmc import HMCState
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Draws, Evals, Fit
from bridgemark.samplers.mcmc.chains import ChainState, HamiltonianChains
from bridgemark.samplers.mcmc.thinning import Told, thinned
from bridgemark.targets.base import Density, LogProb

UNIT = 0.1  # of step sizes: dual averaging begins with ten, which for a walk is far too long


@dataclass(frozen=True, kw_only=True)
class RandomWalk(HamiltonianChains):
    """Gaussian random-walk Metropolis, its step size and diagonal scale from window adaptation.

    Steps have standard deviations UNIT * step size * scale. The acceptance aimed at is that of Roberts,
    Gelman and Gilks (1997); a draw is kept of `thinning`.
    """

    acceptance: float = 0.234
    thinning: int = 16

    def algorithm(self) -> Any:
        return thinned(_start, _walk, self.thinning)

    def options(self) -> dict[str, Any]:
        return {}

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        fit = super().fit(key, density)
        return fit._replace(evals=_as_values(fit.evals))

    def sample(
        self, key: PRNGKeyArray, density: Density, state: ChainState, n: int
    ) -> tuple[ChainState, Draws]:
        state, draws = super().sample(key, density, state, n)
        return state, draws._replace(evals=_as_values(draws.evals))


def _start(position: Float[Array, " dim"], log_prob: LogProb) -> HMCState:
    # The adaptation wants a gradient to be there, and does not look at it.
    density: Any = log_prob(position)
    return HMCState(position, density, jnp.zeros_like(position))


def _walk(
    key: PRNGKeyArray,
    state: HMCState,
    log_prob: LogProb,
    step_size: Float[Array, ""],
    inverse_mass: Float[Array, " dim"],
) -> tuple[HMCState, Told]:
    step: Any = random_walk.normal(UNIT * step_size * jnp.sqrt(inverse_mass))
    before = random_walk.RWState(state.position, state.logdensity)
    after, info = random_walk.build_additive_step()(key, before, log_prob, step)
    told = Told(jnp.ones((), int), jnp.asarray(info.acceptance_rate), jnp.zeros((), bool))
    return HMCState(after.position, after.logdensity, state.logdensity_grad), told


def _as_values(spent: Evals) -> Evals:
    """What Hamiltonian chains would have paid for in gradients."""
    return Evals(values=spent.gradients, gradients=spent.values, simulations=spent.simulations)


SAMPLERS = {"random-walk": RandomWalk()}
