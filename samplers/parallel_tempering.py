"""Parallel tempering: replicas at temperatures from the base to the target, which swap their positions."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, PRNGKeyArray

from bridgemark.samplers.base import Draws, Evals, Fit, Limits, Sampler, evals, scaled_size
from bridgemark.samplers.common.affine import base_coordinates
from bridgemark.samplers.mcmc.markov_chains import LEAST_WARM_UP
from bridgemark.samplers.mcmc.replica_schedule import (
    ReplicaSchedule,
    RunningMoments,
    adapt_schedule,
    empty_moments,
    initial_schedule,
    update_moments,
)
from bridgemark.samplers.mcmc.replicas import (
    IterationInfo,
    Replicas,
    init_replicas,
    iterate,
    stepping_stone_log_z,
)
from bridgemark.targets.base import Density, LogProb

ADAPTATION_TIMES = (0.03, 0.06, 0.12, 0.25, 0.5)  # of the warm-up: each interval is as long as all before it
STEP_SIZE_DECAY = 0.6  # exponent of the step-size adaptation's gain


class TemperingState(NamedTuple):
    """The replicas of all runs, and the schedule that the runs share."""

    replicas: Replicas
    schedule: ReplicaSchedule


class WarmUpState(NamedTuple):
    """A `TemperingState` during warm-up, and the moments since its schedule was last adapted."""

    replicas: Replicas
    schedule: ReplicaSchedule
    moments: RunningMoments


class WarmUpIteration(NamedTuple):
    """What the warm-up does in one iteration. `plan_warm_up` stacks the entries of all iterations.

    Attributes:
        key: the key of the iteration.
        number: its number, whose parity says which pairs of replicas may swap.
        since_adaptation: how many iterations the present temperatures have been in use.
        adapts: whether temperatures and mass matrices are adapted at the end of the iteration.
    """

    key: PRNGKeyArray
    number: Int[Array, ""]
    since_adaptation: Int[Array, ""]
    adapts: Bool[Array, ""]


@dataclass(frozen=True, kw_only=True)
class ParallelTempering(Sampler):
    """Non-reversible parallel tempering (Syed et al. 2022) with HMC moves, from the Gaussian base.

    In `warm_up` iterations `runs` independent runs adapt a schedule that they share: `temperatures`
    temperatures at which swaps are rejected equally often, and a step size, aimed at the acceptance rate
    `target_acceptance`, and a diagonal mass matrix for each. Every iteration then gives one draw per run, the
    replica at the target. Each run estimates log Z by stepping stones. Raises Unsupported where the base is
    not Gaussian.
    """

    fit_share: ClassVar[float] = 0.3
    runs: int = 4
    warm_up: int = 500
    temperatures: int = 16
    leapfrog_steps: int = 5
    target_acceptance: float = 0.8

    def scaled(self, effort: float) -> Sampler:
        return replace(self, warm_up=scaled_size(self.warm_up, effort, LEAST_WARM_UP))

    def at_most(self, limits: Limits) -> Sampler:
        return replace(
            self,
            runs=min(self.runs, limits.runs),
            warm_up=min(self.warm_up, limits.warm_up),
            temperatures=min(self.temperatures, limits.temperatures),
            leapfrog_steps=min(self.leapfrog_steps, limits.steps),
        )

    def fit(self, key: PRNGKeyArray, density: Density) -> Fit:
        log_target = base_coordinates(density.base).pull_back(density.log_prob)
        key_start, key_run = jax.random.split(key)
        starts = jax.random.normal(key_start, (self.runs, self.temperatures, density.dim))
        replicas = jax.vmap(lambda z: init_replicas(log_target, z))(starts)

        def step(state: WarmUpState, iteration: WarmUpIteration) -> tuple[WarmUpState, None]:
            return self._warm_up_step(log_target, state, iteration), None

        iterations = plan_warm_up(jax.random.split(key_run, self.warm_up))
        start = WarmUpState(
            replicas,
            initial_schedule(self.temperatures, density.dim),
            empty_moments(self.temperatures, density.dim),
        )
        (replicas, schedule, moments), _ = jax.lax.scan(step, start, iterations)
        info = schedule._asdict() | {"refused": moments.swap_rejections / moments.count}
        spent = self._gradients_spent(self.warm_up, starts=self.temperatures)
        return Fit(TemperingState(replicas, schedule), spent, info)

    def sample(
        self, key: PRNGKeyArray, density: Density, state: TemperingState, n: int
    ) -> tuple[TemperingState, Draws]:
        coordinates = base_coordinates(density.base)
        log_target = coordinates.pull_back(density.log_prob)
        length = max(n // self.runs, 1)

        def step(
            replicas: Replicas, inputs: tuple[PRNGKeyArray, Int[Array, ""]]
        ) -> tuple[Replicas, tuple[Float[Array, "runs dim"], IterationInfo]]:
            key, iteration = inputs
            replicas, info = self._iterate_runs(key, log_target, replicas, state.schedule, iteration % 2)
            return replicas, (replicas.z[:, -1], info)

        keys = jax.random.split(key, length)
        replicas, (z, iterations) = jax.lax.scan(step, state.replicas, (keys, jnp.arange(length)))
        info = {
            "acceptance": jnp.mean(iterations.acceptance, axis=(0, 1)),
            "swaps": jnp.mean(iterations.swap_acceptance, axis=(0, 1)),
        }
        x = coordinates.forward(jnp.swapaxes(z, 0, 1))
        log_z = jax.vmap(stepping_stone_log_z, in_axes=1)(iterations)
        draws = Draws(x, None, log_z, self._gradients_spent(length, starts=0), info)
        return TemperingState(replicas, state.schedule), draws

    def _warm_up_step(
        self, log_target: LogProb, state: WarmUpState, iteration: WarmUpIteration
    ) -> WarmUpState:
        """One iteration of all runs; it adapts the step sizes, and in some iterations the whole schedule."""
        replicas, schedule, moments = state
        parity = iteration.number % 2
        replicas, info = self._iterate_runs(iteration.key, log_target, replicas, schedule, parity)
        excess = jnp.mean(info.acceptance, axis=0) - self.target_acceptance
        gain = (1 + iteration.since_adaptation) ** -STEP_SIZE_DECAY
        schedule = schedule._replace(step_sizes=schedule.step_sizes * jnp.exp(excess * gain))
        moments = update_moments(moments, replicas.z, info.swap_acceptance)
        empty = empty_moments(*replicas.z.shape[1:])
        schedule, moments = jax.lax.cond(
            iteration.adapts,
            lambda: (adapt_schedule(schedule, moments), empty),
            lambda: (schedule, moments),
        )
        return WarmUpState(replicas, schedule, moments)

    def _iterate_runs(
        self,
        key: PRNGKeyArray,
        log_target: LogProb,
        replicas: Replicas,
        schedule: ReplicaSchedule,
        parity: Int[Array, ""],
    ) -> tuple[Replicas, IterationInfo]:
        """One iteration of every run; the leaves of `replicas` and of the information begin with the runs."""

        def iterate_run(key: PRNGKeyArray, replicas: Replicas) -> tuple[Replicas, IterationInfo]:
            return iterate(key, log_target, replicas, schedule, parity, self.leapfrog_steps)

        return jax.vmap(iterate_run)(jax.random.split(key, self.runs), replicas)

    def _gradients_spent(self, iterations: int, starts: int) -> Evals:
        """The gradients of all runs: `starts` evaluations per run, and those of its iterations."""
        per_iteration = 1 + (self.temperatures - 1) * self.leapfrog_steps
        return evals(gradients=self.runs * (iterations * per_iteration + starts))


def plan_warm_up(keys: Key[Array, " iterations"]) -> WarmUpIteration:
    """Lay out a warm-up with one iteration per key: the schedule is adapted at `ADAPTATION_TIMES`."""
    length = len(keys)
    adapt_after = {int(share * length) for share in ADAPTATION_TIMES}
    since_adaptation, adapts = [], []
    count = 0
    for iteration in range(length):
        since_adaptation.append(count)
        adapts.append(iteration in adapt_after)
        count = 0 if iteration in adapt_after else count + 1
    stacked: Any = (np.arange(length), np.array(since_adaptation), np.array(adapts))
    return WarmUpIteration(keys, *stacked)


SAMPLERS = {"parallel-tempering": ParallelTempering()}
