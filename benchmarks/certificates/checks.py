"""The checks that a sampler must pass before it may be ranked: each returns what is wrong, or None."""

from collections.abc import Callable
from functools import cached_property
from typing import TypeAlias

import jax
import numpy as np

from bridgemark.benchmarks.certificates.closed_form_targets import linear_gaussian, skewed
from bridgemark.benchmarks.certificates.count_checks import (
    PhaseCount,
    count_full_size,
    declared_at_full_size,
    exactly_declared,
    executed_work,
)
from bridgemark.benchmarks.certificates.replicates import Replicates, draw_replicates
from bridgemark.benchmarks.certificates.small_runs import (
    DRAWS,
    TINY,
    UNCOMPILED,
    UNCOMPILED_DRAWS,
    compile_small,
    run_small,
)
from bridgemark.benchmarks.certificates.statistical_tests import (
    elbo_below_log_z,
    ess_not_overstated,
    eubo_above_log_z,
    independent,
    unbiased,
)
from bridgemark.benchmarks.sweep.phases import Phases, bind_phases
from bridgemark.samplers.base import Limits, Sampler

BATTERY_VERSION = 1  # to be raised when a check, or what it relies on, may decide otherwise: a test watches
BRIEF = Limits(updates=200, pilot=64, warm_up=500)  # enough to learn the targets of the statistical tests
COUNT_SEED = 1
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
    def full_size_counts(self) -> tuple[PhaseCount, ...]:
        """The evaluations of the sampler as it is registered."""
        return count_full_size(self.sampler, linear_gaussian(), COUNT_SEED)

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
        "evaluations as declared, full size": lambda subject: declared_at_full_size(subject.full_size_counts),
        EXECUTED: lambda subject: executed_work(subject.full_size_counts),
        "no key made inside": no_key_inside,
        "evaluations as declared": lambda subject: exactly_declared(subject.sampler, linear_gaussian()),
        "same without compilation": same_uncompiled,
    },
)
CHECKS = HALVES[0] | HALVES[1]
