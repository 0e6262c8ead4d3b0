"""The checks of what a target promises, by name."""

from collections.abc import Callable
from typing import TypeAlias

from bridgemark.benchmarks.certificates.properness import proper
from bridgemark.benchmarks.certificates.target_checks import batch, gradient, statistics, stein
from bridgemark.targets.base import Target

Check: TypeAlias = Callable[[Target], str | None]
CHECKS: dict[str, Check] = {
    "gradient is the finite difference": gradient,
    "a batch is its points": batch,
    "proper": proper,
    "Stein's identities": stein,
    "statistics of exact draws": statistics,
}
