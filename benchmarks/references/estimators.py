"""Methods that estimate log Z and share nothing but the density; each refuses where it cannot serve.

Tempered SMC starts from the base and always runs. Bridge sampling relies on the chains, and the path sampler
on training. Both see one region only, so they refuse where the chains disagree about x itself, as they do
between modes. Parallel tempering, the most expensive method, needs no agreement. Where the base is too far
off for all of these, SMC starts from a Gaussian fitted to the chains.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.benchmarks.references import bridge_sampling
from bridgemark.benchmarks.scores.diagnostics import r_hat
from bridgemark.benchmarks.scores.evidence import log_mean
from bridgemark.benchmarks.scores.pareto import MAX_TRUSTED_K, pareto_k
from bridgemark.benchmarks.scores.weighted_sample import effective_size, normalised_weights
from bridgemark.samplers.base import Sampler, State
from bridgemark.samplers.dds import DDS
from bridgemark.samplers.nuts import NUTS
from bridgemark.samplers.parallel_tempering import ParallelTempering
from bridgemark.samplers.smc import SMC
from bridgemark.targets.base import Target

MAX_R_HAT = 1.01
RESERVE = 1.2  # factor on the work that an error, itself estimated from few runs, asks for

Chains: TypeAlias = Float[np.ndarray, "chains length dim"]  # draws of Markov chains on the target
# What is stored of one method, as JSON: its estimate, standard error and recipe, or why it refused.
MethodResult: TypeAlias = dict[str, Any]


class Refused(Exception):
    """A method cannot serve this target; the message says why."""


class Effort(NamedTuple):
    """How long each method runs, and which standard error of log Z is wanted.

    Attributes:
        error: the standard error that ends the search for better estimates.
        schedules: schedules of temperatures that SMC adapts, each with all its runs.
        particles: particles of every run of SMC.
        smc: the SMC sampler.
        draws: draws of NUTS, all chains together.
        nuts: the NUTS sampler.
        dds: the path sampler.
        weighted_draws: draws of the path sampler.
        batches: batches that these are drawn in.
        tempering: the parallel tempering sampler.
        iterations: iterations of every run of parallel tempering in one round.
        rounds: the largest number of rounds of parallel tempering.
    """

    error: float
    schedules: int
    particles: int
    smc: SMC
    draws: int
    nuts: NUTS
    dds: DDS = DDS()
    weighted_draws: int = 16_384
    batches: int = 8
    tempering: ParallelTempering = ParallelTempering(runs=16, warm_up=1_000)
    iterations: int = 4_000
    rounds: int = 24

    def chain_samplers(self) -> dict[str, tuple[Sampler, int]]:
        """The samplers of Markov chains by name, the cheaper first, with their number of draws."""
        tempered = self.tempering.runs * self.iterations
        return {"NUTS": (self.nuts, self.draws), "parallel tempering": (self.tempering, tempered)}


Method: TypeAlias = Callable[[PRNGKeyArray, Target, Effort, Chains], MethodResult]


def by_smc(key: PRNGKeyArray, target: Target, effort: Effort, x: Chains) -> MethodResult:
    """Estimate log Z by the mean of unbiased estimates of Z, one per run of SMC. The chains are not used."""
    fit = jax.jit(lambda key: effort.smc.fit(key, target.density).state)
    total = effort.particles * effort.smc.runs
    draw = jax.jit(lambda key, state: effort.smc.sample(key, target.density, state, total)[1].log_z)
    runs: list[float] = []
    for key_schedule in jax.random.split(key, effort.schedules):
        key_fit, key_draw = jax.random.split(key_schedule)
        runs += np.asarray(draw(key_draw, fit(key_fit)), float).tolist()
    recipe = f"{len(runs)} SMC runs of {effort.particles} particles"
    return _result(*log_mean(np.array(runs)), recipe, effort.smc) | {"runs": _rounded(runs)}


def by_bridge(key: PRNGKeyArray, target: Target, effort: Effort, x: Chains) -> MethodResult:
    """Estimate log Z by bridge sampling between the chains and Gaussians fitted to them.

    Also stored are the Pareto k of the terms, and the estimate with the chains halved in another way.
    """
    _refuse_disagreeing(x)
    key_first, key_reshuffled = jax.random.split(key)
    try:
        estimate = bridge_sampling.estimate_log_z(key_first, target.density.log_prob, x)
        reshuffled = bridge_sampling.reshuffled_log_z(key_reshuffled, target.density.log_prob, x)
    except ValueError as error:
        raise Refused(str(error)) from error
    recipe = f"bridge sampling, {x.shape[0]} x {x.shape[1]} draws of chains"
    result = _result(estimate.value, estimate.standard_error, recipe)
    again = _result(reshuffled.value, reshuffled.standard_error, "the chains halved in another way")
    return result | {"pareto_k": round(estimate.pareto_k, 3), "reshuffled": again}


def by_dds(key: PRNGKeyArray, target: Target, effort: Effort, x: Chains) -> MethodResult:
    """Estimate log Z by the mean importance weight of a trained path sampler."""
    _refuse_disagreeing(x)
    key_fit, key_draw = jax.random.split(key)
    state = jax.jit(lambda key: effort.dds.fit(key, target.density).state)(key_fit)
    size = effort.weighted_draws // effort.batches
    draw = jax.jit(lambda key: effort.dds.sample(key, target.density, state, size)[1].log_weights)
    batches = [np.asarray(draw(key), float).ravel() for key in jax.random.split(key_draw, effort.batches)]
    log_weights = np.concatenate(batches)
    k = pareto_k(log_weights)
    if k is None or not k <= MAX_TRUSTED_K:
        limit = f"Pareto k {k} above {MAX_TRUSTED_K}"
        raise Refused(f"the weights of the path sampler are not to be trusted: {limit}")
    fraction = effective_size(normalised_weights(log_weights)) / len(log_weights)
    result = _result(*log_mean(log_weights), f"{len(log_weights)} weighted draws of DDS", effort.dds)
    return result | {"pareto_k": round(k, 3), "ess": round(float(fraction), 3)}


def by_tempering(key: PRNGKeyArray, target: Target, effort: Effort, x: Chains) -> MethodResult:
    """Estimate log Z by the mean of stepping-stone estimates of parallel tempering. The chains are not used.

    Every round continues the same runs. How many rounds are needed is estimated after the first.
    """
    sampler = effort.tempering
    key_fit, *keys = jax.random.split(key, 1 + effort.rounds)
    state = jax.jit(lambda key: sampler.fit(key, target.density).state)(key_fit)
    total = effort.iterations * sampler.runs

    @jax.jit
    def draw(key: PRNGKeyArray, state: State) -> tuple[State, Array | None]:
        state, draws = sampler.sample(key, target.density, state, total)
        return state, draws.log_z

    rounds: list[np.ndarray] = []
    needed = 1.0
    for key_round in keys:
        if len(rounds) >= needed:
            break
        state, log_z = draw(key_round, state)
        rounds.append(np.asarray(log_z, float))
        runs = np.stack(rounds).mean(axis=0)
        error = float(runs.std(ddof=1) / np.sqrt(len(runs)))
        if len(rounds) == 1:
            needed = RESERVE * (error / effort.error) ** 2
    recipe = f"{len(runs)} runs of parallel tempering, {len(rounds)} x {effort.iterations} iterations"
    return _result(float(runs.mean()), error, recipe, sampler) | {"runs": _rounded(runs)}


def by_smc_from_chains(key: PRNGKeyArray, target: Target, effort: Effort, x: Chains) -> MethodResult:
    """Estimate log Z by SMC that starts from a Gaussian fitted to the chains.

    It is unbiased whatever the chains are, and precise where they are right.
    """
    _refuse_disagreeing(x)
    try:
        base = bridge_sampling.fit_gaussian(x)
    except ValueError as error:
        raise Refused(str(error)) from error
    result = by_smc(key, replace(target, density=replace(target.density, base=base)), effort, x)
    return result | {"recipe": f"{result['recipe']} from a Gaussian fitted to the chains"}


METHODS: dict[str, Method] = {
    "smc": by_smc,
    "bridge": by_bridge,
    "dds": by_dds,
    "parallel-tempering": by_tempering,
    "near-smc": by_smc_from_chains,
}


def _refuse_disagreeing(x: Chains) -> None:
    """Raise Refused where the chains disagree about x: a method that sees one region misses the others."""
    largest = float(np.max(r_hat(x)))
    if not largest <= MAX_R_HAT:
        raise Refused(f"the chains disagree about x (R-hat {largest:.3g}), and this method sees one region")


def _result(value: float, error: float | None, recipe: str, sampler: Sampler | None = None) -> MethodResult:
    """An estimate and its standard error as they are stored. Raises Refused where one is not finite."""
    if error is None or not np.isfinite([value, error]).all():
        raise Refused(f"the estimate is {value} +- {error}")
    result = {"value": round(value, 5), "standard_error": float(f"{error:.2g}"), "recipe": recipe}
    return result | ({"settings": repr(sampler)} if sampler else {})


def _rounded(values: Float[np.ndarray, " n"] | list[float]) -> list[float]:
    return [round(float(value), 4) for value in values]
