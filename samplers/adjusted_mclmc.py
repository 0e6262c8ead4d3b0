"""Microcanonical Hamiltonian Monte Carlo with a Metropolis step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import blackjax
import jax.numpy as jnp
from blackjax.mcmc import adjusted_mclmc_dynamic as dynamic
from blackjax.mcmc.dynamic_hmc import DynamicHMCState
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Fit, Unsupported, evals
from bridgemark.samplers.mclmc import GRADIENTS, Tuned
from bridgemark.samplers.mcmc.markov import MarkovChains, Move
from bridgemark.targets.base import Density

FEWEST = 40  # trajectories that tune: scales of a few points would be nothing, and steps not a number


@dataclass(frozen=True, kw_only=True)
class AdjustedMCLMC(MarkovChains):
    """Metropolis-adjusted microcanonical dynamics (Robnik, Cohn-Gordon and Seljak 2025), BlackJAX's tuning.

    Trajectories have `steps` steps on average, jittered by a Halton sequence; `warm_up` trajectories
    tune step size and diagonal mass matrix. Raises Unsupported in one dimension.
    """

    warm_up: int = 700
    steps: float = 8.0
    acceptance: float = 0.9

    def tune(self, key: PRNGKeyArray, density: Density, start: Float[Array, " dim"]) -> Fit:
        if density.dim < 2:
            raise Unsupported("microcanonical dynamics need at least two dimensions")
        place, tuned, spent = blackjax.adjusted_mclmc_find_L_and_step_size(
            _kernel(),
            density.log_prob,
            max(self.warm_up, FEWEST),
            dynamic.init(start, density.log_prob, jnp.zeros((), int)),
            key,
            target=self.acceptance,
            frac_tune1=0.4,  # twice, once before the scales are known and once after
            frac_tune2=0.2,
            target_num_integration_steps=self.steps,
        )
        state = Tuned(place, *(jnp.asarray(part) for part in tuned))
        info = {"step_size": state.step_size, "length": state.length}
        return Fit(state, evals(gradients=1 + GRADIENTS * spent), info)

    def transition(self, key: PRNGKeyArray, density: Density, state: Tuned) -> tuple[Tuned, Move]:
        place, info = _kernel()(
            key,
            state.place,
            density.log_prob,
            state.step_size,
            inverse_mass_matrix=state.inverse_mass,
            integration_steps_params=(state.length / state.step_size,),
        )
        spent = evals(gradients=GRADIENTS * info.num_integration_steps)
        told = {"acceptance": info.acceptance_rate}
        return state._replace(place=place), Move(jnp.asarray(place.position), spent, told)


def _kernel() -> Callable[..., tuple[DynamicHMCState, Any]]:
    def steps(turn: Any, mean: Any) -> Array:
        return jnp.maximum(dynamic.trajectory_length(turn, mean), 1).astype(int)

    return dynamic.build_kernel(integration_steps_fn=steps, next_random_arg_fn=lambda turn: turn + 1)


SAMPLERS = {"adjusted-mclmc": AdjustedMCLMC()}
