"""Tempered SMC with HMC moves: an adaptive pass in `fit`, its frozen ladder replayed in `sample`."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from bridgemark.samplers.annealed.adaptive_smc import gradients_spent, replay
from bridgemark.samplers.annealed.tempered_sampler import Tempered
from bridgemark.samplers.base import Draws, State, evals
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.targets.base import Density


@dataclass(frozen=True, kw_only=True)
class SMC(Tempered):
    """Adaptive tempered SMC (Del Moral, Doucet, Jasra 2006) in the coordinates of the Gaussian base.

    `sample` makes `runs` independent runs of n // runs particles; the estimate of Z is unbiased
    because the ladder was frozen before they started.
    """

    unbiased_z: ClassVar[bool] = True
    fit_share: ClassVar[float] = 0.2
    runs: int = 4

    def sample(self, key: PRNGKeyArray, density: Density, state: State, n: int) -> tuple[State, Draws]:
        coordinates = base_coordinates(density)
        log_target = coordinates.pull_back(density.log_prob)
        particles = max(n // self.runs, 1)

        def run(key: PRNGKeyArray) -> tuple:
            key_start, key_run = jax.random.split(key)
            start = jax.random.normal(key_start, (particles, density.dim))
            outcome = replay(key_run, log_standard_normal, log_target, start, state, self.moves())
            return coordinates.forward(outcome.particles.z), outcome.log_z, outcome.acceptance

        x, log_z, acceptance = jax.lax.map(run, jax.random.split(key, self.runs))
        log_weights = jnp.broadcast_to(log_z[:, None], x.shape[:2])
        spent = jnp.tile(gradients_spent(self.moves(), particles, state), self.runs)
        return state, Draws(x, log_weights, log_z, evals(gradients=spent), {"acceptance": acceptance})


SAMPLERS = {
    "smc": SMC(),
    # HMC of one leapfrog step is MALA, whose optimal acceptance rate is .574 (Roberts and Rosenthal 1998). Ten
    # transitions cost what the two of `smc` do.
    "mala-smc": SMC(transitions=10, leapfrog_steps=1, acceptance=0.574),
}
