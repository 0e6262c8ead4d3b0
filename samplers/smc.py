"""Tempered SMC with HMC moves: an adaptive pass in `fit`, its frozen ladder replayed in `sample`."""

from dataclasses import dataclass, replace
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from samplers.affine import base_coordinates
from samplers.base import Draws, Fit, Sampler, State, evals
from samplers.gaussian import log_standard_normal
from samplers.tempering import Moves, adapt, gradients_spent, replay
from targets.base import Target


@dataclass(frozen=True, kw_only=True)
class SMC(Sampler):
    """Adaptive tempered SMC (Del Moral, Doucet, Jasra 2006) in the coordinates of the Gaussian base.

    `sample` makes `runs` independent runs of n // runs particles; the estimate of Z is unbiased
    because the ladder was frozen before they started.
    """

    unbiased_z: ClassVar[bool] = True
    fit_share: ClassVar[float] = 0.2
    runs: int = 4
    fit_particles: int = 512
    transitions: int = 2
    leapfrog_steps: int = 5
    acceptance: float = 0.8
    ess_fraction: float = 0.8
    largest_rise: float = 0.05
    max_temperatures: int = 200

    def scaled(self, effort: float) -> Sampler:
        return replace(self, fit_particles=max(round(effort * self.fit_particles), 16))

    def fit(self, key: PRNGKeyArray, target: Target) -> Fit:
        coordinates = base_coordinates(target)
        key_start, key_run = jax.random.split(key)
        start = jax.random.normal(key_start, (self.fit_particles, target.dim))
        ladder, outcome = adapt(
            key_run, log_standard_normal, coordinates.pull_back(target.log_prob), start, self._moves()
        )
        spent = gradients_spent(self._moves(), self.fit_particles, ladder)
        info = {"log_z": outcome.log_z, "acceptance": outcome.acceptance, "reached": outcome.reached}
        return Fit(ladder, evals(gradients=spent), info | ladder._asdict())

    def sample(self, key: PRNGKeyArray, target: Target, state: State, n: int) -> tuple[State, Draws]:
        coordinates = base_coordinates(target)
        log_target = coordinates.pull_back(target.log_prob)
        particles = max(n // self.runs, 1)

        def run(key: PRNGKeyArray) -> tuple:
            key_start, key_run = jax.random.split(key)
            start = jax.random.normal(key_start, (particles, target.dim))
            outcome = replay(key_run, log_standard_normal, log_target, start, state, self._moves())
            return coordinates.forward(outcome.particles.z), outcome.log_z, outcome.acceptance

        x, log_z, acceptance = jax.lax.map(run, jax.random.split(key, self.runs))
        log_weights = jnp.broadcast_to(log_z[:, None], x.shape[:2])
        spent = jnp.tile(gradients_spent(self._moves(), particles, state), self.runs)
        return state, Draws(x, log_weights, log_z, evals(gradients=spent), {"acceptance": acceptance})

    def _moves(self) -> Moves:
        return Moves(
            transitions=self.transitions,
            leapfrog_steps=self.leapfrog_steps,
            acceptance=self.acceptance,
            ess_fraction=self.ess_fraction,
            largest_rise=self.largest_rise,
            max_temperatures=self.max_temperatures,
        )


SAMPLERS = {"smc": SMC()}
