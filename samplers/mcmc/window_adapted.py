"""Markov chains whose step size and mass matrix come from Stan's window adaptation."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import blackjax
import jax
import jax.numpy as jnp
from blackjax.adaptation.base import get_filter_adapt_info_fn
from blackjax.mcmc.hmc import HMCState
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from bridgemark.samplers.base import Draws, Fit, evals
from bridgemark.samplers.common.parallel import over_devices
from bridgemark.samplers.mcmc.markov_chains import MarkovChains
from bridgemark.targets.base import Density


class Algorithm(NamedTuple):
    """The two functions of a BlackJAX algorithm that window adaptation uses.

    `init` maps a position and a log density to a state. `build_kernel()` returns a transition: it maps a key,
    a state, a log density, a step size, a diagonal inverse mass matrix and options to the next state and
    information with the fields of `TransitionInfo`.
    """

    init: Callable
    build_kernel: Callable


class TransitionInfo(NamedTuple):
    """What a transition reports to the adaptation; `num_integration_steps` counts its evaluations."""

    num_integration_steps: Int[Array, ""]
    acceptance_rate: Float[Array, ""]
    is_divergent: Bool[Array, ""]


class ChainState(NamedTuple):
    """Where each chain is, and its tuned step size and diagonal inverse mass matrix."""

    positions: HMCState
    step_size: Float[Array, " chains"]
    inverse_mass: Float[Array, "chains dim"]


@dataclass(frozen=True, kw_only=True)
class WindowAdaptedChains(MarkovChains):
    """Chains of a BlackJAX kernel that moves by a step size and a diagonal mass matrix.

    In `warm_up` iterations Stan's window adaptation tunes both for each chain, aiming at the acceptance rate
    `target_acceptance`.
    """

    target_acceptance: float = 0.8

    @abstractmethod
    def algorithm(self) -> Any:
        """An `Algorithm`, or a BlackJAX module with the same two functions."""

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """Keyword arguments of the kernel that are not tuned."""

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        key_start, key_warm_up = jax.random.split(key)
        starts = density.base.sample(key_start, self.chains)
        adaptation: Any = blackjax.window_adaptation(
            self.algorithm(),
            density.log_prob,
            target_acceptance_rate=self.target_acceptance,
            adaptation_info_fn=get_filter_adapt_info_fn(info_keys=set(TransitionInfo._fields)),
            **self.options(),
        )

        def warm_up(key: PRNGKeyArray, start: Array) -> tuple:
            (position, parameters), trace = adaptation.run(key, start, self.warm_up)
            return position, parameters["step_size"], parameters["inverse_mass_matrix"], trace.info

        keys = jax.random.split(key_warm_up, self.chains)
        positions, step_size, inverse_mass, info = run_every_chain(warm_up, keys, starts)
        spent = jnp.append(info.num_integration_steps, self.chains)  # the last part: a gradient at each start
        traces = {"step_size": step_size, "warm_up_divergences": jnp.sum(info.is_divergent)}
        return Fit(ChainState(positions, step_size, inverse_mass), evals(gradients=spent), traces)

    def sample(
        self, key: PRNGKeyArray, density: Density, state: ChainState, n: int
    ) -> tuple[ChainState, Draws]:
        length = max(n // self.chains, 1)

        def run(key: PRNGKeyArray, position: HMCState, step_size: Array, inverse_mass: Array) -> tuple:
            kernel = self.algorithm().build_kernel()

            def transition(position: HMCState, key: PRNGKeyArray) -> tuple[HMCState, tuple]:
                position, info = kernel(
                    key, position, density.log_prob, step_size, inverse_mass, **self.options()
                )
                return position, (
                    position.position,
                    info.num_integration_steps,
                    info.acceptance_rate,
                    info.is_divergent,
                )

            return jax.lax.scan(transition, position, jax.random.split(key, length))

        keys = jax.random.split(key, self.chains)
        positions, (x, steps, rates, divergent) = run_every_chain(run, keys, *state)
        info = {"acceptance": jnp.mean(rates, axis=1), "divergences": jnp.sum(divergent, axis=1)}
        return state._replace(positions=positions), Draws(x, None, None, evals(gradients=steps), info)


def run_every_chain(run: Callable[..., Any], *arguments: Any) -> Any:
    """Call `run` for each chain, with its entries along the first axis of `arguments`.

    Chains run side by side by `jax.vmap`, and are shared among the devices if there are several.
    """
    return over_devices(lambda _, chains: jax.vmap(run)(*chains), (), arguments)
