"""Microcanonical Langevin Monte Carlo, without a Metropolis step."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import blackjax
import jax
import jax.numpy as jnp
from blackjax.mcmc import mclmc
from blackjax.mcmc.integrators import IntegratorState
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.base import Fit, Unsupported, evals
from bridgemark.samplers.mcmc.markov import MarkovChains, Move
from bridgemark.targets.base import Density

GRADIENTS = 2  # of a step of McLachlan's integrator
SHARES = (0.2, 0.3, 0.4)  # of the warm-up: for the step size, the scales, the length


class Tuned(NamedTuple):
    """Where a chain is, and what it was tuned to."""

    place: IntegratorState
    length: Float[Array, ""]
    step_size: Float[Array, ""]
    inverse_mass: Float[Array, " dim"]


@dataclass(frozen=True, kw_only=True)
class MCLMC(MarkovChains):
    """MCLMC (Robnik, De Luca, Silverstein and Seljak 2023) with BlackJAX's tuning.

    Not adjusted: the step size bounds the bias through `energy_variance`, the variance of the energy's
    error per dimension. `warm_up` steps tune step size, diagonal mass matrix and decoherence length; a draw
    is kept of `thinning` steps. Raises Unsupported in one dimension.
    """

    warm_up: int = 4_000
    thinning: int = 4
    energy_variance: float = 5e-4

    def tune(self, key: PRNGKeyArray, density: Density, start: Float[Array, " dim"]) -> Fit:
        if density.dim < 2:
            raise Unsupported("microcanonical dynamics need at least two dimensions")
        key_start, key_tune = jax.random.split(key)
        options: Any = dict(zip(("frac_tune1", "frac_tune2", "frac_tune3"), SHARES, strict=True))
        place, tuned, _ = blackjax.mclmc_find_L_and_step_size(
            mclmc.build_kernel(),
            self.warm_up,
            mclmc.init(start, density.log_prob, key_start),
            key_tune,
            logdensity_fn=density.log_prob,
            desired_energy_var=self.energy_variance,
            **options,
        )
        state = Tuned(place, *(jnp.asarray(part) for part in tuned))
        info = {"step_size": state.step_size, "length": state.length}
        return Fit(state, evals(gradients=1 + GRADIENTS * steps_of_tuning(self.warm_up)), info)

    def transition(self, key: PRNGKeyArray, density: Density, state: Tuned) -> tuple[Tuned, Move]:
        kernel: Any = mclmc.build_kernel()

        def step(place: IntegratorState, key: PRNGKeyArray) -> tuple[IntegratorState, Array]:
            place, info = kernel(key, place, density.log_prob, state.inverse_mass, *state[1:3])
            return place, jnp.asarray(info.energy_change)

        place, errors = jax.lax.scan(step, state.place, jax.random.split(key, self.thinning))
        info = {"energy_variance": jnp.mean(errors**2) / density.dim}
        spent = evals(gradients=GRADIENTS * self.thinning)
        return state._replace(place=place), Move(jnp.asarray(place.position), spent, info)


def steps_of_tuning(warm_up: int) -> int:
    """What BlackJAX makes of `warm_up`: it tells its steps, each two gradients, and rounds otherwise."""
    first, second, third = (round(share * warm_up) for share in SHARES)
    return first + second + round(second / 3) + (third if third >= 2 else 0)


SAMPLERS = {"mclmc": MCLMC()}
