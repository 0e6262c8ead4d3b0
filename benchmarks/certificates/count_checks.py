"""Checks that a sampler declares the evaluations that it makes, made on a target that counts them.

What is declared is the work of the algorithm: of the lanes of a `vmap` only what they need, although lanes
that have finished are computed again until the last one has. So it lies between the evaluations that were
needed and those that were executed, of each kind. At the smallest size it is what was needed, exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from bridgemark.benchmarks.certificates.counting import Tally, count_evaluations
from bridgemark.benchmarks.certificates.small_runs import DRAWS, FAST_COMPILATION, TINY
from bridgemark.benchmarks.certificates.statistical_tests import NotJudged
from bridgemark.benchmarks.rows.cost import Cost, in_gradients, total
from bridgemark.benchmarks.sweep.phases import bind_phases
from bridgemark.samplers.base import Evals, Sampler
from bridgemark.targets.base import Target

COUNT_TOLERANCE = 0.01
RANGES_OF_DRAWS = ((4, 63), (64, 999), (1_000, 5_000))  # a number of draws is taken from each


@dataclass(frozen=True)
class PhaseCount:
    """The evaluations of one phase: those declared, those that its lanes needed, and those executed."""

    phase: str
    declared: Cost
    needed: Cost
    executed: Cost


def count_phases(
    sampler: Sampler, target: Target, draws: tuple[int, ...], seed: int, fit_options: Mapping[str, Any]
) -> tuple[PhaseCount, ...]:
    """Fit once and then draw each of these numbers of draws from that fit, and count the evaluations.

    `fit_options` are those with which `fit` is compiled; `sample` is compiled quickly.
    """
    tally = Tally()
    counted = replace(target, density=count_evaluations(target.density, tally))
    key_fit, *keys = jax.random.split(jax.random.key(seed), 1 + len(draws))

    def count(phase: str, evals: Evals) -> PhaseCount:
        declared = total(jax.block_until_ready(evals))
        phase_count = PhaseCount(phase, declared, tally.needed(), tally.executed())
        tally.reset()
        return phase_count

    with tally.lanes.followed():
        fit = jax.jit(bind_phases(sampler, counted, 1).fit, compiler_options=dict(fit_options))(key_fit)
        counts = [count("fit", fit.evals)]
        for n, key in zip(draws, keys, strict=True):
            sample = jax.jit(bind_phases(sampler, counted, n).sample, compiler_options=FAST_COMPILATION)
            counts.append(count(f"sample of {n:,}", sample(key, fit.state)[1].evals))
    return tuple(counts)


def count_full_size(sampler: Sampler, target: Target, seed: int) -> tuple[PhaseCount, ...]:
    """Count the evaluations of the sampler as it is, for numbers of draws that the seed chooses.

    Training takes long, so `fit` is compiled with all optimisations: `dds` then takes half the time.
    """
    choice = np.random.default_rng(seed)
    draws = tuple(int(choice.integers(low, high, endpoint=True)) for low, high in RANGES_OF_DRAWS)
    return count_phases(sampler, target, draws, seed, fit_options={})


def exactly_declared(sampler: Sampler, target: Target) -> str | None:
    """At the smallest size each phase declares what its lanes needed, within 1 %."""
    for count in count_phases(sampler.at_most(TINY), target, (DRAWS,), 1, FAST_COMPILATION):
        complaint = _compare(count, count.needed, count.needed)
        if complaint:
            return complaint
    return None


def declared_at_full_size(counts: tuple[PhaseCount, ...]) -> str | None:
    """Each phase declares no less than its lanes needed, and no more than was executed, within 1 %."""
    for count in counts:
        complaint = _compare(count, count.needed, count.executed)
        if complaint:
            return complaint
    return None


def executed_work(counts: tuple[PhaseCount, ...]) -> str | None:
    """Raise NotJudged to say how many evaluations are executed for each that is declared.

    They are more than one where chains wait for the longest.
    """
    declared = sum(in_gradients(count.declared) for count in counts)
    if declared == 0:
        raise NotJudged("no evaluations are declared")
    executed = sum(in_gradients(count.executed) for count in counts)
    raise NotJudged(f"{executed / declared:.2f} for each that is counted")


def _compare(count: PhaseCount, least: Cost, most: Cost) -> str | None:
    """What is wrong with the declared numbers if they should be between these, within 1 %."""
    for kind, declared in vars(count.declared).items():
        low, high = getattr(least, kind), getattr(most, kind)
        if declared < (1 - COUNT_TOLERANCE) * low or declared > (1 + COUNT_TOLERANCE) * high:
            made = f"({_numbers(most)})" if least == most else f"({_numbers(least)}) to ({_numbers(most)})"
            declares = f"{count.phase} declares ({_numbers(count.declared)}) values, gradients, simulations"
            return f"{declares}; {made} were made"
    return None


def _numbers(cost: Cost) -> str:
    return f"{cost.values}, {cost.gradients}, {cost.simulations}"
