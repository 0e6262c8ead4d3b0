"""ChEES-HMC: an ensemble of chains that learns how long trajectories should be."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import blackjax
import jax
import jax.numpy as jnp
import optax
from blackjax.adaptation.base import get_filter_adapt_info_fn
from blackjax.mcmc import dynamic_hmc
from blackjax.mcmc.dynamic_hmc import DynamicHMCState
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bridgemark.samplers.base import Draws, Fit, Limits, Sampler, evals
from bridgemark.samplers.mcmc.markov_chains import MarkovChains
from bridgemark.targets.base import Density


class EnsembleState(NamedTuple):
    """Where the chains are, and the parameters that they share.

    `steps` is the largest number of leapfrog steps of a trajectory; `inverse_mass` is diagonal.
    """

    chains: DynamicHMCState
    step_size: Float[Array, ""]
    inverse_mass: Float[Array, " dim"]
    steps: Float[Array, ""]


@dataclass(frozen=True, kw_only=True)
class ChEES(MarkovChains):
    """ChEES-HMC (Hoffman, Radul and Sountsov 2021) with BlackJAX's adaptation, from draws of the base.

    In `warm_up` transitions all chains together tune one step size, one diagonal mass matrix and one
    trajectory length, by Adam with `learning_rate`. The length of each trajectory is jittered, equally for
    all chains: by uniform numbers during the warm-up, by a Halton sequence afterwards.
    """

    chains: int = 32
    warm_up: int = 400
    learning_rate: float = 0.025
    max_leapfrog_steps: int = 256

    def at_most(self, limits: Limits) -> Sampler:
        return replace(super().at_most(limits), max_leapfrog_steps=min(self.max_leapfrog_steps, limits.steps))

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        key_start, key_run = jax.random.split(key)
        adaptation: Any = blackjax.chees_adaptation(
            density.log_prob,
            self.chains,
            max_leapfrog_steps=self.max_leapfrog_steps,
            adaptation_info_fn=get_filter_adapt_info_fn(info_keys={"num_integration_steps"}),
            mass_matrix_estimation="diagonal",
            jitter_generator=jax.random.uniform,
        )
        starts = density.base.sample(key_start, self.chains)
        optimiser = optax.adam(self.learning_rate)
        (chains, parameters), trace = adaptation.run(
            key_run, starts, 0.5 * density.dim**-0.25, optimiser, self.warm_up
        )
        (steps,) = parameters["integration_steps_params"]
        state = EnsembleState(chains, parameters["step_size"], parameters["inverse_mass_matrix"], steps)
        spent = jnp.append(trace.info.num_integration_steps, self.chains)  # the last part: one at each start
        return Fit(state, evals(gradients=spent), {"step_size": state.step_size, "steps": steps})

    def sample(
        self, key: PRNGKeyArray, density: Density, state: EnsembleState, n: int
    ) -> tuple[EnsembleState, Draws]:
        kernel: Callable = dynamic_hmc.build_kernel(
            integration_steps_fn=_jittered_steps, next_random_arg_fn=lambda index: index + 1
        )

        def transition(chain: DynamicHMCState, key: PRNGKeyArray) -> tuple[DynamicHMCState, tuple]:
            chain, info = kernel(
                key, chain, density.log_prob, state.step_size, state.inverse_mass, (state.steps,)
            )
            return chain, (chain.position, info.num_integration_steps, info.acceptance_rate)

        def move_all(chains: DynamicHMCState, key: PRNGKeyArray) -> tuple[DynamicHMCState, tuple]:
            return jax.vmap(transition)(chains, jax.random.split(key, self.chains))

        keys = jax.random.split(key, max(n // self.chains, 1))
        chains, (x, steps, rates) = jax.lax.scan(move_all, state.chains, keys)
        info = {"acceptance": jnp.mean(rates, axis=0)}
        draws = Draws(jnp.swapaxes(x, 0, 1), None, None, evals(gradients=steps), info)
        return state._replace(chains=chains), draws


def _jittered_steps(index: Int[Array, ""], steps: Float[Array, ""]) -> Int[Array, ""]:
    """Steps of the trajectory `index`: a uniform share of `steps`, and at least one."""
    return jnp.ceil(dynamic_hmc.halton_sequence(index) * steps).astype(int)


SAMPLERS = {"chees": ChEES()}
