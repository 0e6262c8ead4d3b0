"""Samplers that learn from stored ends of their paths, by regression instead of along the paths.

A path is learnt from many times: between its ends, points are drawn from the reference's own bridge, and
what its end says of the control there needs one gradient of log gamma, kept with the ends (Havens et al.
2025, Adjoint Sampling; Liu et al. 2025, Adjoint Schrödinger Bridge Sampler).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bridgemark.samplers.base import add_evals, evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import normal
from bridgemark.samplers.common.learnt import Trace, adam
from bridgemark.samplers.pathspace.chain import Chain
from bridgemark.samplers.pathspace.control import Network, free, guided, score_hint
from bridgemark.samplers.pathspace.endpoints import Between, Ends, between, chances
from bridgemark.samplers.pathspace.path_measure import NO_HINT, Hint, Law, Side, steered
from bridgemark.samplers.pathspace.path_sampler import PathSampler, Trained, step_down, untrained
from bridgemark.samplers.pathspace.paths import run
from bridgemark.targets.base import Density, LogProb


class ReplayState(NamedTuple):
    """Working coordinates, both networks, the backward one that judges, stored ends, updates made."""

    coordinates: Affine
    trained: Trained
    judge: Any
    stored: Ends
    updated: Int[Array, ""]


@dataclass(frozen=True, kw_only=True)
class ReplaySampler(PathSampler):
    """A path law learnt from stored ends; its networks are a pair, forward and backward.

    An update simulates a batch of paths and makes `regressions` optimiser steps, each on `points` points
    between ends of the `refills` newest batches. Entries of a score are clipped to `limit`. Adjoint
    matching draws ends by their importance weights, tempered so that their effective share is at least
    `share`: drawn evenly, as published (share 1), a mode that paths visit often draws ever more of them.
    With `lean` the control leans on the target's score, which costs a gradient wherever it is evaluated.
    """

    horizon: float = 1.0
    power: float = 2.0
    updates: int = 800
    batch_coordinates: int = 20_000
    update_coordinates: int = 10_000
    refills: int = 8
    regressions: int = 30
    points: int = 256
    limit: float = 20.0
    share: float = 0.2
    lean: bool = True

    def optimiser(self, density: Density) -> optax.GradientTransformation:
        return adam(self.learning_rate, self.updates_for(density.dim) * self.regressions)

    def looks(self) -> int:
        return self.lean * super().looks()

    def ahead(self, network: Network, log_gamma: LogProb) -> tuple[Hint, Side]:
        """The forward control and its hint."""
        chain = self.chain()
        if not self.lean:
            return NO_HINT, unaided(network, chain)
        return score_hint(chain, log_gamma, self.clip), guided(network, chain)

    def init(self, key: PRNGKeyArray, density: Density) -> tuple[ReplayState, Trace]:
        """Untrained networks, and as many of their paths as are ever stored."""
        key_pilot, key_networks, key_paths = jax.random.split(key, 3)
        pilot = self.find_coordinates(key_pilot, density)
        log_gamma = pilot.coordinates.pull_back(density.log_prob)
        networks = self.networks(key_networks, density.dim)
        law = self.law(networks, log_gamma)
        batch = lambda key: self.fresh(key, density.dim, law, log_gamma)  # noqa: E731
        batches = jax.lax.map(batch, jax.random.split(key_paths, self.refills))
        stored = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), batches)
        trained = untrained(networks, self.optimiser(density))
        state = ReplayState(pilot.coordinates, trained, networks[1], stored, jnp.asarray(0))
        spent = evals(gradients=len(stored.end) * (self.looks() + 1))
        return state, Trace(add_evals(pilot.evals, spent), pilot.info)

    def fresh(self, key: PRNGKeyArray, dim: int, law: Law, log_gamma: LogProb) -> Ends:
        """The ends of a batch of paths."""

        def one(start: Array, noise: Array) -> Ends:
            path, log_ratio = run(law, lambda x: jnp.zeros((), x.dtype), start, noise)
            value, score = jax.value_and_grad(log_gamma)(path.x[-1])
            clipped = jnp.clip(jnp.nan_to_num(score), -self.limit, self.limit)
            return Ends(start, at(0, path.hints), path.x[-1], clipped, log_ratio + value)

        return jax.vmap(one)(*self.draw_batch(key, dim))

    def update(self, key: PRNGKeyArray, density: Density, state: ReplayState) -> tuple[ReplayState, Trace]:
        key_paths, key_train = jax.random.split(key)
        log_gamma, networks = state.coordinates.pull_back(density.log_prob), state.trained.parameters
        fresh = self.fresh(key_paths, density.dim, self.law(networks, log_gamma), log_gamma)
        keep = len(state.stored.end) - len(fresh.end)
        stored = jax.tree.map(lambda new, old: jnp.concatenate([new, old[:keep]]), fresh, state.stored)
        state = state._replace(stored=stored, updated=state.updated + 1)
        trained, info = self.regress(key_train, density, log_gamma, state)
        spent = len(fresh.end) * (self.looks() + 1) + self.lean * self.regressions * self.points
        info |= {"elbo": jnp.mean(fresh.log_weight)}
        return state._replace(trained=trained), Trace(evals(gradients=spent), info)

    def regress(
        self, key: PRNGKeyArray, density: Density, log_gamma: LogProb, state: ReplayState
    ) -> tuple[Trained, dict[str, Array]]:
        """Steps of the networks towards what the stored ends say."""
        judge = self.law((state.trained.parameters[0], state.judge), log_gamma).backward
        drawn_by = chances(state.stored.log_weight, self.share)

        def loss(networks: Any, key: PRNGKeyArray) -> Array:
            law = self.law(networks, log_gamma)
            return jnp.mean(self.misses(law, judge, key, state.stored, drawn_by))

        def step(trained: Trained, key: PRNGKeyArray) -> tuple[Trained, tuple]:
            value, gradient = jax.value_and_grad(loss)(trained.parameters, key)
            trained, step = step_down(self.optimiser(density), trained, gradient)
            return trained, (value, step)

        keys = jax.random.split(key, self.regressions)
        trained, (losses, steps) = jax.lax.scan(step, state.trained, keys)
        norm, skipped = jnp.mean(steps.norm), jnp.all(steps.skipped)
        return trained, {"loss": jnp.mean(losses), "gradient_norm": norm, "skipped": skipped}

    def misses(
        self, law: Law, judge: Side, key: PRNGKeyArray, stored: Ends, drawn_by: Float[Array, " n"]
    ) -> Float[Array, " points"]:
        """Half the squared distances of the controls from what one path each says of them."""
        drawn = self.draw_between(key, law.chain, stored, drawn_by)
        return jax.vmap(lambda one: adjoint_miss(law, judge, one))(drawn)

    def draw_between(
        self, key: PRNGKeyArray, chain: Chain, stored: Ends, drawn_by: Array | None, first: int = 0
    ) -> Between:
        """Points at random times, those of whole steps from the `first` on, between random ends."""
        key_ends, key_times, key_noise = jax.random.split(key, 3)
        drawn = jax.random.choice(key_ends, len(stored.end), (self.points,), p=drawn_by)
        k = jax.random.randint(key_times, (self.points,), first, first + self.steps)
        ends = jax.tree.map(lambda leaf: leaf[drawn], stored)
        noise = normal(key_noise, ends.end.shape)
        return jax.vmap(lambda *each: between(chain, *each))(ends, k, noise)

    def trained_law(self, state: ReplayState, log_gamma: LogProb) -> Law:
        return self.law(state.trained.parameters, log_gamma)


def adjoint_miss(law: Law, judge: Side, drawn: Between) -> Float[Array, ""]:
    """|u(t, X_t) - a grad log(gamma / (R_K phi-hat))(X_K)|^2 / 2, with a the reference's memory of its end.

    Its mean is least at the control of the half bridge whose grad log phi-hat at the end is the judge
    (Liu et al. 2025, theorem 4.1).
    """
    ends, k, x = drawn
    memory = jnp.asarray(law.chain.memory(), x.dtype)[k]
    corrector = judge.control(at(-1, judge.features), ends.end, None)
    adjoint = ends.score - jax.grad(law.chain.log_end)(ends.end) - corrector
    hint = law.hint.look(at(k, law.hint.features), x)
    control = law.forward.control(at(k, law.forward.features), x, hint)
    return 0.5 * jnp.sum((control - memory * adjoint) ** 2)


def unaided(network: Network, chain: Chain) -> Side:
    """v = NN + s x: it starts at zero and leans on nothing that costs a gradient."""
    leaning = free(network, chain)
    return steered(lambda features, x, hint: leaning.control(features, x, x), leaning.features)


def at(k: Any, features: Any) -> Any:
    """Features of the k-th time."""
    return jax.tree.map(lambda leaf: leaf[k], features)
