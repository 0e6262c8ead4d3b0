"""Tempered SMC with moves by HMC or MALA; its schedule is adapted in `fit` and frozen in `sample`."""

from dataclasses import dataclass, replace
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from bridgemark.samplers.annealed.adaptive_smc import tempered_smc
from bridgemark.samplers.annealed.schedule import TemperingSchedule, gradients_spent
from bridgemark.samplers.annealed.tempered_sampler import TemperedSampler
from bridgemark.samplers.base import Draws, Limits, Sampler, State, evals
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.targets.base import Density


@dataclass(frozen=True, kw_only=True)
class SMC(TemperedSampler):
    """Adaptive tempered SMC (Del Moral, Doucet and Jasra 2006) in the coordinates of the Gaussian base.

    `sample` makes `runs` independent runs of n // runs particles. The estimate of Z is unbiased because the
    schedule was frozen before they started.
    """

    unbiased_z: ClassVar[bool] = True
    fit_share: ClassVar[float] = 0.2
    runs: int = 4

    def at_most(self, limits: Limits) -> Sampler:
        return replace(super().at_most(limits), runs=min(self.runs, limits.runs))

    def sample(
        self, key: PRNGKeyArray, density: Density, state: TemperingSchedule, n: int
    ) -> tuple[State, Draws]:
        coordinates = base_coordinates(density.base)
        log_target = coordinates.pull_back(density.log_prob)
        particles = max(n // self.runs, 1)

        def run(key: PRNGKeyArray) -> tuple:
            key_start, key_run = jax.random.split(key)
            start = jax.random.normal(key_start, (particles, density.dim))
            result = tempered_smc(key_run, log_standard_normal, log_target, start, state, self.smc_settings())
            return coordinates.forward(result.particles.z), result.log_z, result.acceptance

        x, log_z, acceptance = jax.lax.map(run, jax.random.split(key, self.runs))
        log_weights = jnp.broadcast_to(log_z[:, None], x.shape[:2])
        spent = jnp.tile(gradients_spent(self.smc_settings(), particles, state), self.runs)
        return state, Draws(x, log_weights, log_z, evals(gradients=spent), {"acceptance": acceptance})


SAMPLERS = {
    "smc": SMC(),
    # HMC of one leapfrog step is MALA, with the optimal acceptance rate of Roberts and Rosenthal (1998). Ten
    # such transitions cost as much as the two of `smc`.
    "mala-smc": SMC(transitions=10, leapfrog_steps=1, target_acceptance=0.574),
}
