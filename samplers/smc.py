"""Tempered SMC with HMC moves: an adaptive pass in `fit`, its frozen ladder replayed in `sample`."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from samplers.annealed.tempered import Tempered
from samplers.annealed.tempering import gradients_spent, replay
from samplers.base import Draws, State, evals
from samplers.common.affine import base_coordinates
from samplers.common.gaussian import log_standard_normal
from targets.base import Target


@dataclass(frozen=True, kw_only=True)
class SMC(Tempered):
    """Adaptive tempered SMC (Del Moral, Doucet, Jasra 2006) in the coordinates of the Gaussian base.

    `sample` makes `runs` independent runs of n // runs particles; the estimate of Z is unbiased
    because the ladder was frozen before they started.
    """

    unbiased_z: ClassVar[bool] = True
    fit_share: ClassVar[float] = 0.2
    runs: int = 4

    def sample(self, key: PRNGKeyArray, target: Target, state: State, n: int) -> tuple[State, Draws]:
        coordinates = base_coordinates(target)
        log_target = coordinates.pull_back(target.log_prob)
        particles = max(n // self.runs, 1)

        def run(key: PRNGKeyArray) -> tuple:
            key_start, key_run = jax.random.split(key)
            start = jax.random.normal(key_start, (particles, target.dim))
            outcome = replay(key_run, log_standard_normal, log_target, start, state, self.moves())
            return coordinates.forward(outcome.particles.z), outcome.log_z, outcome.acceptance

        x, log_z, acceptance = jax.lax.map(run, jax.random.split(key, self.runs))
        log_weights = jnp.broadcast_to(log_z[:, None], x.shape[:2])
        spent = jnp.tile(gradients_spent(self.moves(), particles, state), self.runs)
        return state, Draws(x, log_weights, log_z, evals(gradients=spent), {"acceptance": acceptance})


SAMPLERS = {"smc": SMC()}
