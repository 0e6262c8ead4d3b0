"""Microcanonical Hamiltonian Monte Carlo with a Metropolis step."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import blackjax
import jax.numpy as jnp
from blackjax.mcmc import adjusted_mclmc_dynamic as dynamic
from blackjax.mcmc.dynamic_hmc import DynamicHMCState
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Fit, Limits, Sampler, Unsupported, evals
from bridgemark.samplers.mclmc import GRADIENTS_PER_STEP, MicrocanonicalState
from bridgemark.samplers.mcmc.self_tuned import ChainDraw, SelfTunedChains
from bridgemark.targets.base import Density

LEAST_WARM_UP = 40  # trajectories: fewer points give scales of zero, and step sizes that are not a number


@dataclass(frozen=True, kw_only=True)
class AdjustedMCLMC(SelfTunedChains):
    """Metropolis-adjusted microcanonical dynamics (Robnik, Cohn-Gordon and Seljak 2025), tuned by BlackJAX.

    A trajectory has `steps` steps on average, their number jittered by a Halton sequence. In `warm_up`
    trajectories each chain tunes its step size, to the acceptance rate `target_acceptance`, and a diagonal
    mass matrix. Raises Unsupported in one dimension.
    """

    warm_up: int = 700
    steps: float = 8.0
    target_acceptance: float = 0.9

    def at_most(self, limits: Limits) -> Sampler:
        return replace(super().at_most(limits), steps=min(self.steps, limits.steps))

    def tune(self, key: PRNGKeyArray, density: Density, start: Float[Array, " dim"]) -> Fit:
        if density.dim < 2:
            raise Unsupported("microcanonical dynamics need at least two dimensions")
        chain, parameters, steps = blackjax.adjusted_mclmc_find_L_and_step_size(
            _kernel(),
            density.log_prob,
            max(self.warm_up, LEAST_WARM_UP),
            dynamic.init(start, density.log_prob, jnp.zeros((), int)),
            key,
            target=self.target_acceptance,
            frac_tune1=0.4,  # of the warm-up, made twice: before the scales are known and after
            frac_tune2=0.2,
            target_num_integration_steps=self.steps,
        )
        state = MicrocanonicalState(chain, *(jnp.asarray(value) for value in parameters))
        info = {"step_size": state.step_size, "length": state.length}
        return Fit(state, evals(gradients=1 + GRADIENTS_PER_STEP * steps), info)

    def draw(
        self, key: PRNGKeyArray, density: Density, state: MicrocanonicalState
    ) -> tuple[MicrocanonicalState, ChainDraw]:
        chain, info = _kernel()(
            key,
            state.chain,
            density.log_prob,
            state.step_size,
            inverse_mass_matrix=state.inverse_mass,
            integration_steps_params=(state.length / state.step_size,),
        )
        spent = evals(gradients=GRADIENTS_PER_STEP * info.num_integration_steps)
        draw = ChainDraw(jnp.asarray(chain.position), spent, {"acceptance": info.acceptance_rate})
        return state._replace(chain=chain), draw


def _kernel() -> Callable[..., tuple[DynamicHMCState, Any]]:
    """BlackJAX's kernel, with the Halton number `index` of a trajectory deciding its number of steps."""

    def trajectory_steps(index: Any, mean: Any) -> Array:
        return jnp.maximum(dynamic.trajectory_length(index, mean), 1).astype(int)

    return dynamic.build_kernel(
        integration_steps_fn=trajectory_steps, next_random_arg_fn=lambda index: index + 1
    )


SAMPLERS = {"adjusted-mclmc": AdjustedMCLMC()}
