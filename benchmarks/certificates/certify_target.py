"""Certificates of targets: the results of all checks of what a target promises."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import jax

from bridgemark.benchmarks.certificates.certify import Certificate, Finding, run_check
from bridgemark.benchmarks.certificates.properness import proper
from bridgemark.benchmarks.certificates.target_checks import batch, gradient, statistics, stein
from bridgemark.benchmarks.rows.fingerprint import fingerprint
from bridgemark.targets.base import Target

Check: TypeAlias = Callable[[Target], str | None]
CHECKS: dict[str, Check] = {
    "gradient is the finite difference": gradient,
    "a batch is its points": batch,
    "proper": proper,
    "Stein's identities": stein,
    "statistics of exact draws": statistics,
}


def certify(target: Target) -> Certificate:
    """Run all checks on a target; the identity of the certificate is the target's fingerprint.

    Raises ValueError for a density that cannot be computed in double precision.
    """
    with jax.enable_x64(True):
        findings: list[Finding] = [run_check(name, partial(check, target)) for name, check in CHECKS.items()]
    return Certificate(target.name, fingerprint(target), target.about.definition, tuple(findings))
