"""Pathfinder: Gaussians along quasi-Newton paths, the best of each path in one weighted mixture."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import optax
from blackjax.optimizers.lbfgs import lbfgs_inverse_hessian_factors, lbfgs_recover_alpha
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float, PRNGKeyArray

from samplers.affine import base_coordinates
from samplers.base import Draws, Evals, Fit, Sampler, State, evals
from samplers.gaussian import log_standard_normal
from targets.base import LogProb, Target

FLAT = 1e-5  # a relative change of log gamma that ends a path


class Normal(NamedTuple):
    """N(mean, R (I + Q (L L' - I) Q') R) with R diagonal, Q orthonormal, L lower triangular."""

    mean: Float[Array, " dim"]
    root: Float[Array, " dim"]
    basis: Float[Array, "dim rank"]
    factor: Float[Array, "rank rank"]

    def draw(self, noise: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """The point that standard normal noise is sent to."""
        inner = self.basis.T @ noise
        return self.mean + self.root * (noise + self.basis @ (self.factor @ inner - inner))

    def log_prob(self, z: Float[Array, " dim"]) -> Float[Array, ""]:
        """Its log-density."""
        noise = (z - self.mean) / self.root
        inner = self.basis.T @ noise
        noise += self.basis @ (solve_triangular(self.factor, inner, lower=True) - inner)
        log_det = jnp.sum(jnp.log(self.root)) + jnp.sum(jnp.log(jnp.diag(self.factor)))
        return log_standard_normal(noise) - log_det


class Mixture(NamedTuple):
    """Normals, stacked, and the logarithms of their shares."""

    parts: Normal
    log_shares: Float[Array, " paths"]

    def log_prob(self, z: Float[Array, " dim"]) -> Float[Array, ""]:
        """Its log-density."""
        return logsumexp(self.log_shares + jax.vmap(lambda part: part.log_prob(z))(self.parts))


class Path(NamedTuple):
    """Where a path has come to, its best normal so far with that ELBO, and what it has looked at."""

    z: Float[Array, " dim"]
    value: Float[Array, ""]
    slope: Float[Array, " dim"]
    memory: Any
    alpha: Float[Array, " dim"]
    moves: Float[Array, "dim history"]
    turns: Float[Array, "dim history"]
    best: Normal
    elbo: Float[Array, ""]
    steps: Array
    looks: Array
    going: Array


@dataclass(frozen=True, kw_only=True)
class Pathfinder(Sampler):
    """Multi-path Pathfinder (Zhang, Carpenter, Gelman, Vehtari 2022), weighted by the whole mixture.

    Paths of L-BFGS start at draws of the base; each gives the normal of its largest ELBO, by
    `elbo_draws` at every step. A draw comes from the mixture of all of them, with shares by their ELBO
    (a tenth of them equal), and weighs gamma over the mixture's density.
    """

    unbiased_z: ClassVar[bool] = True
    fit_share: ClassVar[float] = 0.3
    runs: int = 32
    iterations: int = 100
    history: int = 20
    elbo_draws: int = 10
    search_steps: int = 20

    def scaled(self, effort: float) -> Sampler:
        return replace(self, runs=max(round(effort * self.runs), 1))

    def fit(self, key: PRNGKeyArray, target: Target) -> Fit:
        log_gamma = base_coordinates(target).pull_back(target.log_prob)

        def run(key: PRNGKeyArray) -> tuple[Normal, Array, Evals, Array]:
            key_start, key_path = jax.random.split(key)
            path = self.follow(key_path, log_gamma, jax.random.normal(key_start, (target.dim,)))
            spent = evals(values=path.steps * self.elbo_draws, gradients=path.looks)
            return path.best, path.elbo, spent, path.steps

        # One path after the other: side by side all would wait for the longest line search.
        parts, elbo, spent, steps = jax.lax.map(run, jax.random.split(key, self.runs))
        ranked = jax.nn.softmax(jnp.nan_to_num(elbo, neginf=jnp.finfo(elbo.dtype).min))
        log_shares = jnp.log(0.9 * ranked + 0.1 / self.runs)
        return Fit(Mixture(parts, log_shares), spent, {"elbo": elbo, "steps": steps})

    def sample(self, key: PRNGKeyArray, target: Target, state: Mixture, n: int) -> tuple[State, Draws]:
        coordinates = base_coordinates(target)
        key_part, key_noise = jax.random.split(key)
        chosen = jax.random.categorical(key_part, state.log_shares, shape=(n,))
        noise = jax.random.normal(key_noise, (n, target.dim))
        z = jax.lax.map(
            lambda each: jax.tree.map(lambda leaf: leaf[each[0]], state.parts).draw(each[1]), (chosen, noise)
        )
        log_q = jax.lax.map(state.log_prob, z)
        log_weights = jax.vmap(coordinates.pull_back(target.log_prob))(z) - log_q
        return state, Draws(coordinates.forward(z)[:, None], log_weights[:, None], None, evals(values=n), {})

    def follow(self, key: PRNGKeyArray, log_gamma: LogProb, start: Float[Array, " dim"]) -> Path:
        """One path up log gamma."""
        search = optax.scale_by_zoom_linesearch(self.search_steps, initial_guess_strategy="one")
        optimiser = optax.lbfgs(memory_size=self.history, linesearch=search)
        update: Any = optimiser.update  # its trees are arrays here
        loss = lambda z: -log_gamma(z)  # noqa: E731

        def step(path: Path) -> Path:
            change, memory = update(
                path.slope, path.memory, path.z, value=path.value, grad=path.slope, value_fn=loss
            )
            found: Any = memory[-1]
            moved, turned = change, found.grad - path.slope
            alpha, kept = lbfgs_recover_alpha(path.alpha, moved, turned)
            moves, turns = (
                jnp.roll(past, -1, axis=1).at[:, -1].set(jnp.where(kept, latest, 0.0))
                for past, latest in ((path.moves, moved), (path.turns, turned))
            )
            z = path.z + change
            normal = normal_at(z, found.grad, alpha, moves, turns)
            elbo = self.elbo(jax.random.fold_in(key, path.steps), log_gamma, normal)
            better = elbo > path.elbo
            best = jax.tree.map(lambda new, old: jnp.where(better, new, old), normal, path.best)
            drop = jnp.abs(path.value - found.value) / jnp.maximum(jnp.abs(found.value), 1.0)
            steps = path.steps + 1
            return Path(
                z,
                found.value,
                found.grad,
                memory,
                alpha,
                moves,
                turns,
                best,
                jnp.where(better, elbo, path.elbo),
                steps,
                path.looks + found.info.num_linesearch_steps,
                (drop > FLAT) & (steps < self.iterations),
            )

        value, slope = jax.value_and_grad(loss)(start)
        empty = jnp.zeros((len(start), self.history))
        width = min(len(start), 2 * self.history)
        base = Normal(jnp.zeros_like(start), jnp.ones_like(start), jnp.eye(len(start), width), jnp.eye(width))
        first = Path(
            start, value, slope, optimiser.init(start), jnp.ones_like(start), empty, empty, base,
            jnp.asarray(-jnp.inf, start.dtype), jnp.asarray(0), jnp.asarray(1), jnp.asarray(True),
        )  # fmt: skip
        return jax.lax.while_loop(lambda path: path.going, step, first)

    def elbo(self, key: PRNGKeyArray, log_gamma: LogProb, normal: Normal) -> Float[Array, ""]:
        """Mean of log gamma - log q over a few draws; minus infinity where it is no number."""
        z = jax.vmap(normal.draw)(jax.random.normal(key, (self.elbo_draws, len(normal.mean))))
        gain = jnp.mean(jax.vmap(log_gamma)(z) - jax.vmap(normal.log_prob)(z))
        return jnp.where(jnp.isfinite(gain), gain, -jnp.inf)


def normal_at(
    z: Float[Array, " dim"],
    slope: Float[Array, " dim"],
    alpha: Float[Array, " dim"],
    moves: Float[Array, "dim history"],
    turns: Float[Array, "dim history"],
) -> Normal:
    """The normal of L-BFGS's inverse Hessian H at z, its mean a Newton step on, z - H slope of -log gamma."""
    beta, gamma = lbfgs_inverse_hessian_factors(moves, turns, alpha)
    root = jnp.sqrt(alpha)
    basis, upper = jnp.linalg.qr(beta / root[:, None])
    factor = jnp.linalg.cholesky(jnp.eye(len(upper)) + upper @ gamma @ upper.T)
    mean = z - alpha * slope - beta @ (gamma @ (beta.T @ slope))
    return Normal(mean, root, basis, factor)


SAMPLERS = {"pathfinder": Pathfinder()}
