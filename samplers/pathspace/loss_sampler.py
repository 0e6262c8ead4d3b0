"""Path samplers that are trained by gradient descent on a loss of simulated paths."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PRNGKeyArray

from bridgemark.samplers.base import evals
from bridgemark.samplers.common.learnt import Trace
from bridgemark.samplers.pathspace.losses import LogVariance, Loss, Problem, ReverseKL, WeightedPaths
from bridgemark.samplers.pathspace.path_measure import PathMeasure
from bridgemark.samplers.pathspace.path_sampler import (
    PathSampler,
    PathState,
    Trained,
    optimiser_step,
    update_trace,
)
from bridgemark.targets.base import Density, LogProb


@dataclass(frozen=True, kw_only=True)
class LossSampler(PathSampler):
    """A path sampler trained by one of two losses.

    Where the pilot run finds one basin, `loss_one_basin` is used, by default the reverse KL divergence,
    whose gradient has the smaller variance. Elsewhere that divergence would favour one mode, so `loss` is
    used.
    """

    loss: Loss = LogVariance()
    loss_one_basin: Loss = ReverseKL()

    def update(self, key: PRNGKeyArray, density: Density, state: PathState) -> tuple[PathState, Trace]:
        log_target = state.coordinates.pull_back(density.log_prob)

        def path_measure(networks: Any) -> PathMeasure:
            return self.path_measure(networks, log_target)

        trained, trace, _ = self.train_step(
            key, density, log_target, path_measure, state.trained, state.one_basin
        )
        return state._replace(trained=trained), trace

    def batch_multiple(self) -> int:
        return math.lcm(
            super().batch_multiple(), self.loss.paths_per_start, self.loss_one_basin.paths_per_start
        )

    def train_step(
        self,
        key: PRNGKeyArray,
        density: Density,
        log_target: LogProb,
        path_measure: Callable[[Any], PathMeasure],
        trained: Trained,
        one_basin: Bool[Array, ""],
    ) -> tuple[Trained, Trace, WeightedPaths]:
        """Make one optimiser step on the loss that `one_basin` selects, on a fresh batch of paths.

        `path_measure` maps the networks in `trained` to the path measure that is trained.
        """

        def step_on(loss: Loss) -> Callable[[], tuple[Trained, Trace, WeightedPaths]]:
            def train() -> tuple[Trained, Trace, WeightedPaths]:
                batch = self.draw_batch(key, density.dim, loss.paths_per_start)
                loss_and_gradient = jax.value_and_grad(loss, has_aux=True)
                (value, weighted_paths), gradient = loss_and_gradient(
                    trained.parameters, Problem(path_measure, log_target, batch)
                )
                next_trained, step = optimiser_step(self.optimiser(density), trained, gradient)
                paths = weighted_paths.log_weights.shape[0]
                spent = evals(
                    gradients=paths * loss.gradients_per_path(self.steps),
                    values=paths * loss.values_per_path,
                )
                elbo = jnp.mean(weighted_paths.log_weights)
                return next_trained, update_trace(spent, step, loss=value, elbo=elbo), weighted_paths

            return train

        if self.loss == self.loss_one_basin:  # two equal branches would both be compiled
            return step_on(self.loss)()
        return jax.lax.cond(one_basin, step_on(self.loss_one_basin), step_on(self.loss))
