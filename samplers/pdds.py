"""The particle denoising diffusion sampler: a particle filter along the diffusion with learnt potentials."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from bridgemark.samplers.annealed.weights import resample_if_degenerate, reweight
from bridgemark.samplers.base import Draws, Limits, Sampler, add_evals, evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import log_standard_normal, normal
from bridgemark.samplers.common.learnt import Trace
from bridgemark.samplers.pathspace.control import Network, control_limit
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, PathMeasure, features_at, with_control
from bridgemark.samplers.pathspace.path_sampler import (
    PathSampler,
    Trained,
    init_trained,
    optimiser_step,
    update_trace,
)
from bridgemark.samplers.pathspace.potential import (
    PotentialNetworks,
    PotentialValue,
    gradient_sample,
    potential_guidance,
)
from bridgemark.samplers.pathspace.smc_runs import RunResult, independent_runs, run_adaptive_smc
from bridgemark.targets.base import Density, LogProb


class TrainingDraws(NamedTuple):
    """Draws of the target that the potential is learnt from, and grad log g_K at each of them."""

    x: Float[Array, "particles dim"]
    gradients: Float[Array, "particles dim"]

    def precision(self) -> Float[Array, " dim"]:
        """The mean of (d log gamma)^2 in every coordinate, its Fisher information."""
        return jnp.mean((self.gradients - self.x) ** 2, axis=0)


class PDDSState(NamedTuple):
    """Working coordinates, the trained potential, the draws it learns from, and a count of updates."""

    coordinates: Affine
    trained: Trained
    training_draws: TrainingDraws
    updates_made: Int[Array, ""]


class FilterParticles(NamedTuple):
    """Particles at one time, and the potential at each of them."""

    x: Float[Array, "particles dim"]
    potential: PotentialValue


class FilterState(NamedTuple):
    """Weighted particles at one time."""

    particles: FilterParticles
    log_weights: Float[Array, " particles"]


class FilterResult(NamedTuple):
    """Weighted particles at the last time, and at which steps they were resampled on the way."""

    particles: FilterParticles
    log_weights: Float[Array, " particles"]
    resampled: Bool[Array, " steps"]


@dataclass(frozen=True, kw_only=True)
class PDDS(PathSampler):
    """Particle denoising diffusion sampler (Phillips et al. 2024).

    Particles follow the gradient of log g_k, an estimate of the log density ratio of the noised target and
    of the reference. Their weights correct the errors of the estimate, so that Z-hat is unbiased for any
    network. The potential is learnt by score matching: first on `fit_particles` particles of a tempered
    SMC, then on the filter's own draws, made anew `refreshments` times. Particles are resampled where
    their effective share falls below `resample_below`; `sample` makes `runs` independent runs.
    """

    unbiased_z: ClassVar[bool] = True
    horizon: float = 4.0
    updates: int = 4_000
    runs: int = 4
    resample_below: float = 0.3
    fit_particles: int = 256
    refreshments: int = 10

    def at_most(self, limits: Limits) -> Sampler:
        return replace(
            super().at_most(limits),
            runs=min(self.runs, limits.runs),
            fit_particles=min(self.fit_particles, limits.particles),
        )

    def networks(self, key: PRNGKeyArray, dim: int) -> PotentialNetworks:
        return PotentialNetworks(Network(key, dim, self.width), jnp.zeros(()))

    def path_measure(self, networks: PotentialNetworks, log_target: LogProb) -> PathMeasure:
        """Paths whose forward control is the clipped gradient of the potential."""
        chain = self.chain()
        guidance = potential_guidance(networks, chain, log_target)

        def control(
            limit: Float[Array, ""], x: Float[Array, " dim"], potential: PotentialValue
        ) -> Float[Array, " dim"]:
            return jnp.clip(potential.gradient, -limit, limit)

        forward = with_control(control, control_limit(chain, self.clip))
        return PathMeasure(chain, guidance, forward, NO_CONTROL, log_standard_normal)

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[PDDSState, Trace]:
        key_path, key_smc = jax.random.split(key)
        path_state, trace = super().init(key_path, density)
        log_target = path_state.coordinates.pull_back(density.log_prob)
        smc = run_adaptive_smc(key_smc, log_target, self.fit_particles, density.dim)
        # grad log g_K = grad log(gamma / N(0, I))
        training_draws = TrainingDraws(smc.particles.z, smc.particles.grad_target + smc.particles.z)
        log_precision = jnp.mean(jnp.log(training_draws.precision()))

        parameters = path_state.trained.parameters
        networks = parameters.networks._replace(log_precision=log_precision)
        trained = init_trained(parameters._replace(networks=networks), self.optimiser(density))
        state = PDDSState(path_state.coordinates, trained, training_draws, jnp.asarray(0))
        return state, Trace(add_evals(trace.evals, smc.evals), trace.info)

    def update(self, key: PRNGKeyArray, density: Density, state: PDDSState) -> tuple[PDDSState, Trace]:
        key_filter, key_resample, key_learn = jax.random.split(key, 3)
        log_target = state.coordinates.pull_back(density.log_prob)
        period = max(self.updates_for(density.dim) // (self.refreshments + 1), 1)
        due = (state.updates_made % period == 0) & (state.updates_made > 0)

        def refresh() -> TrainingDraws:
            measure = self.path_measure(state.trained.parameters.networks, log_target)
            filtered = self.run_filter(key_filter, measure, self.fit_particles, density.dim)
            weighted = TrainingDraws(filtered.particles.x, filtered.particles.potential.gradient)
            return resample_if_degenerate(key_resample, weighted, filtered.log_weights, jnp.inf)[0]

        training_draws = jax.lax.cond(due, refresh, lambda: state.training_draws)
        spent = evals(gradients=jnp.where(due, self.fit_particles * (self.steps + 1), 0))
        trained, trace = self.match_scores(key_learn, density, log_target, state.trained, training_draws)
        state = state._replace(
            trained=trained, training_draws=training_draws, updates_made=state.updates_made + 1
        )
        return state, Trace(add_evals(spent, trace.evals), trace.info)

    def match_scores(
        self,
        key: PRNGKeyArray,
        density: Density,
        log_target: LogProb,
        trained: Trained,
        training_draws: TrainingDraws,
    ) -> tuple[Trained, Trace]:
        """Make one optimiser step on E|grad log g_k(X_k) - s|^2.

        X_K is a training draw, X_k a noised one, and s is a `gradient_sample`. Steps k are weighted as in
        the KL divergence of the path measures.
        """
        size = self.batch_size(density.dim)
        key_draws, key_times, key_noise = jax.random.split(key, 3)
        chosen = jax.random.randint(key_draws, (size,), 0, self.fit_particles)
        indices = jax.random.randint(key_times, (size,), 0, self.steps)
        chain = self.chain()
        decay = jnp.asarray(chain.decay_to_end(), float)[indices][:, None]
        ends = training_draws.x[chosen]
        x = decay * ends + jnp.sqrt(1.0 - decay**2) * normal(key_noise, ends.shape)
        gradients = gradient_sample(
            decay, x, ends, training_draws.gradients[chosen], training_draws.precision()[None]
        )
        kl_weights = jnp.asarray(chain.forward.gain**2 / chain.forward.variance, float)

        def loss(parameters: Any) -> Array:
            guidance = self.path_measure(parameters.networks, log_target).guidance
            features = features_at(guidance.features, indices)
            errors = jax.vmap(guidance.evaluate)(features, x).gradient - gradients
            return 0.5 * self.steps * jnp.mean(kl_weights[indices] * jnp.sum(errors**2, axis=1))

        value, gradient = jax.value_and_grad(loss)(trained.parameters)
        trained, step = optimiser_step(self.optimiser(density), trained, gradient)
        return trained, update_trace(evals(gradients=size), step, loss=value)

    def sample(
        self, key: PRNGKeyArray, density: Density, state: PDDSState, n: int
    ) -> tuple[PDDSState, Draws]:
        log_target = state.coordinates.pull_back(density.log_prob)
        measure = self.path_measure(state.trained.parameters.networks, log_target)
        particles = max(n // self.runs, 1)

        def run(key: PRNGKeyArray) -> RunResult:
            filtered = self.run_filter(key, measure, particles, density.dim)
            return RunResult(
                filtered.particles.x, filtered.log_weights, info={"resampled": filtered.resampled}
            )

        spent = evals(gradients=self.runs * particles * (self.steps + 1))
        return state, independent_runs(key, run, self.runs, state.coordinates, spent)

    def run_filter(self, key: PRNGKeyArray, measure: PathMeasure, particles: int, dim: int) -> FilterResult:
        """Run the particle filter from N(0, I) to the target.

        The intermediate target at time k is R_k g_k. A step from x to x' multiplies the weight by
        g_{k+1}(x') / g_k(x) and by the density ratio R(x' | x) / F(x' | x).
        """
        evaluate_potential = jax.vmap(measure.guidance.evaluate, (None, 0))
        control = jax.vmap(measure.forward.control, (None, 0, 0))
        decay, gain, variance = (jnp.asarray(array, float) for array in measure.chain.forward)

        def step(state: FilterState, k: Array) -> tuple[FilterState, Array]:
            key_resample, key_noise = jax.random.split(jax.random.fold_in(key, k))
            (x, potential), log_weights, resampled = resample_if_degenerate(
                key_resample, state.particles, state.log_weights, self.resample_below
            )
            controls = control(features_at(measure.forward.features, k), x, potential)
            displacement = gain[k] * controls + jnp.sqrt(variance[k]) * normal(key_noise, x.shape)
            next_x = x - decay[k] * x + displacement
            next_potential = evaluate_potential(features_at(measure.guidance.features, k + 1), next_x)
            # log F/R of the step, expanded as in `paths`
            rate = gain[k] / variance[k]
            log_kernel_ratios = rate * jnp.sum(controls * (displacement - 0.5 * gain[k] * controls), axis=1)
            increments = next_potential.value - potential.value - log_kernel_ratios
            next_state = FilterState(
                FilterParticles(next_x, next_potential), reweight(log_weights, increments)
            )
            return next_state, resampled

        start = normal(jax.random.fold_in(key, self.steps), (particles, dim))
        potential = evaluate_potential(features_at(measure.guidance.features, 0), start)
        first = FilterState(FilterParticles(start, potential), reweight(potential.value, jnp.zeros(())))
        last, resampled = jax.lax.scan(step, first, jnp.arange(self.steps))
        return FilterResult(last.particles, last.log_weights, resampled)


SAMPLERS = {"pdds": PDDS()}
