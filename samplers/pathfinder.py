"""Pathfinder: Gaussians along quasi-Newton paths, the best of each path in one weighted mixture."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from bridgemark.samplers.base import Draws, Evals, Fit, Limits, Sampler, State, evals, scaled_size
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.low_rank_normal import (
    InverseHessian,
    LowRankNormal,
    NormalMixture,
    normal_at,
)
from bridgemark.targets.base import Density, LogProb

SMALLEST_CHANGE = 1e-5  # relative change of log gamma below which a path ends
EQUAL_SHARE = 0.1  # of the mixture's weights is equal for all paths; the rest follows their ELBO


class Path(NamedTuple):
    """State of one descent of -log gamma.

    Attributes:
        z: the present point.
        value: -log gamma there.
        gradient: its gradient.
        optimiser_state: of Optax's L-BFGS.
        inverse_hessian: the estimate of the curvature.
        best: the normal with the largest ELBO so far.
        elbo: that ELBO.
        steps: line searches made.
        gradients: gradients evaluated.
        unfinished: whether the path goes on.
    """

    z: Float[Array, " dim"]
    value: Float[Array, ""]
    gradient: Float[Array, " dim"]
    optimiser_state: Any
    inverse_hessian: InverseHessian
    best: LowRankNormal
    elbo: Float[Array, ""]
    steps: Int[Array, ""]
    gradients: Int[Array, ""]
    unfinished: Bool[Array, ""]


@dataclass(frozen=True, kw_only=True)
class Pathfinder(Sampler):
    """Multi-path Pathfinder (Zhang, Carpenter, Gelman and Vehtari 2022), weighted by the whole mixture.

    `runs` paths of L-BFGS, with a memory of `history` steps, start at draws of the Gaussian base and end
    after `iterations` line searches of at most `search_steps` steps. At every step the inverse Hessian makes
    a normal, whose ELBO is estimated from `elbo_draws` draws; each path contributes the normal of its largest
    ELBO. A draw comes from the mixture of these normals, and is weighted by gamma over the mixture's density.
    Raises Unsupported where the base is not Gaussian.
    """

    unbiased_z: ClassVar[bool] = True
    fit_share: ClassVar[float] = 0.3
    runs: int = 64
    iterations: int = 100
    history: int = 20
    elbo_draws: int = 10
    search_steps: int = 20

    def scaled(self, effort: float) -> Sampler:
        return replace(self, runs=scaled_size(self.runs, effort))

    def at_most(self, limits: Limits) -> Sampler:
        return replace(
            self, runs=min(self.runs, limits.runs), iterations=min(self.iterations, limits.updates)
        )

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        log_gamma = base_coordinates(density.base).pull_back(density.log_prob)

        def run(key: PRNGKeyArray) -> tuple[LowRankNormal, Array, Evals, Array]:
            key_start, key_path = jax.random.split(key)
            path = self._follow(key_path, log_gamma, jax.random.normal(key_start, (density.dim,)))
            spent = evals(values=path.steps * self.elbo_draws, gradients=path.gradients)
            return path.best, path.elbo, spent, path.steps

        # One path after the other: in a vmap every line search would take as long as the longest.
        components, elbo, spent, steps = jax.lax.map(run, jax.random.split(key, self.runs))
        by_elbo = jax.nn.softmax(jnp.nan_to_num(elbo, neginf=jnp.finfo(elbo.dtype).min))
        log_weights = jnp.log((1 - EQUAL_SHARE) * by_elbo + EQUAL_SHARE / self.runs)
        return Fit(NormalMixture(components, log_weights), spent, {"elbo": elbo, "steps": steps})

    def sample(
        self, key: PRNGKeyArray, density: Density, state: NormalMixture, n: int
    ) -> tuple[State, Draws]:
        coordinates = base_coordinates(density.base)
        key_component, key_noise = jax.random.split(key)
        component = jax.random.categorical(key_component, state.log_weights, shape=(n,))
        noise = jax.random.normal(key_noise, (n, density.dim))
        z = jax.lax.map(lambda inputs: state.draw(*inputs), (component, noise))
        log_q = jax.lax.map(state.log_prob, z)
        log_weights = jax.vmap(coordinates.pull_back(density.log_prob))(z) - log_q
        return state, Draws(coordinates.forward(z)[:, None], log_weights[:, None], None, evals(values=n), {})

    def _follow(self, key: PRNGKeyArray, log_gamma: LogProb, start: Float[Array, " dim"]) -> Path:
        """Follow one path from its start to its end."""
        search = optax.scale_by_zoom_linesearch(self.search_steps, initial_guess_strategy="one")
        optimiser = optax.lbfgs(memory_size=self.history, linesearch=search)
        first = start_path(start, log_gamma, optimiser.init(start), self.history)
        return jax.lax.while_loop(
            lambda path: path.unfinished,
            lambda path: self._step(jax.random.fold_in(key, path.steps), log_gamma, optimiser.update, path),
            first,
        )

    def _step(self, key: PRNGKeyArray, log_gamma: LogProb, update: Any, path: Path) -> Path:
        """Make one line search, and estimate the ELBO of the normal at its end."""
        step, optimiser_state = update(
            path.gradient,
            path.optimiser_state,
            path.z,
            value=path.value,
            grad=path.gradient,
            value_fn=lambda z: -log_gamma(z),
        )
        search = optimiser_state[-1]  # the line search, last in the chain of transformations
        z = path.z + step
        inverse_hessian = path.inverse_hessian.update(step, search.grad - path.gradient)
        normal = normal_at(z, search.grad, inverse_hessian)
        elbo = self._elbo(key, log_gamma, normal)
        best = jax.tree.map(lambda new, old: jnp.where(elbo > path.elbo, new, old), normal, path.best)
        change = jnp.abs(path.value - search.value) / jnp.maximum(jnp.abs(search.value), 1.0)
        return Path(
            z=z,
            value=search.value,
            gradient=search.grad,
            optimiser_state=optimiser_state,
            inverse_hessian=inverse_hessian,
            best=best,
            elbo=jnp.maximum(elbo, path.elbo),
            steps=path.steps + 1,
            gradients=path.gradients + search.info.num_linesearch_steps,
            unfinished=(change > SMALLEST_CHANGE) & (path.steps + 1 < self.iterations),
        )

    def _elbo(self, key: PRNGKeyArray, log_gamma: LogProb, normal: LowRankNormal) -> Float[Array, ""]:
        """Mean of log gamma - log q over draws of q; minus infinity where it is not finite."""
        z = jax.vmap(normal.transform)(jax.random.normal(key, (self.elbo_draws, len(normal.mean))))
        elbo = jnp.mean(jax.vmap(log_gamma)(z) - jax.vmap(normal.log_prob)(z))
        return jnp.where(jnp.isfinite(elbo), elbo, -jnp.inf)


def start_path(start: Float[Array, " dim"], log_gamma: LogProb, optimiser_state: Any, history: int) -> Path:
    """A path at its start, with N(0, I) as its normal and an ELBO that any other exceeds."""
    dim, rank = len(start), min(len(start), 2 * history)
    value, gradient = jax.value_and_grad(lambda z: -log_gamma(z))(start)
    ones, no_steps = jnp.ones_like(start), jnp.zeros((dim, history))
    return Path(
        z=start,
        value=value,
        gradient=gradient,
        optimiser_state=optimiser_state,
        inverse_hessian=InverseHessian(ones, no_steps, no_steps),
        best=LowRankNormal(jnp.zeros_like(start), ones, jnp.eye(dim, rank), jnp.eye(rank)),
        elbo=jnp.asarray(-jnp.inf, start.dtype),
        steps=jnp.asarray(0),
        gradients=jnp.asarray(1),
        unfinished=jnp.asarray(True),
    )


SAMPLERS = {"pathfinder": Pathfinder()}
