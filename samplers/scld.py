"""Sequential controlled Langevin diffusions: annealed controlled paths, resampled and moved on the way."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.annealed.adaptive_smc import Ladder, Particles, move
from bridgemark.samplers.annealed.weights import resample, reweigh
from bridgemark.samplers.base import Draws, Info, add_evals, evals
from bridgemark.samplers.cmcd import Annealed, annealed_law
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import log_standard_normal, normal
from bridgemark.samplers.common.learnt import Trace
from bridgemark.samplers.pathspace.chain import Chain, brownian
from bridgemark.samplers.pathspace.control import Network
from bridgemark.samplers.pathspace.losses import Parameters
from bridgemark.samplers.pathspace.path_measure import Law
from bridgemark.samplers.pathspace.path_sampler import PathSampler, Trained, step_down, trace, untrained
from bridgemark.samplers.pathspace.paths import Path, score_path, simulate
from bridgemark.samplers.pathspace.pilot import MOVES
from bridgemark.samplers.pathspace.smc_runs import climb, cut, several_runs
from bridgemark.targets.base import Density, LogProb


class SCLDState(NamedTuple):
    """Working coordinates, the ladder whose step sizes the moves take, and what was learnt."""

    coordinates: Affine
    ladder: Ladder
    trained: Trained


class Leg(NamedTuple):
    """A batch of paths over a few steps, and the particles at both ends."""

    paths: Path
    before: Particles
    after: Particles


Mover: TypeAlias = Callable[[PRNGKeyArray, Array, Particles], tuple[Particles, Array]]


@dataclass(frozen=True, kw_only=True)
class SCLD(PathSampler):
    """Sequential controlled Langevin diffusion (Chen et al. 2025).

    The paths of `cmcd` are cut into legs of `stride` steps (the greatest common divisor with `steps`).
    Each leg is trained to have a constant weight from wherever its particles start; between legs
    particles are resampled and, when sampling, moved by HMC, which keeps the law at that temperature.
    An adaptive tempered SMC of `fit_particles` in the working coordinates gives the first temperatures
    and the step sizes of the moves. Z-hat is unbiased for any network.
    """

    unbiased_z: ClassVar[bool] = True
    horizon: float = 4.0
    updates: int = 800
    runs: int = 4
    stride: int = 4
    resample_below: float = 0.3
    fit_particles: int = 128

    def networks(self, key: PRNGKeyArray, dim: int) -> Annealed:
        return Annealed(Network(key, dim, self.width), jnp.zeros(self.steps))

    def chain(self) -> Chain:
        return brownian(self.horizon, self.steps, self.power)

    def law(self, networks: Annealed, log_gamma: LogProb) -> Law:
        return annealed_law(self.chain(), networks, log_gamma, self.clip)

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[SCLDState, Trace]:
        key_path, key_climb = jax.random.split(key)
        state, spent = super().init(key_path, density)
        log_gamma = state.coordinates.pull_back(density.log_prob)
        ladder, _, climbed = climb(key_climb, log_gamma, (self.fit_particles, density.dim))
        parameters = state.trained.parameters
        networks = parameters.networks._replace(rises=self.rises(ladder))
        trained = untrained(parameters._replace(networks=networks), self.optimiser(density))
        return SCLDState(state.coordinates, ladder, trained), Trace(
            add_evals(spent.evals, climbed), spent.info
        )

    def rises(self, ladder: Ladder) -> Float[Array, " steps"]:
        """Logits of the temperatures' increments, so many steps to a rung."""
        known = jnp.append(0.0, ladder.temperatures)
        rungs = jnp.arange(self.steps + 1) / self.steps * ladder.length
        temperatures = jnp.interp(rungs, jnp.arange(known.shape[0]), known)
        return jnp.log(jnp.maximum(jnp.diff(temperatures), 1e-6))

    def update(self, key: PRNGKeyArray, density: Density, state: SCLDState) -> tuple[SCLDState, Trace]:
        log_gamma = state.coordinates.pull_back(density.log_prob)
        size, legs = self.batch_size(density.dim), self.steps // self.leg_steps()
        start = normal(jax.random.fold_in(key, legs), (size, density.dim))
        _, walked, _ = self.sweep(key, state.trained.parameters.networks, log_gamma, start, stay)

        def spread(parameters: Parameters) -> Array:
            increments = jax.vmap(self.increments(parameters.networks, log_gamma))(jnp.arange(legs), walked)
            return 0.5 * jnp.sum(jnp.var(increments, axis=1, ddof=1))

        value, gradient = jax.value_and_grad(spread)(state.trained.parameters)
        trained, step = step_down(self.optimiser(density), state.trained, gradient)
        spent = evals(gradients=size * (self.steps + legs), values=size * legs)
        return state._replace(trained=trained), trace(spent, step, loss=value)

    def sample(
        self, key: PRNGKeyArray, density: Density, state: SCLDState, n: int
    ) -> tuple[SCLDState, Draws]:
        log_gamma = state.coordinates.pull_back(density.log_prob)
        networks, ladder = state.trained.parameters.networks, state.ladder
        particles, legs = max(n // self.runs, 1), self.steps // self.leg_steps()

        def by_hmc(key: PRNGKeyArray, temperature: Array, cloud: Particles) -> tuple[Particles, Array]:
            rung = jnp.minimum(jnp.searchsorted(ladder.temperatures, temperature), ladder.length - 1)
            steps = (ladder.step_sizes[rung], ladder.inverse_masses[rung], MOVES)
            moved, rate, _ = move(key, log_standard_normal, log_gamma, cloud, temperature, *steps, gain=0.0)
            return moved, rate

        def run(key: PRNGKeyArray) -> tuple[Array, Array, Info]:
            start = normal(jax.random.fold_in(key, legs), (particles, density.dim))
            (cloud, log_weights), _, info = self.sweep(key, networks, log_gamma, start, by_hmc)
            return cloud.z, log_weights, info

        moves = legs * (1 + MOVES.transitions * MOVES.leapfrog_steps)
        total = self.runs * particles
        spent = evals(gradients=total * (self.steps + legs + moves), values=total * legs)
        return state, several_runs(key, run, self.runs, state.coordinates, spent)

    def leg_steps(self) -> int:
        return math.gcd(self.steps, self.stride)

    def sweep(
        self, key: PRNGKeyArray, networks: Annealed, log_gamma: LogProb, start: Array, mover: Mover
    ) -> tuple[tuple[Particles, Array], Leg, Info]:
        """All legs from `start` (particles, dim): weighted ends, the legs, and what happened."""
        law, increments = self.law(networks, log_gamma), self.increments(networks, log_gamma)
        width, temperatures = self.leg_steps(), networks.temperatures()

        def walk(carry: tuple, index: Array) -> tuple[tuple, tuple]:
            cloud, log_weights = carry
            keys = jax.random.split(jax.random.fold_in(key, index), 3)
            noise = normal(keys[0], (len(cloud.z), width, cloud.z.shape[1]))
            part = cut(law, index * width, width)
            paths = jax.vmap(lambda start, noise: simulate(part, start, noise))(cloud.z, noise)
            end = paths.x[:, -1]
            leg = Leg(paths, cloud, at(end, jax.vmap(log_gamma)(end), paths.hints[:, -1]))
            log_weights = reweigh(log_weights, increments(index, leg))
            cloud, log_weights, resampled = resample(keys[1], leg.after, log_weights, self.resample_below)
            cloud, rate = mover(keys[2], temperatures[(index + 1) * width], cloud)
            return (cloud, log_weights), (leg, {"resampled": resampled, "acceptance": rate})

        first = at(start, jnp.zeros(len(start)), jnp.zeros_like(start))  # at temperature 0 gamma is not asked
        weighted, (legs, info) = jax.lax.scan(
            walk, (first, jnp.zeros(len(start))), jnp.arange(self.steps // width)
        )
        return weighted, legs, info

    def increments(self, networks: Annealed, log_gamma: LogProb) -> Callable[[Array, Leg], Array]:
        """log pi_after(end) - log pi_before(start) + sum log B/F of every path of a leg, by its index."""
        law, width, temperatures = self.law(networks, log_gamma), self.leg_steps(), networks.temperatures()

        def annealed(point: Array, cloud: Particles) -> Array:
            return (1.0 - temperatures[point]) * cloud.log_base + temperatures[point] * cloud.log_target

        def of(index: Array, leg: Leg) -> Array:
            point = index * width
            part = cut(law, point, width)
            ends = annealed(point + width, leg.after) - annealed(point, leg.before)
            return ends + jax.vmap(lambda path: score_path(part, path))(leg.paths)

        return of


def at(z: Array, log_target: Array, slopes: Array) -> Particles:
    """Particles between N(0, I) and a target of which value and gradient are known."""
    return Particles(z, jax.vmap(log_standard_normal)(z), log_target, -z, slopes)


def stay(key: PRNGKeyArray, temperature: Array, cloud: Particles) -> tuple[Particles, Array]:
    """The mover that moves nothing."""
    return cloud, jnp.ones(())


SAMPLERS = {"scld": SCLD()}
