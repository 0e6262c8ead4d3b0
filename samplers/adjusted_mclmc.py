"""Microcanonical Hamiltonian Monte Carlo with a Metropolis step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import blackjax
import jax
import jax.numpy as jnp
from blackjax.mcmc import adjusted_mclmc_dynamic as dynamic
from blackjax.mcmc.dynamic_hmc import DynamicHMCState
from jaxtyping import Array, Float, PRNGKeyArray

from samplers.base import Fit, Unsupported, evals
from samplers.markov import MarkovChains, Move
from samplers.mclmc import GRADIENTS, Tuned
from targets.base import Target


@dataclass(frozen=True, kw_only=True)
class AdjustedMCLMC(MarkovChains):
    """Metropolis-adjusted microcanonical dynamics (Robnik, Cohn-Gordon and Seljak 2025), BlackJAX's tuning.

    Trajectories have a random number of steps, `steps` on average; `warm_up` trajectories tune step size and
    diagonal mass matrix. Raises Unsupported in one dimension.
    """

    warm_up: int = 700
    steps: float = 8.0
    acceptance: float = 0.9

    def tune(self, key: PRNGKeyArray, target: Target, start: Float[Array, " dim"]) -> Fit:
        if target.dim < 2:
            raise Unsupported("microcanonical dynamics need at least two dimensions")
        key_start, key_tune = jax.random.split(key)
        place, tuned, spent = blackjax.adjusted_mclmc_find_L_and_step_size(
            _kernel(),
            target.log_prob,
            self.warm_up,
            dynamic.init(start, target.log_prob, key_start),
            key_tune,
            target=self.acceptance,
            frac_tune1=0.4,  # twice, once before the scales are known and once after
            frac_tune2=0.2,
            target_num_integration_steps=self.steps,
        )
        state = Tuned(place, *(jnp.asarray(part) for part in tuned))
        info = {"step_size": state.step_size, "length": state.length}
        return Fit(state, evals(gradients=1 + GRADIENTS * spent), info)

    def transition(self, key: PRNGKeyArray, target: Target, state: Tuned) -> tuple[Tuned, Move]:
        place, info = _kernel()(
            key,
            state.place,
            target.log_prob,
            state.step_size,
            inverse_mass_matrix=state.inverse_mass,
            integration_steps_params=(state.length / state.step_size,),
        )
        spent = evals(gradients=GRADIENTS * info.num_integration_steps)
        told = {"acceptance": info.acceptance_rate}
        return state._replace(place=place), Move(jnp.asarray(place.position), spent, told)


def _kernel() -> Callable[..., tuple[DynamicHMCState, Any]]:
    steps = dynamic.make_random_trajectory_length_fn(random_trajectory_length=True)
    return dynamic.build_kernel(integration_steps_fn=steps)


SAMPLERS = {"adjusted-mclmc": AdjustedMCLMC()}
