"""Sequential controlled Langevin diffusions: annealed controlled paths, resampled and moved on the way."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.samplers.annealed.particles import Particles, standard_normal_particles
from bridgemark.samplers.annealed.schedule import TemperingSchedule
from bridgemark.samplers.annealed.weights import resample_if_degenerate, reweight
from bridgemark.samplers.base import Draws, Info, Limits, Sampler, add_evals, evals
from bridgemark.samplers.cmcd import AnnealedNetworks, annealed_measure
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import normal
from bridgemark.samplers.common.learnt import Trace
from bridgemark.samplers.pathspace.chain import Chain, brownian
from bridgemark.samplers.pathspace.control import Network
from bridgemark.samplers.pathspace.losses import Parameters
from bridgemark.samplers.pathspace.path_measure import PathMeasure
from bridgemark.samplers.pathspace.path_sampler import (
    PathSampler,
    Trained,
    init_trained,
    optimiser_step,
    update_trace,
)
from bridgemark.samplers.pathspace.paths import score_path, simulate
from bridgemark.samplers.pathspace.pilot import SETTINGS
from bridgemark.samplers.pathspace.segments import (
    IncrementFn,
    MoveFn,
    Segment,
    Walk,
    WeightedParticles,
    hmc_move,
    no_move,
)
from bridgemark.samplers.pathspace.smc_runs import RunResult, independent_runs, run_adaptive_smc, sub_measure
from bridgemark.targets.base import Density, LogProb

SMALLEST_INCREMENT = 1e-6  # of a temperature, whose logarithm is taken


class SCLDState(NamedTuple):
    """Working coordinates, the schedule whose step sizes HMC moves use, and the trained networks."""

    coordinates: Affine
    tempering: TemperingSchedule
    trained: Trained


@dataclass(frozen=True, kw_only=True)
class SCLD(PathSampler):
    """Sequential controlled Langevin diffusion (Chen et al. 2025).

    The paths of `cmcd` are divided into segments of `stride` steps (of the greatest common divisor of
    `stride` and `steps`). Training makes the weight increment of each segment constant, from wherever its
    particles start. Between segments particles are resampled where their effective share is below
    `resample_below` and, in `sample`, moved by HMC, which leaves the density at that temperature
    invariant. An adaptive tempered SMC of `fit_particles` particles gives the temperatures before training
    and the step sizes of the moves. Z-hat is unbiased for any network. `sample` makes `runs` independent
    runs.
    """

    unbiased_z: ClassVar[bool] = True
    horizon: float = 4.0
    updates: int = 800
    runs: int = 4
    stride: int = 4
    resample_below: float = 0.3
    fit_particles: int = 128

    def at_most(self, limits: Limits) -> Sampler:
        return replace(
            super().at_most(limits),
            runs=min(self.runs, limits.runs),
            fit_particles=min(self.fit_particles, limits.particles),
        )

    def networks(self, key: PRNGKeyArray, dim: int) -> AnnealedNetworks:
        return AnnealedNetworks(Network(key, dim, self.width), jnp.zeros(self.steps))

    def chain(self) -> Chain:
        return brownian(self.horizon, self.steps, self.power)

    def path_measure(self, networks: AnnealedNetworks, log_target: LogProb) -> PathMeasure:
        return annealed_measure(self.chain(), networks, log_target, self.clip)

    def segment_steps(self) -> int:
        """The number of steps of a segment."""
        return math.gcd(self.steps, self.stride)

    def segments(self) -> int:
        """The number of segments of a path."""
        return self.steps // self.segment_steps()

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[SCLDState, Trace]:
        key_path, key_smc = jax.random.split(key)
        path_state, trace = super().init(key_path, density)
        log_target = path_state.coordinates.pull_back(density.log_prob)
        smc = run_adaptive_smc(key_smc, log_target, self.fit_particles, density.dim)
        parameters = path_state.trained.parameters
        networks = parameters.networks._replace(schedule_logits=self.schedule_logits(smc.schedule))
        trained = init_trained(parameters._replace(networks=networks), self.optimiser(density))
        state = SCLDState(path_state.coordinates, smc.schedule, trained)
        return state, Trace(add_evals(trace.evals, smc.evals), trace.info)

    def schedule_logits(self, tempering: TemperingSchedule) -> Float[Array, " steps"]:
        """Logits of temperature increments that spread the steps evenly over those of a schedule."""
        schedule = jnp.append(0.0, tempering.temperatures)
        positions = jnp.arange(self.steps + 1) / self.steps * tempering.length
        temperatures = jnp.interp(positions, jnp.arange(schedule.shape[0]), schedule)
        return jnp.log(jnp.maximum(jnp.diff(temperatures), SMALLEST_INCREMENT))

    def update(self, key: PRNGKeyArray, density: Density, state: SCLDState) -> tuple[SCLDState, Trace]:
        log_target = state.coordinates.pull_back(density.log_prob)
        size, segments = self.batch_size(density.dim), self.segments()
        start = normal(jax.random.fold_in(key, segments), (size, density.dim))
        walk = self.walk(key, state.trained.parameters.networks, log_target, start, no_move)

        def loss(parameters: Parameters) -> Array:
            """Half the variance of the increments of a segment, summed over the segments."""
            increments_of = self.weight_increments(parameters.networks, log_target)
            increments = jax.vmap(increments_of)(jnp.arange(segments), walk.segments)
            return 0.5 * jnp.sum(jnp.var(increments, axis=1, ddof=1))

        value, gradient = jax.value_and_grad(loss)(state.trained.parameters)
        trained, step = optimiser_step(self.optimiser(density), state.trained, gradient)
        spent = evals(gradients=size * (self.steps + segments), values=size * segments)
        return state._replace(trained=trained), update_trace(spent, step, loss=value)

    def sample(
        self, key: PRNGKeyArray, density: Density, state: SCLDState, n: int
    ) -> tuple[SCLDState, Draws]:
        log_target = state.coordinates.pull_back(density.log_prob)
        networks = state.trained.parameters.networks
        particles, segments = max(n // self.runs, 1), self.segments()
        move = hmc_move(state.tempering, log_target)

        def run(key: PRNGKeyArray) -> RunResult:
            start = normal(jax.random.fold_in(key, segments), (particles, density.dim))
            walk = self.walk(key, networks, log_target, start, move)
            return RunResult(walk.last.particles.z, walk.last.log_weights, walk.info)

        per_move = 1 + SETTINGS.transitions * SETTINGS.leapfrog_steps
        gradients_per_path = self.steps + segments + segments * per_move
        total = self.runs * particles
        spent = evals(gradients=total * gradients_per_path, values=total * segments)
        return state, independent_runs(key, run, self.runs, state.coordinates, spent)

    def walk(
        self,
        key: PRNGKeyArray,
        networks: AnnealedNetworks,
        log_target: LogProb,
        start: Float[Array, "particles dim"],
        move: MoveFn,
    ) -> Walk:
        """Simulate particles from `start` through all segments; resample and move them after each."""
        measure = self.path_measure(networks, log_target)
        increments_of = self.weight_increments(networks, log_target)
        width, temperatures = self.segment_steps(), networks.temperatures()

        def walk_segment(
            before: WeightedParticles, index: Array
        ) -> tuple[WeightedParticles, tuple[Segment, Info]]:
            keys = jax.random.split(jax.random.fold_in(key, index), 3)
            noise = normal(keys[0], (len(before.particles.z), width, before.particles.z.shape[1]))
            part = sub_measure(measure, index * width, width)
            paths = jax.vmap(lambda start, noise: simulate(part, start, noise))(before.particles.z, noise)

            ends = paths.x[:, -1]
            # The guidance is the target's score, so that gradients at the ends are known.
            after = standard_normal_particles(ends, jax.vmap(log_target)(ends), paths.guidance[:, -1])
            segment = Segment(paths, before.particles, after)
            log_weights = reweight(before.log_weights, increments_of(index, segment))

            particles, log_weights, resampled = resample_if_degenerate(
                keys[1], after, log_weights, self.resample_below
            )
            moved = move(keys[2], temperatures[(index + 1) * width], particles)
            info = {"resampled": resampled, "acceptance": moved.acceptance}
            return WeightedParticles(moved.particles, log_weights), (segment, info)

        # At temperature 0 the target's density and gradient have no weight: zeros stand for them.
        particles = standard_normal_particles(start, jnp.zeros(len(start)), jnp.zeros_like(start))
        first = WeightedParticles(particles, jnp.zeros(len(start)))
        last, (segments, info) = jax.lax.scan(walk_segment, first, jnp.arange(self.segments()))
        return Walk(last, segments, info)

    def weight_increments(self, networks: AnnealedNetworks, log_target: LogProb) -> IncrementFn:
        """The log weight increments log pi_after(end) - log pi_before(start) + sum log B/F of a segment.

        pi_before and pi_after are the tempered densities at both ends of the segment.
        """
        measure = self.path_measure(networks, log_target)
        width, temperatures = self.segment_steps(), networks.temperatures()

        def log_tempered(point: Array, particles: Particles) -> Array:
            log_base_part = (1.0 - temperatures[point]) * particles.log_base
            return log_base_part + temperatures[point] * particles.log_target

        def increments_of(index: Array, segment: Segment) -> Array:
            first_point = index * width
            part = sub_measure(measure, first_point, width)
            log_density_ratios = log_tempered(first_point + width, segment.after) - log_tempered(
                first_point, segment.before
            )
            return log_density_ratios + jax.vmap(lambda path: score_path(part, path))(segment.paths)

        return increments_of


SAMPLERS = {"scld": SCLD()}
