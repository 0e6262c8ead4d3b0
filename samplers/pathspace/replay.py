"""Samplers that learn from stored end points of their paths, by regression on bridges between them.

Every stored path is used many times: points between its end points are drawn from the reference chain's
own bridge, and what the end point implies for the control there needs one gradient of log gamma, which is
stored with it (Havens et al. 2025, Adjoint Sampling; Liu et al. 2025, Adjoint Schrödinger Bridge Sampler).
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bridgemark.samplers.base import Info, Limits, Sampler, add_evals, evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import normal
from bridgemark.samplers.common.learnt import OptimiserStep, Trace, adam
from bridgemark.samplers.pathspace.chain import Chain, log_lebesgue
from bridgemark.samplers.pathspace.control import Network, position_guided, score_guidance, score_guided
from bridgemark.samplers.pathspace.endpoints import (
    BridgePoint,
    Endpoints,
    draw_bridge_point,
    tempered_probabilities,
)
from bridgemark.samplers.pathspace.path_measure import (
    NO_GUIDANCE,
    Direction,
    Guidance,
    PathMeasure,
    features_at,
)
from bridgemark.samplers.pathspace.path_sampler import PathSampler, Trained, init_trained, optimiser_step
from bridgemark.samplers.pathspace.paths import run
from bridgemark.targets.base import Density, LogProb


class ReplayState(NamedTuple):
    """Working coordinates, both trained networks, the stored end points, and the number of updates made.

    `frozen_backward` is the backward network that the forward control is regressed against.
    """

    coordinates: Affine
    trained: Trained
    frozen_backward: Any
    stored: Endpoints
    updates_made: Int[Array, ""]


@dataclass(frozen=True, kw_only=True)
class ReplaySampler(PathSampler):
    """A path measure learnt from stored end points; its networks are a pair, forward and backward.

    An update simulates a batch of paths, stores their end points in place of the oldest ones, and makes
    `regressions` optimiser steps, each on `points` bridge points. The end points of the `refills` newest
    batches are stored. Entries of the target's score are clipped to `score_limit`.

    Adjoint matching draws end points with their importance weights, tempered such that the effective share
    is at least `least_share`. Drawn uniformly (`least_share` = 1, as published), a mode that paths visit
    often would draw ever more of them. With `use_score` the forward control is guided by the target's
    score, which costs a gradient at every point where it is evaluated.
    """

    horizon: float = 1.0
    power: float = 2.0
    updates: int = 800
    batch_coordinates: int = 20_000
    update_coordinates: int = 10_000
    refills: int = 8
    regressions: int = 30
    points: int = 256
    score_limit: float = 20.0
    least_share: float = 0.2
    use_score: bool = True

    def at_most(self, limits: Limits) -> Sampler:
        return replace(
            super().at_most(limits),
            refills=min(self.refills, limits.updates),
            regressions=min(self.regressions, limits.updates),
            points=min(self.points, limits.batch),
        )

    def optimiser(self, density: Density) -> optax.GradientTransformation:
        return adam(self.learning_rate, self.updates_for(density.dim) * self.regressions)

    def gradients_per_path(self) -> int:
        return self.use_score * super().gradients_per_path()

    def forward_direction(self, network: Network, log_target: LogProb) -> tuple[Guidance, Direction]:
        """The guidance and the forward control that uses it."""
        chain = self.chain()
        if not self.use_score:
            return NO_GUIDANCE, position_guided(network, chain)
        return score_guidance(chain, log_target, self.clip), score_guided(network, chain)

    def trained_measure(self, state: ReplayState, log_target: LogProb) -> PathMeasure:
        return self.path_measure(state.trained.parameters, log_target)

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[ReplayState, Trace]:
        """Networks before training, and as many of their paths as are ever stored."""
        key_pilot, key_networks, key_paths = jax.random.split(key, 3)
        pilot = self.find_coordinates(key_pilot, density)
        log_target = pilot.coordinates.pull_back(density.log_prob)
        networks = self.networks(key_networks, density.dim)
        measure = self.path_measure(networks, log_target)

        def simulate_batch(key: PRNGKeyArray) -> Endpoints:
            return self.simulate_endpoints(key, density.dim, measure, log_target)

        batches = jax.lax.map(simulate_batch, jax.random.split(key_paths, self.refills))
        stored = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), batches)
        trained = init_trained(networks, self.optimiser(density))
        state = ReplayState(pilot.coordinates, trained, networks[1], stored, jnp.asarray(0))
        spent = evals(gradients=len(stored.end) * (self.gradients_per_path() + 1))
        return state, Trace(add_evals(pilot.evals, spent), pilot.info)

    def simulate_endpoints(
        self, key: PRNGKeyArray, dim: int, measure: PathMeasure, log_target: LogProb
    ) -> Endpoints:
        """Simulate a batch of paths and keep what is learnt from: their end points."""

        def simulate_path(start: Array, noise: Array) -> Endpoints:
            # The target's log density is added here, where one call gives its gradient, too.
            path, log_weight = run(measure, log_lebesgue, start, noise)
            value, score = jax.value_and_grad(log_target)(path.x[-1])
            clipped_score = jnp.clip(jnp.nan_to_num(score), -self.score_limit, self.score_limit)
            guidance = features_at(path.guidance, 0)
            return Endpoints(start, guidance, path.x[-1], clipped_score, log_weight + value)

        batch = self.draw_batch(key, dim)
        return jax.vmap(simulate_path)(batch.start, batch.noise)

    def update(self, key: PRNGKeyArray, density: Density, state: ReplayState) -> tuple[ReplayState, Trace]:
        key_paths, key_train = jax.random.split(key)
        log_target = state.coordinates.pull_back(density.log_prob)
        measure = self.trained_measure(state, log_target)
        newest = self.simulate_endpoints(key_paths, density.dim, measure, log_target)
        kept = len(state.stored.end) - len(newest.end)
        stored = jax.tree.map(lambda new, old: jnp.concatenate([new, old[:kept]]), newest, state.stored)
        state = state._replace(stored=stored, updates_made=state.updates_made + 1)
        trained, info = self.regress(key_train, density, log_target, state)

        for_paths = len(newest.end) * (self.gradients_per_path() + 1)
        for_regression = self.use_score * self.regressions * self.points
        spent = evals(gradients=for_paths + for_regression)
        info |= {"elbo": jnp.mean(newest.log_weight)}
        return state._replace(trained=trained), Trace(spent, info)

    def regress(
        self, key: PRNGKeyArray, density: Density, log_target: LogProb, state: ReplayState
    ) -> tuple[Trained, Info]:
        """Make the optimiser steps of an update on the stored end points."""
        forward_network, _ = state.trained.parameters
        frozen_backward = self.path_measure((forward_network, state.frozen_backward), log_target).backward
        probabilities = tempered_probabilities(state.stored.log_weight, self.least_share)

        def loss(networks: Any, key: PRNGKeyArray) -> Array:
            measure = self.path_measure(networks, log_target)
            losses = self.regression_losses(measure, frozen_backward, key, state.stored, probabilities)
            return jnp.mean(losses)

        def regression_step(
            trained: Trained, key: PRNGKeyArray
        ) -> tuple[Trained, tuple[Array, OptimiserStep]]:
            value, gradient = jax.value_and_grad(loss)(trained.parameters, key)
            trained, step = optimiser_step(self.optimiser(density), trained, gradient)
            return trained, (value, step)

        keys = jax.random.split(key, self.regressions)
        trained, (losses, steps) = jax.lax.scan(regression_step, state.trained, keys)
        gradient_norm, skipped = jnp.mean(steps.gradient_norm), jnp.all(steps.skipped)
        return trained, {"loss": jnp.mean(losses), "gradient_norm": gradient_norm, "skipped": skipped}

    def regression_losses(
        self,
        measure: PathMeasure,
        frozen_backward: Direction,
        key: PRNGKeyArray,
        stored: Endpoints,
        probabilities: Float[Array, " n"],
    ) -> Float[Array, " points"]:
        """The losses of the controls at `points` bridge points, here those of adjoint matching."""
        bridge_points = self.draw_bridge_points(key, measure.chain, stored, probabilities)

        def loss(bridge_point: BridgePoint) -> Array:
            return adjoint_matching_loss(measure, frozen_backward, bridge_point)

        return jax.vmap(loss)(bridge_points)

    def draw_bridge_points(
        self,
        key: PRNGKeyArray,
        chain: Chain,
        stored: Endpoints,
        probabilities: Float[Array, " n"] | None,
        first_index: int = 0,
    ) -> BridgePoint:
        """Draw `points` bridge points between stored end points that are chosen with `probabilities`.

        None chooses them uniformly. The indices of their times are uniform on
        first_index, ..., first_index + steps - 1.
        """
        key_ends, key_times, key_noise = jax.random.split(key, 3)
        chosen = jax.random.choice(key_ends, len(stored.end), (self.points,), p=probabilities)
        indices = jax.random.randint(key_times, (self.points,), first_index, first_index + self.steps)
        endpoints = jax.tree.map(lambda leaf: leaf[chosen], stored)
        noise = normal(key_noise, endpoints.end.shape)

        def draw(endpoints: Endpoints, index: Array, noise: Array) -> BridgePoint:
            return draw_bridge_point(chain, endpoints, index, noise)

        return jax.vmap(draw)(endpoints, indices, noise)


def adjoint_matching_loss(
    measure: PathMeasure, frozen_backward: Direction, bridge_point: BridgePoint
) -> Float[Array, ""]:
    """|u(t, X_t) - a grad log(gamma / (R_K phi-hat))(X_K)|^2 / 2, with a = `decay_to_end`.

    grad log phi-hat is the frozen backward control at the end point. The mean of the loss is least at the
    forward control of the half bridge for that phi-hat (Liu et al. 2025, theorem 4.1).
    """
    endpoints, index, x = bridge_point
    decay = jnp.asarray(measure.chain.decay_to_end(), x.dtype)[index]
    corrector = frozen_backward.control(features_at(frozen_backward.features, -1), endpoints.end, None)
    adjoint = endpoints.end_score - jax.grad(measure.chain.log_end)(endpoints.end) - corrector
    guidance = measure.guidance.evaluate(features_at(measure.guidance.features, index), x)
    control = measure.forward.control(features_at(measure.forward.features, index), x, guidance)
    return 0.5 * jnp.sum((control - decay * adjoint) ** 2)
