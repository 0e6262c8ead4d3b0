"""What Hamiltonian chains share: window adaptation in `fit`, several chains from the base, counted steps."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import blackjax
import jax
import jax.numpy as jnp
from blackjax.adaptation.base import get_filter_adapt_info_fn
from blackjax.mcmc.hmc import HMCState
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Draws, Fit, Sampler, evals
from bridgemark.samplers.common.parallel import over_devices
from bridgemark.targets.base import Density


class ChainState(NamedTuple):
    """Where each chain is, and its tuned step size and diagonal inverse mass matrix."""

    positions: HMCState
    step_size: Float[Array, " chains"]
    inverse_mass: Float[Array, "chains dim"]


@dataclass(frozen=True, kw_only=True)
class HamiltonianChains(Sampler):
    """Chains of a BlackJAX kernel of the HMC family, started at draws of the base.

    `warm_up` steps of Stan's window adaptation tune each chain's step size and diagonal mass matrix.
    """

    chains: int = 4
    warm_up: int = 1_000
    acceptance: float = 0.8

    def scaled(self, effort: float) -> Sampler:
        return replace(self, warm_up=max(round(effort * self.warm_up), 20))

    @abstractmethod
    def algorithm(self) -> Any:
        """What window adaptation takes: an object with BlackJAX's `init` and `build_kernel`."""

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """Parameters of the algorithm that are not tuned."""

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        key_start, key_warm_up = jax.random.split(key)
        starts = density.base.sample(key_start, self.chains)
        keep = get_filter_adapt_info_fn(
            info_keys={"num_integration_steps", "acceptance_rate", "is_divergent"}
        )
        adaptation: Any = blackjax.window_adaptation(
            self.algorithm(),
            density.log_prob,
            target_acceptance_rate=self.acceptance,
            adaptation_info_fn=keep,
            **self.options(),
        )

        def warm_up(key: PRNGKeyArray, start: Array) -> tuple:
            (position, parameters), trace = adaptation.run(key, start, self.warm_up)
            return position, parameters["step_size"], parameters["inverse_mass_matrix"], trace.info

        *tuned, info = every_chain(warm_up, jax.random.split(key_warm_up, self.chains), starts)
        state = ChainState(*tuned)
        spent = jnp.append(info.num_integration_steps, self.chains)  # and a gradient at each start
        traces = {"step_size": state.step_size, "warm_up_divergences": jnp.sum(info.is_divergent)}
        return Fit(state, evals(gradients=spent), traces)

    def sample(
        self, key: PRNGKeyArray, density: Density, state: ChainState, n: int
    ) -> tuple[ChainState, Draws]:
        length = max(n // self.chains, 1)

        def chain(key: PRNGKeyArray, position: HMCState, step_size: Array, inverse_mass: Array) -> tuple:
            kernel = self.algorithm().build_kernel()

            def transition(position: HMCState, key: PRNGKeyArray) -> tuple[HMCState, tuple]:
                position, info = kernel(
                    key, position, density.log_prob, step_size, inverse_mass, **self.options()
                )
                kept = (info.num_integration_steps, info.acceptance_rate, info.is_divergent)
                return position, (position.position, *kept)

            return jax.lax.scan(transition, position, jax.random.split(key, length))

        keys = jax.random.split(key, self.chains)
        positions, (x, steps, rates, divergent) = every_chain(chain, keys, *state)
        info = {"acceptance": jnp.mean(rates, axis=1), "divergences": jnp.sum(divergent, axis=1)}
        return state._replace(positions=positions), Draws(x, None, None, evals(gradients=steps), info)


def every_chain(run: Callable[..., Any], *each: Any) -> Any:
    """`run` of each chain: side by side on a device, and shared among devices."""
    return over_devices(lambda _, chains: jax.vmap(run)(*chains), (), each)
