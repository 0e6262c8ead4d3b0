"""Persistent sampling: tempered SMC in which the particles of all rungs stay, reweighted as one mixture."""

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from blackjax.mcmc import hmc
from blackjax.smc import persistent_sampling, resampling
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.annealed.adaptive_smc import Ladder
from bridgemark.samplers.annealed.tempered_sampler import Tempered
from bridgemark.samplers.base import Draws, State, evals
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.targets.base import Density, LogProb


@dataclass(frozen=True, kw_only=True)
class PersistentSMC(Tempered):
    """Persistent sampling (Karamanis and Seljak 2025) on the frozen ladder of an adaptive tempered SMC.

    A rung has n // (runs * reuse) particles; the draws of a run are resampled at the end from those of
    all rungs. Its weights hold the estimates of Z of the rungs before, so that Z-hat has a bias that
    shrinks with the number of particles.
    """

    fit_share: ClassVar[float] = 0.2
    max_temperatures: int = 100
    runs: int = 4
    reuse: int = 4

    def sample(self, key: PRNGKeyArray, density: Density, state: Ladder, n: int) -> tuple[State, Draws]:
        coordinates = base_coordinates(density)
        log_target = coordinates.pull_back(density.log_prob)
        drawn = max(n // self.runs, 1)
        particles = max(drawn // self.reuse, 1)

        def run(key: PRNGKeyArray) -> tuple[Array, Array]:
            key_start, key_climb, key_draw = jax.random.split(key, 3)
            start = jax.random.normal(key_start, (particles, density.dim))
            everyone: Any = self.climb(key_climb, log_target, state, start)
            shares = jnp.ravel(everyone.persistent_weights)
            chosen = resampling.systematic(key_draw, shares / jnp.sum(shares), drawn)
            return everyone.persistent_particles.reshape(-1, density.dim)[chosen], everyone.log_Z

        z, log_z = jax.lax.map(run, jax.random.split(key, self.runs))
        log_weights = jnp.broadcast_to(log_z[:, None], z.shape[:2])
        gradients = particles * (1 + self.transitions * self.leapfrog_steps) * self.rungs(state)
        values = particles * jnp.append(1, self.rungs(state))
        spent = evals(values=jnp.tile(values, self.runs), gradients=jnp.tile(gradients, self.runs))
        return state, Draws(coordinates.forward(z), log_weights, log_z, spent, {})

    def climb(
        self, key: PRNGKeyArray, log_target: LogProb, ladder: Ladder, start: Float[Array, "particles dim"]
    ) -> persistent_sampling.PersistentSMCState:
        """The particles of all rungs of one run."""

        def log_likelihood(z: Array) -> Array:
            excess = log_target(z) - log_standard_normal(z)
            return jnp.where(jnp.isnan(excess), -jnp.inf, excess)

        def rise(rung: Array, everyone: persistent_sampling.PersistentSMCState) -> tuple:
            kernel = persistent_sampling.build_kernel(
                log_standard_normal,
                log_likelihood,
                self.kernel(ladder, rung),
                hmc.init,
                resampling.systematic,
            )
            step_key = jax.random.fold_in(key, rung)
            return kernel(step_key, everyone, self.transitions, ladder.temperatures[rung], {})[0]

        first = persistent_sampling.init(start, log_likelihood, self.max_temperatures)
        return jax.lax.fori_loop(0, ladder.length, rise, first)


SAMPLERS = {"persistent-smc": PersistentSMC()}
