"""The checks that a sampler must pass before it may be ranked: each returns what is wrong, or None."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TypeAlias

import jax
import numpy as np

from bridgemark.benchmarks.certificates.closed_form_targets import linear_gaussian, skewed
from bridgemark.benchmarks.certificates.counting import Tally, count_evaluations
from bridgemark.benchmarks.certificates.replicates import Replicates, draw_replicates
from bridgemark.benchmarks.certificates.small_runs import (
    DRAWS,
    SEVERAL,
    TINY,
    UNCOMPILED,
    UNCOMPILED_DRAWS,
    compile_small,
    run_small,
)
from bridgemark.benchmarks.certificates.statistical_tests import (
    NotJudged,
    elbo_below_log_z,
    ess_not_overstated,
    eubo_above_log_z,
    independent,
    unbiased,
)
from bridgemark.benchmarks.rows.cost import Cost, in_gradients, spent, total
from bridgemark.benchmarks.sweep.phases import Phases, bind_phases
from bridgemark.samplers.base import Evals, Limits, Sampler
from bridgemark.targets.base import Target

BATTERY_VERSION = 1  # to be raised when a check, or what it relies on, may decide otherwise: a test watches
BRIEF = Limits(updates=200, pilot=64, warm_up=500)  # enough to learn the targets of the statistical tests
COUNT_TOLERANCE = 0.01
ROUNDING = 0.02  # relative and absolute: rounding can change a few steps of a trajectory


class SamplerUnderTest:
    """A sampler, and those of its runs that several checks share, each made when it is first needed."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler

    @cached_property
    def gaussian(self) -> Replicates:
        """Replicates on the linear-Gaussian posterior."""
        return draw_replicates(self.sampler.at_most(BRIEF), linear_gaussian())

    @cached_property
    def skewed(self) -> Replicates:
        """Replicates on the skewed target in two dimensions."""
        return draw_replicates(self.sampler.at_most(BRIEF), skewed(2))

    @cached_property
    def exchanged(self) -> Replicates:
        """Replicates on the skewed target with its coordinates exchanged, in double precision."""
        with jax.enable_x64(True):
            return draw_replicates(self.sampler.at_most(BRIEF), skewed(2, exchanged=True))

    @cached_property
    def tiny(self) -> Sampler:
        """The sampler at its smallest size."""
        return self.sampler.at_most(TINY)

    @cached_property
    def tiny_phases(self) -> Phases:
        """The compiled phases of the smallest sampler on the linear-Gaussian posterior."""
        return compile_small(self.tiny, linear_gaussian())


def repeatable(subject: SamplerUnderTest) -> str | None:
    """Equal keys give equal draws, and other keys other draws, in both phases."""
    first, second = run_small(subject.tiny_phases), run_small(subject.tiny_phases)
    if not all(map(np.array_equal, first.draws, second.draws)):
        return "the same keys gave other draws"
    if np.isin(first.draws[0], run_small(subject.tiny_phases, sample_seed=3).draws[0]).any():
        return "another key for sampling gave some of the same draws"
    other_fit = run_small(subject.tiny_phases, fit_seed=3)
    if first.state and all(map(np.array_equal, first.state, other_fit.state)):
        return "another key for fitting gave the same state"
    return None


def no_key_inside(subject: SamplerUnderTest) -> str | None:
    """No key is made from a constant inside the sampler: it would be the same for every seed."""
    phases = bind_phases(subject.tiny, linear_gaussian(), DRAWS)
    key = jax.eval_shape(lambda: jax.random.key(0))
    fit_program, fit = jax.make_jaxpr(phases.fit, return_shape=True)(key)
    sample_program = jax.make_jaxpr(phases.sample)(key, fit.state)
    if "random_seed" in str(fit_program) or "random_seed" in str(sample_program):
        return "a key is made inside, the same for every seed"
    return None


def counts_declared(subject: SamplerUnderTest) -> str | None:
    """The evaluations that each phase declares are those that a counting target sees, within 1 %."""
    tally = Tally()
    target = count_target(linear_gaussian(), tally)
    checkpoint = jax.checkpoint
    # `jax.checkpoint` evaluates again to save memory, which is not part of the algorithm: it is switched off.
    jax.checkpoint = lambda function, **_: function
    try:
        phases = compile_small(subject.tiny, target)
        fit = jax.block_until_ready(phases.fit(jax.random.key(1)))
        complaint = _compare_counts("fit", fit.evals, tally.cost())
        tally.reset()
        _, draws = jax.block_until_ready(phases.sample(jax.random.key(2), fit.state))
        return complaint or _compare_counts("sample", draws.evals, tally.cost())
    finally:
        jax.checkpoint = checkpoint


def count_target(target: Target, tally: Tally) -> Target:
    """The same target, whose density counts its evaluations."""
    return replace(target, density=count_evaluations(target.density, tally))


def _compare_counts(phase: str, evals: Evals, counted: Cost) -> str | None:
    declared = total(evals)
    for kind, count in vars(counted).items():
        if abs(getattr(declared, kind) - count) > COUNT_TOLERANCE * count:
            declares = f"{declared.values}, {declared.gradients}, {declared.simulations}"
            made = f"{counted.values}, {counted.gradients}, {counted.simulations}"
            return f"{phase} declares ({declares}) values, gradients, simulations; ({made}) were made"
    return None


def executed_work(subject: SamplerUnderTest) -> str | None:
    """Raise NotJudged to say how many evaluations are executed for each that is declared.

    They are more than one where memory is saved by evaluating again, and where chains wait for the longest.
    """
    tally = Tally()
    sampler = subject.sampler.at_most(SEVERAL)
    run = run_small(compile_small(sampler, count_target(linear_gaussian(), tally)))
    executed = in_gradients(tally.cost())
    declared = spent(total(run.fit_evals), total(run.sample_evals))
    raise NotJudged(f"{executed / declared:.2f} for each that is counted")


def same_uncompiled(subject: SamplerUnderTest) -> str | None:
    """Compiled and uncompiled draws are the same up to rounding."""
    phases = compile_small(subject.sampler.at_most(UNCOMPILED), linear_gaussian(), UNCOMPILED_DRAWS)
    with jax.disable_jit():
        uncompiled = run_small(phases)
    compiled = run_small(phases)
    for a, b in zip(uncompiled.draws, compiled.draws, strict=True):
        if not np.allclose(a, b, rtol=ROUNDING, atol=ROUNDING):
            return "compiled and uncompiled draws differ"
    return None


def one_dimension(subject: SamplerUnderTest) -> str | None:
    """Draws and weights on a one-dimensional target are finite."""
    run = run_small(compile_small(subject.tiny, skewed(1)))
    finite = all(np.isfinite(array).all() for array in run.draws)
    return None if finite else "draws or weights in one dimension are not finite"


EXECUTED = "executed work"
Check: TypeAlias = Callable[[SamplerUnderTest], str | None]
# Two halves that take about as long, for two processes; checks that share runs are in the same half.
HALVES: tuple[dict[str, Check], dict[str, Check]] = (
    {
        "unbiased on a Gaussian": lambda subject: unbiased(subject.gaussian),
        "ELBO at most log Z": lambda subject: elbo_below_log_z(subject.gaussian),
        "EUBO at least log Z": lambda subject: eubo_above_log_z(subject.gaussian),
        "independent chains": lambda subject: independent(subject.gaussian),
        "effective size not overstated": lambda subject: ess_not_overstated(subject.gaussian),
        "unbiased in float64, coordinates exchanged": lambda subject: unbiased(subject.exchanged),
        "one dimension": one_dimension,
    },
    {
        "unbiased on a skewed target": lambda subject: unbiased(subject.skewed),
        "ELBO at most log Z, skewed target": lambda subject: elbo_below_log_z(subject.skewed),
        "repeatable": repeatable,
        EXECUTED: executed_work,
        "no key made inside": no_key_inside,
        "evaluations as declared": counts_declared,
        "same without compilation": same_uncompiled,
    },
)
CHECKS = HALVES[0] | HALVES[1]
