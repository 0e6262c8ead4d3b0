"""Helpers of samplers that resample weighted particles along a path measure."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from bridgemark.samplers.annealed.adaptive_smc import adaptive_tempered_smc
from bridgemark.samplers.annealed.particles import Particles
from bridgemark.samplers.annealed.schedule import TemperingSchedule, gradients_spent
from bridgemark.samplers.base import Draws, Evals, Info, evals
from bridgemark.samplers.common.affine import Affine
from bridgemark.samplers.common.gaussian import log_standard_normal, normal
from bridgemark.samplers.common.numerics import log_mean_exp
from bridgemark.samplers.pathspace.chain import log_lebesgue
from bridgemark.samplers.pathspace.path_measure import PathMeasure
from bridgemark.samplers.pathspace.pilot import SETTINGS
from bridgemark.targets.base import LogProb


class AdaptiveRun(NamedTuple):
    """The schedule that an adaptive SMC run chose, its final particles, and its cost."""

    schedule: TemperingSchedule
    particles: Particles
    evals: Evals


class RunResult(NamedTuple):
    """The weighted end points of one run in working coordinates, and arrays for diagnosis."""

    z: Float[Array, "particles dim"]
    log_weights: Float[Array, " particles"]
    info: Info


def sub_measure(measure: PathMeasure, first: Int[Array, ""], steps: int) -> PathMeasure:
    """The part of a path measure from the grid's point `first` on, `steps` steps long.

    The densities of its end points are left out, so that `score_path` is the sum of log B/F.
    """
    points = first + jnp.arange(steps + 1)

    def select(tree: Any, indices: Int[Array, " n"]) -> Any:
        return jax.tree.map(lambda leaf: jnp.asarray(leaf)[indices], tree)

    chain = measure.chain._replace(
        forward=select(measure.chain.forward, points[:-1]),
        backward=select(measure.chain.backward, points[:-1]),
        log_start=log_lebesgue,
        log_end=log_lebesgue,
    )
    return PathMeasure(
        chain,
        measure.guidance._replace(features=select(measure.guidance.features, points)),
        measure.forward._replace(features=select(measure.forward.features, points)),
        measure.backward._replace(features=select(measure.backward.features, points)),
        log_initial=log_lebesgue,
    )


def run_adaptive_smc(key: PRNGKeyArray, log_target: LogProb, particles: int, dim: int) -> AdaptiveRun:
    """Run an adaptive tempered SMC from N(0, I), with the settings of the pilot run."""
    key_start, key_run = jax.random.split(key)
    start = normal(key_start, (particles, dim))
    schedule, result = adaptive_tempered_smc(key_run, log_standard_normal, log_target, start, SETTINGS)
    spent = evals(gradients=gradients_spent(SETTINGS, particles, schedule))
    return AdaptiveRun(schedule, result.particles, spent)


def independent_runs(
    key: PRNGKeyArray,
    run: Callable[[PRNGKeyArray], RunResult],
    runs: int,
    coordinates: Affine,
    spent: Evals,
) -> Draws:
    """Draws of `runs` independent runs, one after the other, with the cost `spent` of all of them."""
    result = jax.lax.map(run, jax.random.split(key, runs))
    x = coordinates.forward(result.z)
    return Draws(x, result.log_weights, jax.vmap(log_mean_exp)(result.log_weights), spent, result.info)
