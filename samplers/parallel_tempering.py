"""Parallel tempering: replicas at temperatures from the base to the target, which swap places."""

from dataclasses import dataclass, replace
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from bridgemark.samplers.base import Draws, Fit, Sampler, State, evals
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.mcmc.replicas import (
    Replicas,
    Told,
    evaluate,
    first_tuned,
    iterate,
    log_z,
    nothing_seen,
    retuned,
    see,
)
from bridgemark.targets.base import Density, LogProb

TUNINGS = (0.03, 0.06, 0.12, 0.25, 0.5)  # of the warm-up, where temperatures and masses are set anew


@dataclass(frozen=True, kw_only=True)
class ParallelTempering(Sampler):
    """Non-reversible parallel tempering (Syed et al. 2022) with HMC moves, from the Gaussian base.

    `runs` independent runs share what `warm_up` iterations tune: temperatures, at which swaps are refused
    alike, and a step size and diagonal mass matrix for each. A draw is the replica at the target after
    an iteration. log Z by stepping stones, one a run.
    """

    fit_share: ClassVar[float] = 0.3
    runs: int = 4
    warm_up: int = 500
    temperatures: int = 16
    leapfrog_steps: int = 5
    acceptance: float = 0.8

    def scaled(self, effort: float) -> Sampler:
        return replace(self, warm_up=max(round(effort * self.warm_up), 20))

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        log_target, rungs = base_coordinates(density).pull_back(density.log_prob), self.temperatures
        key_start, key_run = jax.random.split(key)
        starts = jax.random.normal(key_start, (self.runs, rungs, density.dim))
        replicas = jax.vmap(lambda z: evaluate(log_target, z))(starts)

        def step(carry: tuple, inputs: tuple) -> tuple[tuple, None]:
            replicas, tuned, seen = carry
            key, time, since, due = inputs
            replicas, told = self._iterate(key, log_target, replicas, tuned, time % 2)
            off = jnp.mean(told.acceptance, axis=0) - self.acceptance
            tuned = tuned._replace(step_sizes=tuned.step_sizes * jnp.exp(off * (1 + since) ** -0.6))
            seen = see(seen, replicas.z, told.swap)
            fresh = nothing_seen(rungs, density.dim)
            tuned, seen = jax.lax.cond(due, lambda: (retuned(tuned, seen), fresh), lambda: (tuned, seen))
            return (replicas, tuned, seen), None

        times = np.arange(self.warm_up)
        last = np.unique([int(share * self.warm_up) for share in TUNINGS])
        since = times - np.max(np.where(last < times[:, None], last + 1, 0), axis=1)
        inputs = (jax.random.split(key_run, self.warm_up), times, since, np.isin(times, last))
        start = (replicas, first_tuned(rungs, density.dim), nothing_seen(rungs, density.dim))
        (replicas, tuned, seen), _ = jax.lax.scan(step, start, inputs)
        info = tuned._asdict() | {"refused": seen.refused / seen.count}
        return Fit((replicas, tuned), self._spent(self.warm_up, rungs), info)

    def sample(self, key: PRNGKeyArray, density: Density, state: State, n: int) -> tuple[State, Draws]:
        coordinates = base_coordinates(density)
        log_target, (replicas, tuned) = coordinates.pull_back(density.log_prob), state
        length = max(n // self.runs, 1)

        def step(replicas: Replicas, inputs: tuple) -> tuple[Replicas, tuple]:
            key, time = inputs
            replicas, told = self._iterate(key, log_target, replicas, tuned, time % 2)
            return replicas, (replicas.z[:, -1], told)

        keys = jax.random.split(key, length)
        replicas, (z, told) = jax.lax.scan(step, replicas, (keys, jnp.arange(length)))
        info = {"acceptance": jnp.mean(told.acceptance, axis=(0, 1)), "swaps": jnp.mean(told.swap, (0, 1))}
        x = coordinates.forward(jnp.swapaxes(z, 0, 1))
        draws = Draws(x, None, jax.vmap(log_z, in_axes=1)(told), self._spent(length, 0), info)
        return (replicas, tuned), draws

    def _iterate(
        self, key: PRNGKeyArray, log_target: LogProb, replicas: Replicas, tuned: State, parity: Array
    ) -> tuple[Replicas, Told]:
        """All runs by one iteration."""
        one = lambda key, replicas: iterate(  # noqa: E731
            key, log_target, replicas, tuned, parity, self.leapfrog_steps
        )
        return jax.vmap(one)(jax.random.split(key, self.runs), replicas)

    def _spent(self, iterations: int, starts: int) -> State:
        """Gradients, in parts: a run's iterations, and its starts."""
        a_run = iterations * (1 + (self.temperatures - 1) * self.leapfrog_steps) + starts
        return evals(gradients=self.runs * a_run)


SAMPLERS = {"parallel-tempering": ParallelTempering()}
