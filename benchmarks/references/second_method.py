"""Moments of a target by independent runs of tempered SMC, in which no divergence ends a trajectory.

The weighted sum of a function over the particles of one run has the mean Z E[f] whatever the moves are, and a
rejected move leaves a particle where it is. Where moves are poor, runs differ, and the standard errors, which
come from independent runs alone, are large. Where hardly any run finds a region, all runs agree on a Z that
is too low; so Z must also be the one that is known. That does not see a tail of small mass: on brownian-32
the runs lose the tail of small noise, where the density is stiff for any leapfrog step, and log Z is lower by
a few hundredths only. An agreement is evidence, then, and no proof.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from bridgemark.benchmarks.references.estimators import Refused
from bridgemark.benchmarks.references.starts import at_base, at_chains, at_mode, moved_to
from bridgemark.benchmarks.scores.evidence import Estimate, log_mean
from bridgemark.benchmarks.scores.monte_carlo_error import mean_error
from bridgemark.benchmarks.scores.weighted_sample import effective_size, normalised_weights
from bridgemark.samplers.base import Unsupported
from bridgemark.samplers.smc import SMC
from bridgemark.targets.base import Base, Density

MAX_LOG_Z_GAP = 3.0  # between log Z of the runs and the one that is known, in standard errors
LOG_Z_ROUNDING = 1e-5  # of stored values
MIN_EFFECTIVE_SHARE = 0.6  # of the runs: where few of them decide, their errors are not to be trusted
WANTED_ERROR = 0.05  # of a mean or a deviation, in standard deviations of the function

Functions = Mapping[str, Callable]
Say = Callable[[str], None]


class Size(NamedTuple):
    """How many blocks of `smc.runs` runs are made at least and at most, and the particles of every run.

    Between the two the blocks end where every standard error is small enough.
    """

    min_blocks: int
    max_blocks: int
    particles: int
    smc: SMC


class Attempt(NamedTuple):
    """Where SMC starts, and the effective share of the particles that a step in temperature leaves."""

    start: Callable[[Density], Base]
    ess_fraction: float


# By what they are called in a recipe, the cheaper first.
ATTEMPTS = {
    "a Gaussian at the mode": Attempt(at_mode, 0.8),
    "the base": Attempt(at_base, 0.8),
    "the base in small steps": Attempt(at_base, 0.95),
    "a Gaussian fitted to short chains": Attempt(at_chains, 0.9),
}


class Moments(NamedTuple):
    """Mean and standard deviation of a function with k values, and the standard error of both."""

    mean: Float[np.ndarray, " k"]
    sd: Float[np.ndarray, " k"]
    mean_error: Float[np.ndarray, " k"]
    sd_error: Float[np.ndarray, " k"]


class Runs(NamedTuple):
    """The estimate of log Z of every run, and the functions of its particles by name."""

    log_z: Float[np.ndarray, " runs"]
    values: dict[str, Float[np.ndarray, "runs particles k"]]


class SecondMethod(NamedTuple):
    """What independent runs estimate: moments by the name of their function, and log Z.

    `description` says how the runs were made, as it is stored.
    """

    moments: dict[str, Moments]
    log_z: Estimate
    runs: int
    description: dict[str, Any]


def size(dim: int) -> Size:
    """How many runs are made on a target of this dimension: each of them costs seconds to minutes in all."""
    moves = {"runs": 8, "max_temperature_step": 1.0}
    if dim <= 100:
        return Size(8, 64, 128, SMC(fit_particles=256, transitions=4, leapfrog_steps=10, **moves))
    if dim <= 300:
        return Size(8, 32, 128, SMC(fit_particles=128, transitions=4, leapfrog_steps=5, **moves))
    return Size(4, 8, 64, SMC(fit_particles=128, transitions=2, leapfrog_steps=5, **moves))


def run_second_method(
    density: Density, functions: Functions, log_z: Estimate, wanted: Size, say: Say
) -> SecondMethod:
    """Moments and log Z from the first of the ATTEMPTS whose runs agree about Z, and with `log_z`.

    Where none agrees with `log_z`, the attempt with the largest Z, because a missing region makes Z small.
    Raises Refused, with all reasons, where from no start the runs agree with each other.
    """
    refused: dict[str, str] = {}
    results: list[SecondMethod] = []
    for seed, (name, attempt) in enumerate(ATTEMPTS.items(), 1):
        smc = replace(wanted.smc, ess_fraction=attempt.ess_fraction)
        try:
            moved = moved_to(density, attempt.start(density))
            result = _run(jax.random.key(seed), moved, functions, wanted._replace(smc=smc))
        except (Refused, Unsupported) as reason:
            refused[name] = str(reason)
            say(f"SMC from {name} is refused: {reason}")
            continue
        recipe = f"{result.runs} SMC runs of {wanted.particles} particles from {name}"
        description = {"method": recipe, "settings": repr(smc), "refused": dict(refused)}
        results.append(result._replace(description=description))
        if log_z_apart(log_z, result.log_z) <= MAX_LOG_Z_GAP:
            return results[-1]
        refused[name] = f"log Z is {result.log_z.value:.4g} and not {log_z.value:.4g}"
        say(f"SMC from {name} is put aside: {refused[name]}")
    if not results:
        raise Refused("; ".join(f"from {name}: {reason}" for name, reason in refused.items()))
    return max(results, key=lambda result: result.log_z.value)


def log_z_apart(first: Estimate, second: Estimate) -> float:
    """The difference of two estimates of log Z in standard errors, of which rounding is a part."""
    errors = [estimate.standard_error or 0.0 for estimate in (first, second)]
    return float(abs(first.value - second.value) / np.linalg.norm([*errors, LOG_Z_ROUNDING]))


def _run(key: PRNGKeyArray, density: Density, functions: Functions, wanted: Size) -> SecondMethod:
    """Run SMC from the base of `density`. Raises Refused where its runs disagree about Z.

    That is seen after the first block already, which saves the others.
    """
    smc = wanted.smc
    key_fit, key_draw = jax.random.split(key)
    state = jax.jit(lambda key: smc.fit(key, density).state)(key_fit)
    of_all = {name: jax.vmap(jax.vmap(function)) for name, function in functions.items()}

    @jax.jit
    def run_block(key: PRNGKeyArray) -> Runs:
        draws: Any = smc.sample(key, density, state, wanted.particles * smc.runs)[1]
        return Runs(draws.log_z, {name: function(draws.x) for name, function in of_all.items()})

    blocks: list[Runs] = []
    for key_block in jax.random.split(key_draw, wanted.max_blocks):
        blocks.append(jax.device_get(run_block(key_block)))
        runs: Runs = jax.tree.map(lambda *parts: np.concatenate(parts), *blocks)
        _refuse_few_effective_runs(runs.log_z)
        moments = {name: estimate_moments(values, runs.log_z) for name, values in runs.values.items()}
        if len(blocks) >= wanted.min_blocks and all(map(_is_precise, moments.values())):
            break
    return SecondMethod(moments, log_mean(runs.log_z), len(runs.log_z), {})


def _is_precise(moments: Moments) -> bool:
    """Whether no standard error is above WANTED_ERROR standard deviations of its function."""
    return bool(np.all(np.maximum(moments.mean_error, moments.sd_error) <= WANTED_ERROR * moments.sd))


def _refuse_few_effective_runs(log_z: Float[np.ndarray, " runs"]) -> None:
    share = effective_size(normalised_weights(log_z)) / len(log_z) if np.isfinite(log_z).all() else 0.0
    if not share >= MIN_EFFECTIVE_SHARE:
        deviation = float(np.std(log_z, ddof=1))
        raise Refused(f"{len(log_z)} runs disagree about log Z (standard deviation {deviation:.2g})")


def estimate_moments(
    values: Float[np.ndarray, "runs particles k"], log_z: Float[np.ndarray, " runs"]
) -> Moments:
    """Moments of weighted runs, and their standard errors by the linearised ratio of means over runs."""
    weights = normalised_weights(log_z)
    mean = weights @ values.mean(axis=1)
    squares = np.mean((values - mean) ** 2, axis=1)
    sd = np.sqrt(weights @ squares)
    error_of_mean = _error_over_runs(weights, values.mean(axis=1))
    error_of_square = _error_over_runs(weights, squares)
    # The variance is the square of the deviation, so that its error is 2 sd times that of the deviation.
    sd_error = np.divide(error_of_square, 2 * sd, out=np.zeros_like(sd), where=sd > 0)
    return Moments(mean, sd, error_of_mean, sd_error)


def _error_over_runs(
    weights: Float[np.ndarray, " runs"], values: Float[np.ndarray, "runs k"]
) -> Float[np.ndarray, " k"]:
    """Standard error of a weighted mean over independent runs; infinite for a single one."""
    error = mean_error(values, weights, np.arange(len(weights)))
    return np.full(values.shape[1], np.inf) if error is None else error
