"""Ways to estimate log Z that share nothing but the density, each refused where it cannot serve.

Tempered SMC starts from the base and always runs. A bridge rests on the chains, and the path sampler on
training: both look at one place, so they are refused where the chains disagree about x itself, as between
modes. Replicas at many temperatures, the dearest, need neither. Where the base is too far off for all of
these, SMC starts from a Gaussian fitted to the chains.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.benchmarks.references import bridge_sampling
from bridgemark.benchmarks.scores.diagnostics import r_hat
from bridgemark.benchmarks.scores.evidence import log_mean
from bridgemark.benchmarks.scores.pareto import TRUSTED, pareto_k
from bridgemark.samplers.base import Sampler, State
from bridgemark.samplers.dds import DDS
from bridgemark.samplers.nuts import NUTS
from bridgemark.samplers.parallel_tempering import ParallelTempering
from bridgemark.samplers.smc import SMC
from bridgemark.targets.base import Target

LARGEST_R_HAT = 1.01
RESERVE = 1.2  # times the work that an error of few runs asks for

Chains = Float[np.ndarray, "chains length dim"]
Estimate = dict[str, Any]


class Refused(Exception):
    """A method cannot serve this target, and why."""


class Effort(NamedTuple):
    """How long to run, and the standard error of log Z to reach.

    SMC in ladders (each adapted anew) of several runs each; draws of NUTS and weighted draws of DDS in all,
    the latter in `batches`; iterations of each run of parallel tempering, for at most so many `rounds`.
    """

    error: float
    ladders: int
    particles: int
    smc: SMC
    draws: int
    nuts: NUTS
    dds: DDS = DDS()
    weighted: int = 16_384
    batches: int = 8
    tempering: ParallelTempering = ParallelTempering(runs=16, warm_up=1_000)
    iterations: int = 4_000
    rounds: int = 24

    def chains(self) -> dict[str, tuple[Sampler, int]]:
        """Where moments come from, the cheaper first: samplers of chains, and draws of each in all."""
        tempered = self.tempering.runs * self.iterations
        return {"NUTS": (self.nuts, self.draws), "parallel tempering": (self.tempering, tempered)}


def by_smc(key: PRNGKeyArray, target: Target, plan: Effort, x: Chains) -> Estimate:
    """The mean of unbiased estimates of Z, one a run; nothing is asked of the chains."""
    fit = jax.jit(lambda key: plan.smc.fit(key, target.density).state)
    total = plan.particles * plan.smc.runs
    draw = jax.jit(lambda key, state: plan.smc.sample(key, target.density, state, total)[1].log_z)
    runs: list[float] = []
    for ladder in jax.random.split(key, plan.ladders):
        key_fit, key_draw = jax.random.split(ladder)
        runs += np.asarray(draw(key_draw, fit(key_fit)), float).tolist()
    recipe = f"{len(runs)} SMC runs of {plan.particles} particles"
    return _estimate(log_mean(np.array(runs)), recipe, plan.smc) | {"runs": _rounded(runs)}


def by_bridge(key: PRNGKeyArray, target: Target, plan: Effort, x: Chains) -> Estimate:
    """Bridge sampling between the chains and Gaussians fitted to them."""
    _refuse_several_places(x)
    try:
        found = bridge_sampling.log_z(key, target.density.log_prob, x)
    except ValueError as error:
        raise Refused(str(error)) from error
    return _estimate(found, f"bridge sampling, {x.shape[0]} x {x.shape[1]} draws of chains")


def by_dds(key: PRNGKeyArray, target: Target, plan: Effort, x: Chains) -> Estimate:
    """The mean importance weight of a trained path sampler."""
    _refuse_several_places(x)
    key_fit, key_draw = jax.random.split(key)
    state = jax.jit(lambda key: plan.dds.fit(key, target.density).state)(key_fit)
    size = plan.weighted // plan.batches
    draw = jax.jit(lambda key: plan.dds.sample(key, target.density, state, size)[1].log_weights)
    drawn = [np.asarray(draw(each), float).ravel() for each in jax.random.split(key_draw, plan.batches)]
    log_weights = np.concatenate(drawn)
    k = pareto_k(log_weights)
    if k is None or not k <= TRUSTED:
        raise Refused(f"the weights of the path sampler are not to be trusted: Pareto k {k} above {TRUSTED}")
    weights = np.exp(log_weights - log_weights.max())
    ess = float(weights.sum() ** 2 / (weights @ weights) / len(weights))
    recipe = f"{len(log_weights)} weighted draws of DDS"
    return _estimate(log_mean(log_weights), recipe, plan.dds) | {
        "pareto_k": round(k, 3),
        "ess": round(ess, 3),
    }


def by_tempering(key: PRNGKeyArray, target: Target, plan: Effort, x: Chains) -> Estimate:
    """The mean of stepping-stone estimates of log Z; the first round of runs tells how many are needed."""
    sampler = plan.tempering
    key_fit, *keys = jax.random.split(key, 1 + plan.rounds)
    state = jax.jit(lambda key: sampler.fit(key, target.density).state)(key_fit)
    total = plan.iterations * sampler.runs

    @jax.jit
    def draw(key: PRNGKeyArray, state: State) -> tuple[State, Array | None]:
        state, draws = sampler.sample(key, target.density, state, total)
        return state, draws.log_z

    rounds: list[np.ndarray] = []
    needed = 1.0
    for each in keys:
        if len(rounds) >= needed:
            break
        state, log_z = draw(each, state)
        rounds.append(np.asarray(log_z, float))
        runs = np.stack(rounds).mean(axis=0)
        found = float(runs.mean()), float(runs.std(ddof=1) / np.sqrt(len(runs)))
        needed = RESERVE * (found[1] / plan.error) ** 2 if len(rounds) == 1 else needed
    recipe = f"{len(runs)} runs of parallel tempering, {len(rounds)} x {plan.iterations} iterations"
    return _estimate(found, recipe, sampler) | {"runs": _rounded(runs)}


def by_near_smc(key: PRNGKeyArray, target: Target, plan: Effort, x: Chains) -> Estimate:
    """SMC from a Gaussian fitted to the chains: unbiased whatever they are, good where they are right."""
    _refuse_several_places(x)
    try:
        near = replace(target, density=replace(target.density, base=bridge_sampling.fitted(x)))
    except ValueError as error:
        raise Refused(str(error)) from error
    found = by_smc(key, near, plan, x)
    return found | {"recipe": f"{found['recipe']} from a Gaussian fitted to the chains"}


METHODS = {
    "smc": by_smc,
    "bridge": by_bridge,
    "dds": by_dds,
    "parallel-tempering": by_tempering,
    "near-smc": by_near_smc,
}


def _refuse_several_places(x: Chains) -> None:
    largest = float(np.max(r_hat(x)))
    if not largest <= LARGEST_R_HAT:
        raise Refused(
            f"the chains are in several places (R-hat {largest:.3g} of x), this method looks at one"
        )


def _estimate(found: tuple[float, float | None], recipe: str, sampler: Sampler | None = None) -> Estimate:
    value, error = found
    if error is None or not np.isfinite([value, error]).all():
        raise Refused(f"the estimate is {value} +- {error}")
    settings = {"recipe": recipe} | ({"settings": repr(sampler)} if sampler else {})
    return {"value": round(value, 5), "standard_error": float(f"{error:.2g}")} | settings


def _rounded(values: Float[np.ndarray, " n"] | list[float]) -> list[float]:
    return [round(float(value), 4) for value in values]
