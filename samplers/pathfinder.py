"""Pathfinder: Gaussians along quasi-Newton paths, the best of each path in one weighted mixture."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import optax
from blackjax.optimizers.lbfgs import lbfgs_inverse_hessian_factors, lbfgs_recover_alpha
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import logsumexp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from bridgemark.samplers.base import Draws, Evals, Fit, Sampler, State, evals
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.targets.base import Density, LogProb

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


class Curvature(NamedTuple):
    """What L-BFGS knows of the Hessian: a diagonal of its inverse, the last moves and turns of the slope."""

    alpha: Float[Array, " dim"]
    moves: Float[Array, "dim history"]
    turns: Float[Array, "dim history"]

    def after(self, move: Float[Array, " dim"], turn: Float[Array, " dim"]) -> "Curvature":
        """With one more move, left out where it does not curve upwards."""
        alpha, kept = lbfgs_recover_alpha(self.alpha, move, turn)
        push = lambda past, last: jnp.roll(past, -1, axis=1).at[:, -1].set(jnp.where(kept, last, 0.0))  # noqa: E731
        return Curvature(alpha, push(self.moves, move), push(self.turns, turn))


class Path(NamedTuple):
    """Where a path down -log gamma has come to, its best normal so far with that ELBO, and its looks."""

    z: Float[Array, " dim"]
    value: Float[Array, ""]
    slope: Float[Array, " dim"]
    memory: Any
    curvature: Curvature
    best: Normal
    elbo: Float[Array, ""]
    steps: Int[Array, ""]
    looks: Int[Array, ""]
    going: Bool[Array, ""]


@dataclass(frozen=True, kw_only=True)
class Pathfinder(Sampler):
    """Multi-path Pathfinder (Zhang, Carpenter, Gelman, Vehtari 2022), weighted by the whole mixture.

    Paths of L-BFGS start at draws of the base; each gives the normal of its largest ELBO, by
    `elbo_draws` at every step. A draw comes from the mixture of all of them, with shares by their ELBO
    (a tenth of them equal), and weighs gamma over the mixture's density.
    """

    unbiased_z: ClassVar[bool] = True
    fit_share: ClassVar[float] = 0.3
    runs: int = 64
    iterations: int = 100
    history: int = 20
    elbo_draws: int = 10
    search_steps: int = 20

    def scaled(self, effort: float) -> Sampler:
        return replace(self, runs=max(round(effort * self.runs), 1))

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        log_gamma = base_coordinates(density).pull_back(density.log_prob)

        def run(key: PRNGKeyArray) -> tuple[Normal, Array, Evals, Array]:
            key_start, key_path = jax.random.split(key)
            path = self.follow(key_path, log_gamma, jax.random.normal(key_start, (density.dim,)))
            spent = evals(values=path.steps * self.elbo_draws, gradients=path.looks)
            return path.best, path.elbo, spent, path.steps

        # One path after the other: side by side all would wait for the longest line search.
        parts, elbo, spent, steps = jax.lax.map(run, jax.random.split(key, self.runs))
        ranked = jax.nn.softmax(jnp.nan_to_num(elbo, neginf=jnp.finfo(elbo.dtype).min))
        log_shares = jnp.log(0.9 * ranked + 0.1 / self.runs)
        return Fit(Mixture(parts, log_shares), spent, {"elbo": elbo, "steps": steps})

    def sample(self, key: PRNGKeyArray, density: Density, state: Mixture, n: int) -> tuple[State, Draws]:
        coordinates = base_coordinates(density)
        key_part, key_noise = jax.random.split(key)
        chosen = jax.random.categorical(key_part, state.log_shares, shape=(n,))
        noise = jax.random.normal(key_noise, (n, density.dim))
        z = jax.lax.map(
            lambda each: jax.tree.map(lambda leaf: leaf[each[0]], state.parts).draw(each[1]), (chosen, noise)
        )
        log_q = jax.lax.map(state.log_prob, z)
        log_weights = jax.vmap(coordinates.pull_back(density.log_prob))(z) - log_q
        return state, Draws(coordinates.forward(z)[:, None], log_weights[:, None], None, evals(values=n), {})

    def follow(self, key: PRNGKeyArray, log_gamma: LogProb, start: Float[Array, " dim"]) -> Path:
        """One path up log gamma."""
        search = optax.scale_by_zoom_linesearch(self.search_steps, initial_guess_strategy="one")
        optimiser = optax.lbfgs(memory_size=self.history, linesearch=search)
        first = first_look(start, log_gamma, optimiser.init(start), self.history)
        return jax.lax.while_loop(
            lambda path: path.going,
            lambda path: self.step(jax.random.fold_in(key, path.steps), log_gamma, optimiser.update, path),
            first,
        )

    def step(self, key: PRNGKeyArray, log_gamma: LogProb, update: Any, path: Path) -> Path:
        """One line search, and the ELBO of the normal where it ends."""
        known = {"value": path.value, "grad": path.slope, "value_fn": lambda z: -log_gamma(z)}
        move, memory = update(path.slope, path.memory, path.z, **known)
        found = memory[-1]
        z, curvature = path.z + move, path.curvature.after(move, found.grad - path.slope)
        normal = normal_at(z, found.grad, curvature)
        elbo = self.elbo(key, log_gamma, normal)
        best = jax.tree.map(lambda new, old: jnp.where(elbo > path.elbo, new, old), normal, path.best)
        drop = jnp.abs(path.value - found.value) / jnp.maximum(jnp.abs(found.value), 1.0)
        return Path(
            z=z,
            value=found.value,
            slope=found.grad,
            memory=memory,
            curvature=curvature,
            best=best,
            elbo=jnp.maximum(elbo, path.elbo),
            steps=path.steps + 1,
            looks=path.looks + found.info.num_linesearch_steps,
            going=(drop > FLAT) & (path.steps + 1 < self.iterations),
        )

    def elbo(self, key: PRNGKeyArray, log_gamma: LogProb, normal: Normal) -> Float[Array, ""]:
        """Mean of log gamma - log q over a few draws; minus infinity where it is no number."""
        z = jax.vmap(normal.draw)(jax.random.normal(key, (self.elbo_draws, len(normal.mean))))
        gain = jnp.mean(jax.vmap(log_gamma)(z) - jax.vmap(normal.log_prob)(z))
        return jnp.where(jnp.isfinite(gain), gain, -jnp.inf)


def first_look(start: Float[Array, " dim"], log_gamma: LogProb, memory: Any, history: int) -> Path:
    """A path at its start; its normal is the base, for want of a better one."""
    dim, rank = len(start), min(len(start), 2 * history)
    value, slope = jax.value_and_grad(lambda z: -log_gamma(z))(start)
    ones, none = jnp.ones_like(start), jnp.zeros((dim, history))
    return Path(
        z=start,
        value=value,
        slope=slope,
        memory=memory,
        curvature=Curvature(ones, none, none),
        best=Normal(jnp.zeros_like(start), ones, jnp.eye(dim, rank), jnp.eye(rank)),
        elbo=jnp.asarray(-jnp.inf, start.dtype),
        steps=jnp.asarray(0),
        looks=jnp.asarray(1),
        going=jnp.asarray(True),
    )


def normal_at(z: Float[Array, " dim"], slope: Float[Array, " dim"], curvature: Curvature) -> Normal:
    """The normal of L-BFGS's inverse Hessian H at z, its mean a Newton step on, z - H slope of -log gamma."""
    # BlackJAX 1.7 has the factors; its `approximate` steps the other way, and does not say what it looked at.
    alpha, moves, turns = curvature
    beta, gamma = lbfgs_inverse_hessian_factors(moves, turns, alpha)
    root = jnp.sqrt(alpha)
    basis, upper = jnp.linalg.qr(beta / root[:, None])
    factor = jnp.linalg.cholesky(jnp.eye(len(upper)) + upper @ gamma @ upper.T)
    mean = z - alpha * slope - beta @ (gamma @ (beta.T @ slope))
    return Normal(mean, root, basis, factor)


SAMPLERS = {"pathfinder": Pathfinder()}
