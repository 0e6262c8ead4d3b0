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

from bridgemark.samplers.base import Draws, Fit, Sampler, evals
from bridgemark.targets.base import Density


class Ensemble(NamedTuple):
    """Where the chains are, and what was tuned for all; `steps` is a trajectory's largest number."""

    places: DynamicHMCState
    step_size: Float[Array, ""]
    inverse_mass: Float[Array, " dim"]
    steps: Float[Array, ""]


@dataclass(frozen=True, kw_only=True)
class ChEES(Sampler):
    """ChEES-HMC (Hoffman, Radul and Sountsov 2021) with BlackJAX's adaptation, chains from the base.

    `warm_up` transitions of all chains tune step size, diagonal mass matrix and trajectory length, which is
    jittered, the same for all chains: by uniform numbers while tuning, by a Halton sequence thereafter.
    """

    chains: int = 32
    warm_up: int = 400
    rate: float = 0.025
    max_leapfrog_steps: int = 256

    def scaled(self, effort: float) -> Sampler:
        return replace(self, warm_up=max(round(effort * self.warm_up), 20))

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
        optimiser = optax.adam(self.rate)
        (places, tuned), trace = adaptation.run(
            key_run, starts, 0.5 * density.dim**-0.25, optimiser, self.warm_up
        )
        (steps,) = tuned["integration_steps_params"]
        state = Ensemble(places, tuned["step_size"], tuned["inverse_mass_matrix"], steps)
        spent = jnp.append(trace.info.num_integration_steps, self.chains)  # and a gradient at each start
        return Fit(state, evals(gradients=spent), {"step_size": state.step_size, "steps": steps})

    def sample(self, key: PRNGKeyArray, density: Density, state: Ensemble, n: int) -> tuple[Ensemble, Draws]:
        kernel: Callable = dynamic_hmc.build_kernel(
            integration_steps_fn=_jittered, next_random_arg_fn=lambda turn: turn + 1
        )

        def transition(place: DynamicHMCState, key: PRNGKeyArray) -> tuple[DynamicHMCState, tuple]:
            place, info = kernel(
                key, place, density.log_prob, state.step_size, state.inverse_mass, (state.steps,)
            )
            return place, (place.position, info.num_integration_steps, info.acceptance_rate)

        def step(places: DynamicHMCState, key: PRNGKeyArray) -> tuple[DynamicHMCState, tuple]:
            return jax.vmap(transition)(places, jax.random.split(key, self.chains))

        keys = jax.random.split(key, max(n // self.chains, 1))
        places, (x, steps, rates) = jax.lax.scan(step, state.places, keys)
        info = {"acceptance": jnp.mean(rates, axis=0)}
        draws = Draws(jnp.swapaxes(x, 0, 1), None, None, evals(gradients=steps), info)
        return state._replace(places=places), draws


def _jittered(turn: Int[Array, ""], steps: Float[Array, ""]) -> Int[Array, ""]:
    """A share of the steps, uniform over turns, and at least one."""
    return jnp.ceil(dynamic_hmc.halton_sequence(turn) * steps).astype(int)


SAMPLERS = {"chees": ChEES()}
