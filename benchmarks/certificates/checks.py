"""The checks that a sampler must pass before it may be ranked: each returns what is wrong, or None."""

from collections.abc import Callable
from typing import TypeAlias

from bridgemark.benchmarks.certificates.count_checks import (
    declared_at_full_size,
    exactly_declared,
    executed_work,
)
from bridgemark.benchmarks.certificates.program_checks import (
    no_key_inside,
    repeatable,
    same_when_traced_again,
)
from bridgemark.benchmarks.certificates.recognition import no_target_recognised
from bridgemark.benchmarks.certificates.sampler_under_test import SamplerUnderTest
from bridgemark.benchmarks.certificates.statistical_tests import (
    elbo_below_log_z,
    ess_not_overstated,
    eubo_above_log_z,
    independent,
    resolved,
    unbiased,
)

BATTERY_VERSION = 2  # to be raised when a check, or what it relies on, may decide otherwise: a test watches
RECOGNITION_SECONDS = 50.0


def target_recognised(subject: SamplerUnderTest) -> str | None:
    """Registered targets are treated as the same densities in other coordinates."""
    return no_target_recognised(subject.sampler, subject.seed, subject.effort * RECOGNITION_SECONDS)


# Without a verdict on this one nothing is certified: weights so heavy that they cannot be judged hide a bias.
DECISIVE = "unbiased on a posterior"
# What these two find is said, and judges nobody.
EXECUTED, RESOLVED = "executed work", "resolution"
Check: TypeAlias = Callable[[SamplerUnderTest], str | None]
# Two halves that take about as long, for two processes; checks that share runs are in the same half.
HALVES: tuple[dict[str, Check], dict[str, Check]] = (
    {
        DECISIVE: lambda subject: unbiased(subject.posterior),
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
        "no target recognised": target_recognised,
        "evaluations as declared": lambda subject: exactly_declared(
            subject.sampler, subject.exam.posterior.target
        ),
        "evaluations as declared, full size": lambda subject: declared_at_full_size(subject.full_size_counts),
        EXECUTED: lambda subject: executed_work(subject.full_size_counts),
        "no key made inside": no_key_inside,
        "same when traced again": same_when_traced_again,
    },
)
CHECKS = HALVES[0] | HALVES[1]
RESOLUTIONS = tuple(check for check in CHECKS if check.startswith(RESOLVED))
MEASURES = (*RESOLUTIONS, EXECUTED)
