"""The checks that a sampler must pass before it may be ranked: each returns what is wrong, or None."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TypeAlias

import jax
import numpy as np

from bridgemark.benchmarks.certificates.biases import is_settled
from bridgemark.benchmarks.certificates.counting import Tally, count_evaluations
from bridgemark.benchmarks.certificates.exam import Question, draw_exam
from bridgemark.benchmarks.certificates.recognition import no_target_recognised
from bridgemark.benchmarks.certificates.replicates import Replicates, draw_replicates
from bridgemark.benchmarks.certificates.small_runs import (
    DRAWS,
    SEVERAL,
    TINY,
    compile_small,
    run_small,
)
from bridgemark.benchmarks.certificates.statistical_tests import (
    NotJudged,
    elbo_below_log_z,
    ess_not_overstated,
    eubo_above_log_z,
    independent,
    resolved,
    unbiased,
)
from bridgemark.benchmarks.rows.cost import Cost, in_gradients, spent, total
from bridgemark.benchmarks.sweep.phases import Phases, bind_phases
from bridgemark.samplers.base import Evals, Limits, Sampler
from bridgemark.targets.base import Target

BATTERY_VERSION = 2  # to be raised when a check, or what it relies on, may decide otherwise: a test watches
BRIEF = Limits(updates=200, pilot=64, warm_up=500)  # enough to learn the targets of the statistical tests
COUNT_TOLERANCE = 0.01
RECOGNITION_SECONDS = 50.0
MEMORY_ADDRESS = re.compile(r"0x[0-9a-f]+")


class SamplerUnderTest:
    """A sampler, and those of its runs that several checks share, each made when it is first needed.

    The exam's targets and all keys are drawn by `seed`. The time for drawing is multiplied by `effort`.
    """

    def __init__(self, sampler: Sampler, seed: int = 0, effort: float = 1.0) -> None:
        self.sampler, self.seed, self.effort = sampler, seed, effort
        self.exam = draw_exam(seed, effort)

    def draw(self, question: Question) -> Replicates:
        """Replicates on the target of a question, by the sampler at a size that suffices for it."""
        return draw_replicates(self.sampler.at_most(BRIEF), question, self.seed, is_settled)

    @cached_property
    def posterior(self) -> Replicates:
        """Replicates on the Gaussian posterior."""
        return self.draw(self.exam.posterior)

    @cached_property
    def mixed(self) -> Replicates:
        """Replicates on the target of skewed, heavy-tailed and bimodal coordinates."""
        return self.draw(self.exam.mixed)

    @cached_property
    def few_draws(self) -> Replicates:
        """Replicates of few draws, in double precision."""
        with jax.enable_x64(True):
            return self.draw(self.exam.few_draws)

    @cached_property
    def one_dimension(self) -> Replicates:
        """Replicates in one dimension."""
        return self.draw(self.exam.one_dimension)

    @cached_property
    def many_dimensions(self) -> Replicates:
        """Replicates in 16 to 32 dimensions."""
        return self.draw(self.exam.many_dimensions)

    @cached_property
    def tiny(self) -> Sampler:
        """The sampler at its smallest size."""
        return self.sampler.at_most(TINY)

    @cached_property
    def tiny_phases(self) -> Phases:
        """The compiled phases of the smallest sampler on the Gaussian posterior."""
        return compile_small(self.tiny, self.exam.posterior.target)


def repeatable(subject: SamplerUnderTest) -> str | None:
    """Equal keys give equal draws, and other keys other draws, in both phases."""
    first, second = run_small(subject.tiny_phases), run_small(subject.tiny_phases)
    if not all(map(np.array_equal, first.draws, second.draws)):
        return "the same keys gave other draws"
    if _share_points(first.draws[0], run_small(subject.tiny_phases, sample_seed=3).draws[0]):
        return "another key for sampling gave some of the same draws"
    other_fit = run_small(subject.tiny_phases, fit_seed=3)
    if first.state and all(map(np.array_equal, first.state, other_fit.state)):
        return "another key for fitting gave the same state"
    return None


def _share_points(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether any point is among both sets of draws."""
    points = {point.tobytes() for point in first.reshape(-1, first.shape[-1])}
    return any(point.tobytes() in points for point in second.reshape(-1, second.shape[-1]))


def no_key_inside(subject: SamplerUnderTest) -> str | None:
    """No key is made from a constant inside the sampler: it would be the same for every seed."""
    if any("random_seed" in text for text, _ in trace_programs(subject)):
        return "a key is made inside, the same for every seed"
    return None


def same_when_traced_again(subject: SamplerUnderTest) -> str | None:
    """The programs of both phases are the same, constants included, when they are traced again."""
    first = trace_programs(subject)
    jax.clear_caches()
    if trace_programs(subject) != first:
        return "traced again it is another program: it draws or remembers something while it is traced"
    return None


def trace_programs(subject: SamplerUnderTest) -> list[tuple[str, list[bytes]]]:
    """The text and the constants of the program of each phase."""
    phases = bind_phases(subject.tiny, subject.exam.posterior.target, DRAWS)
    key = jax.eval_shape(lambda: jax.random.key(0))
    fit_program, fit = jax.make_jaxpr(phases.fit, return_shape=True)(key)
    programs = [fit_program, jax.make_jaxpr(phases.sample)(key, fit.state)]
    return [
        (MEMORY_ADDRESS.sub("", str(program)), [np.asarray(part).tobytes() for part in program.consts])
        for program in programs
    ]


def target_recognised(subject: SamplerUnderTest) -> str | None:
    """Registered targets are treated as the same densities in other coordinates."""
    return no_target_recognised(subject.sampler, subject.seed, subject.effort * RECOGNITION_SECONDS)


def counts_declared(subject: SamplerUnderTest) -> str | None:
    """The evaluations that each phase declares are those that a counting target sees, within 1 %."""
    tally = Tally()
    target = count_target(subject.exam.posterior.target, tally)
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
    run = run_small(compile_small(sampler, count_target(subject.exam.posterior.target, tally)))
    executed = in_gradients(tally.cost())
    declared = spent(total(run.fit_evals), total(run.sample_evals))
    raise NotJudged(f"{executed / declared:.2f} for each that is counted")


# What these two find is said, and judges nobody.
EXECUTED, RESOLVED = "executed work", "resolution"
Check: TypeAlias = Callable[[SamplerUnderTest], str | None]
# Two halves that take about as long, for two processes; checks that share runs are in the same half.
HALVES: tuple[dict[str, Check], dict[str, Check]] = (
    {
        "unbiased on a posterior": lambda subject: unbiased(subject.posterior),
        f"{RESOLVED} on a posterior": lambda subject: resolved(subject.posterior),
        "ELBO at most log Z": lambda subject: elbo_below_log_z(subject.posterior),
        "EUBO at least log Z": lambda subject: eubo_above_log_z(subject.posterior),
        "independent chains": lambda subject: independent(subject.posterior),
        "effective size not overstated": lambda subject: ess_not_overstated(subject.posterior),
        "unbiased in many dimensions": lambda subject: unbiased(subject.many_dimensions),
        "unbiased with few draws, in float64": lambda subject: unbiased(subject.few_draws),
    },
    {
        "unbiased on a mixed target": lambda subject: unbiased(subject.mixed),
        f"{RESOLVED} on a mixed target": lambda subject: resolved(subject.mixed),
        "ELBO at most log Z, mixed target": lambda subject: elbo_below_log_z(subject.mixed),
        "unbiased in one dimension": lambda subject: unbiased(subject.one_dimension),
        "repeatable": repeatable,
        EXECUTED: executed_work,
        "evaluations as declared": counts_declared,
        "no target recognised": target_recognised,
        "no key made inside": no_key_inside,
        "same when traced again": same_when_traced_again,
    },
)
CHECKS = HALVES[0] | HALVES[1]
MEASURES = tuple(check for check in CHECKS if check == EXECUTED or check.startswith(RESOLVED))
