"""Waste-free SMC: few particles are resampled, and all that their chains visit are kept."""

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from blackjax.mcmc import hmc
from blackjax.smc import base, resampling
from blackjax.smc.waste_free import update_waste_free
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.annealed.adaptive_smc import Ladder
from bridgemark.samplers.annealed.tempered_sampler import Tempered, at_temperature
from bridgemark.samplers.annealed.weights import log_mean
from bridgemark.samplers.base import Draws, State, evals
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.targets.base import Density, LogProb


@dataclass(frozen=True, kw_only=True)
class WasteFreeSMC(Tempered):
    """Waste-free SMC (Dau and Chopin 2022) on the frozen ladder of an adaptive tempered SMC.

    At a rung one particle in `kept_states` is resampled and starts a chain of as many HMC states, all of
    which are the next rung's particles. `sample` makes `runs` independent runs of n // runs particles (a
    multiple of `kept_states`); the estimate of Z is unbiased.
    """

    unbiased_z: ClassVar[bool] = True
    fit_share: ClassVar[float] = 0.2
    runs: int = 4
    kept_states: int = 4

    def sample(self, key: PRNGKeyArray, density: Density, state: Ladder, n: int) -> tuple[State, Draws]:
        coordinates = base_coordinates(density)
        log_target = coordinates.pull_back(density.log_prob)
        particles = max(n // self.runs, 1)
        states = min(self.kept_states, particles)
        shape = particles // states, states

        def run(key: PRNGKeyArray) -> tuple[Array, Array]:
            return self.run(key, log_target, state, shape, density.dim)

        z, log_z = jax.lax.map(run, jax.random.split(key, self.runs))
        log_weights = jnp.broadcast_to(log_z[:, None], z.shape[:2])
        gradients = shape[0] * (1 + (states - 1) * self.leapfrog_steps) * self.rungs(state)
        values = shape[0] * states * jnp.append(1, self.rungs(state))
        spent = evals(values=jnp.tile(values, self.runs), gradients=jnp.tile(gradients, self.runs))
        return state, Draws(coordinates.forward(z), log_weights, log_z, spent, {})

    def run(
        self, key: PRNGKeyArray, log_target: LogProb, ladder: Ladder, shape: tuple[int, int], dim: int
    ) -> tuple[Float[Array, "particles dim"], Float[Array, ""]]:
        """The particles of one run of `shape` (chains, states of each), and log Z-hat."""
        chains, states = shape
        rises = jnp.diff(ladder.temperatures, prepend=0.0, append=1.0)

        def log_weights(rung: Array, z: Array) -> Array:
            weights = rises[rung] * jax.vmap(lambda z: log_target(z) - log_standard_normal(z))(z)
            return jnp.where(jnp.isnan(weights), -jnp.inf, weights)

        def climb(rung: Array, carry: tuple) -> tuple:
            cloud, log_z = carry
            density = at_temperature(ladder.temperatures[rung], log_target)
            update, _ = update_waste_free(
                hmc.init, density, self.kernel(ladder, rung), chains * states, states, chains
            )
            cloud, info = base.step(
                jax.random.fold_in(key_climb, rung),
                cloud,
                update,
                lambda z: log_weights(rung + 1, z),
                resampling.systematic,
                chains,
            )
            return cloud, log_z + info.log_likelihood_increment

        key_start, key_climb = jax.random.split(key)
        z = jax.random.normal(key_start, (chains * states, dim))
        first = log_weights(jnp.asarray(0), z)
        cloud: Any = base.SMCState(z, jax.nn.softmax(first), {})
        cloud, log_z = jax.lax.fori_loop(0, ladder.length, climb, (cloud, log_mean(first)))
        return cloud.particles, log_z


SAMPLERS = {"waste-free-smc": WasteFreeSMC()}
