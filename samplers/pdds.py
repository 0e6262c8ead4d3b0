"""The particle denoising diffusion sampler: a particle filter along the diffusion, its potential learnt."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bridgemark.samplers.annealed.weights import resample, reweigh
from bridgemark.samplers.base import Draws, Info, add_evals, evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import log_standard_normal, normal
from bridgemark.samplers.common.learnt import Trace
from bridgemark.samplers.pathspace.control import Network, noise_limit
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, Hint, Law, steered
from bridgemark.samplers.pathspace.path_sampler import PathSampler, Trained, step_down, trace, untrained
from bridgemark.samplers.pathspace.potential import Potential, potential, slope_sample
from bridgemark.samplers.pathspace.smc_runs import climb, several_runs
from bridgemark.targets.base import Density, LogProb


class Buffer(NamedTuple):
    """Draws of the target to learn from, and grad log g_K at each of them."""

    ends: Float[Array, "particles dim"]
    slopes: Float[Array, "particles dim"]

    def precision(self) -> Float[Array, " dim"]:
        """E (d log gamma)^2: the Fisher information of each coordinate."""
        return jnp.mean((self.slopes - self.ends) ** 2, axis=0)


class PDDSState(NamedTuple):
    """Working coordinates, what was learnt, what from, and the number of updates made."""

    coordinates: Affine
    trained: Trained
    buffer: Buffer
    updated: Int[Array, ""]


@dataclass(frozen=True, kw_only=True)
class PDDS(PathSampler):
    """Particle denoising diffusion sampler (Phillips et al. 2024).

    Particles follow the gradient of log g_k, an estimate of log(density of the noised target / that of
    the reference), and are weighted by what it misses, so Z-hat is unbiased for any network. It learns by
    score matching: first on `fit_particles` of a tempered SMC, then on draws of its own, made anew
    `refreshments` times.
    """

    unbiased_z: ClassVar[bool] = True
    horizon: float = 4.0
    updates: int = 4_000
    runs: int = 4
    resample_below: float = 0.3
    fit_particles: int = 256
    refreshments: int = 10

    def networks(self, key: PRNGKeyArray, dim: int) -> Potential:
        return Potential(Network(key, dim, self.width), jnp.zeros(()))

    def law(self, networks: Potential, log_gamma: LogProb) -> Law:
        chain = self.chain()
        memory = jnp.asarray(chain.memory(), float)
        hint = Hint(potential(networks, log_gamma), (memory, networks.network.features(chain.times)))
        forward = steered(lambda most, x, hint: jnp.clip(hint[1], -most, most), noise_limit(chain, self.clip))
        return Law(chain, hint, forward, NO_CONTROL, log_standard_normal)

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[PDDSState, Trace]:
        key_path, key_climb = jax.random.split(key)
        state, spent = super().init(key_path, density)
        log_gamma = state.coordinates.pull_back(density.log_prob)
        _, ends, climbed = climb(key_climb, log_gamma, (self.fit_particles, density.dim))
        buffer = Buffer(ends.z, ends.grad_target + ends.z)
        level = jnp.mean(jnp.log(buffer.precision()))
        parameters = state.trained.parameters
        parameters = parameters._replace(networks=parameters.networks._replace(log_precision=level))
        trained = untrained(parameters, self.optimiser(density))
        spent = Trace(add_evals(spent.evals, climbed), spent.info)
        return PDDSState(state.coordinates, trained, buffer, jnp.asarray(0)), spent

    def update(self, key: PRNGKeyArray, density: Density, state: PDDSState) -> tuple[PDDSState, Trace]:
        key_refresh, key_learn = jax.random.split(key)
        log_gamma = state.coordinates.pull_back(density.log_prob)
        every = max(self.updates_for(density.dim) // (self.refreshments + 1), 1)
        due = (state.updated % every == 0) & (state.updated > 0)

        def refresh() -> Buffer:
            law = self.law(state.trained.parameters.networks, log_gamma)
            cloud, log_weights, _ = self.filter(key_refresh, law, self.fit_particles, density.dim)
            return Buffer(*resample(key_learn, cloud, log_weights, jnp.inf)[0])

        buffer = jax.lax.cond(due, refresh, lambda: state.buffer)
        spent = evals(gradients=jnp.where(due, self.fit_particles * (self.steps + 1), 0))
        trained, learnt = self.match(key_learn, density, log_gamma, state.trained, buffer)
        after = state._replace(trained=trained, buffer=buffer, updated=state.updated + 1)
        return after, Trace(add_evals(spent, learnt.evals), learnt.info)

    def match(
        self, key: PRNGKeyArray, density: Density, log_gamma: LogProb, trained: Trained, buffer: Buffer
    ) -> tuple[Trained, Trace]:
        """One step of E|grad log g_k(X_k) - s|^2, with X_K from the buffer and X_k noised."""
        size = self.batch_size(density.dim)
        keys = jax.random.split(key, 3)
        which = jax.random.randint(keys[0], (size,), 0, self.fit_particles)
        point = jax.random.randint(keys[1], (size,), 0, self.steps)
        chain = self.chain()
        memory = jnp.asarray(chain.memory(), float)[point][:, None]
        ends = buffer.ends[which]
        x = memory * ends + jnp.sqrt(1.0 - memory**2) * normal(keys[2], ends.shape)
        slopes = slope_sample(memory, x, ends, buffer.slopes[which], buffer.precision())
        rates = jnp.asarray(chain.ahead.gain**2 / chain.ahead.variance, float)

        def misfit(parameters: Any) -> Array:
            hint = self.law(parameters.networks, log_gamma).hint
            features = jax.tree.map(lambda leaf: leaf[point], hint.features)
            misses = jax.vmap(hint.look)(features, x)[1] - slopes
            return 0.5 * self.steps * jnp.mean(rates[point] * jnp.sum(misses**2, axis=1))

        value, gradient = jax.value_and_grad(misfit)(trained.parameters)
        after, step = step_down(self.optimiser(density), trained, gradient)
        return after, trace(evals(gradients=size), step, loss=value)

    def sample(
        self, key: PRNGKeyArray, density: Density, state: PDDSState, n: int
    ) -> tuple[PDDSState, Draws]:
        law = self.law(state.trained.parameters.networks, state.coordinates.pull_back(density.log_prob))
        particles = max(n // self.runs, 1)

        def run(key: PRNGKeyArray) -> tuple[Array, Array, Info]:
            (ends, _), log_weights, resampled = self.filter(key, law, particles, density.dim)
            return ends, log_weights, {"resampled": resampled}

        spent = evals(gradients=self.runs * particles * (self.steps + 1))
        return state, several_runs(key, run, self.runs, state.coordinates, spent)

    def filter(
        self, key: PRNGKeyArray, law: Law, particles: int, dim: int
    ) -> tuple[tuple[Array, Array], Array, Array]:
        """Ends (particles, dim), the potential's slopes there, log weights, and where it resampled."""
        look = jax.vmap(law.hint.look, (None, 0))
        control = jax.vmap(law.forward.control, (None, 0, 0))
        at = lambda features, k: jax.tree.map(lambda leaf: leaf[k], features)  # noqa: E731
        lost, gain, variance = (jnp.asarray(array, float) for array in law.chain.ahead)

        def step(carry: Any, k: Array) -> tuple[tuple, Array]:
            cloud, log_weights = carry
            key_resample, key_noise = jax.random.split(jax.random.fold_in(key, k))
            (x, hint), log_weights, resampled = resample(
                key_resample, cloud, log_weights, self.resample_below
            )
            moved = control(at(law.forward.features, k), x, hint)
            displacement = gain[k] * moved + jnp.sqrt(variance[k]) * normal(key_noise, x.shape)
            after = x - lost[k] * x + displacement
            seen = look(at(law.hint.features, k + 1), after)
            cost = gain[k] / variance[k] * jnp.sum(moved * (displacement - 0.5 * gain[k] * moved), axis=1)
            return ((after, seen), reweigh(log_weights, seen[0] - hint[0] - cost)), resampled

        start = normal(jax.random.fold_in(key, self.steps), (particles, dim))
        seen = look(at(law.hint.features, 0), start)
        first = ((start, seen), reweigh(seen[0], jnp.zeros(())))
        ((ends, (_, slopes)), log_weights), resampled = jax.lax.scan(step, first, jnp.arange(self.steps))
        return (ends, slopes), log_weights, resampled


SAMPLERS = {"pdds": PDDS()}
