"""Path samplers that descend a loss of whole paths."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PRNGKeyArray

from bridgemark.samplers.base import evals
from bridgemark.samplers.common.learnt import Trace
from bridgemark.samplers.pathspace.losses import LogVariance, Loss, Outcome, Problem, ReverseKL
from bridgemark.samplers.pathspace.path_measure import Law
from bridgemark.samplers.pathspace.path_sampler import PathSampler, PathState, Trained, step_down, trace
from bridgemark.targets.base import Density, LogProb


@dataclass(frozen=True, kw_only=True)
class LossSampler(PathSampler):
    """A path sampler trained by one of two losses.

    Where the pilot sees one basin, the reverse KL divergence has the smaller variance; elsewhere it
    would seek one mode, so `loss` is used.
    """

    loss: Loss = LogVariance()
    loss_one_basin: Loss = ReverseKL()

    def update(self, key: PRNGKeyArray, density: Density, state: PathState) -> tuple[PathState, Trace]:
        log_gamma = state.coordinates.pull_back(density.log_prob)
        make = lambda networks: self.law(networks, log_gamma)  # noqa: E731
        trained, trace, _ = self.improve(key, density, log_gamma, make, state.trained, state.one_basin)
        return state._replace(trained=trained), trace

    def group(self) -> int:
        return math.lcm(super().group(), self.loss.per_start, self.loss_one_basin.per_start)

    def improve(
        self,
        key: PRNGKeyArray,
        density: Density,
        log_gamma: LogProb,
        make: Callable[[Any], Law],
        trained: Trained,
        one_basin: Bool[Array, ""],
    ) -> tuple[Trained, Trace, Outcome]:
        """One step of the parameters towards a law whose weights are constant."""

        def by(loss: Loss) -> Callable[[], tuple[Trained, Trace, Outcome]]:
            def step() -> tuple[Trained, Trace, Outcome]:
                problem = Problem(make, log_gamma, self.draw_batch(key, density.dim, loss.per_start))
                slope = jax.value_and_grad(loss, has_aux=True)
                (value, outcome), gradient = slope(trained.parameters, problem)
                after, step = step_down(self.optimiser(density), trained, gradient)
                paths = outcome.log_weights.shape[0]
                spent = evals(gradients=paths * loss.gradients(self.steps), values=paths * loss.values)
                return after, trace(spent, step, loss=value, elbo=jnp.mean(outcome.log_weights)), outcome

            return step

        if self.loss == self.loss_one_basin:  # two equal branches would both be compiled
            return by(self.loss)()
        return jax.lax.cond(one_basin, by(self.loss_one_basin), by(self.loss))
