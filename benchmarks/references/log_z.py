"""Log Z by two methods or more: which of them are run, and whether their estimates agree.

The methods are run one after the other until two estimates are precise and the best is as precise as wanted.
"""

from collections.abc import Callable
from typing import TypeAlias

import jax
import numpy as np
from jaxtyping import Float

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.references.estimators import METHODS, Chains, Effort, MethodResult, Refused
from bridgemark.samplers.base import Unsupported
from bridgemark.targets.base import Target

MAX_GAP = 3.0  # between two estimates that agree, in combined standard errors
MAX_ERROR = 0.25  # combined, in nats: an estimate that could be anything agrees with everything
CONFIRMING_ERROR = 0.1  # of an estimate that has only to confirm another, which is precise already

Say: TypeAlias = Callable[[str], None]  # reports progress, one line at a time


def estimate_log_z(target: Target, effort: Effort, x: Chains, say: Say) -> dict[str, MethodResult]:
    """The result of every method that was run, by name; {"refused": reason} where it refused.

    Raises BadInput where all methods refuse.
    """
    results: dict[str, MethodResult] = {}
    for seed, (name, method) in enumerate(METHODS.items(), 1):
        ranked = rank(results)
        is_precise = bool(ranked) and ranked[0]["standard_error"] <= effort.error
        if is_precise and np.any(_combined_errors(ranked) <= MAX_ERROR):
            break
        wanted = effort._replace(error=CONFIRMING_ERROR) if is_precise else effort
        try:
            results[name] = method(jax.random.key(seed), target, wanted, x)
        except (Refused, Unsupported) as reason:
            results[name] = {"refused": str(reason)}
        shown = ("value", "standard_error", "refused")
        summary = {key: results[name][key] for key in shown if key in results[name]}
        say(f"{target.name}: log Z by {name}: {summary}")
    if not rank(results):
        raise BadInput(f"no method estimates log Z of {target.name}: {results}")
    return results


def reconcile(results: dict[str, MethodResult]) -> tuple[MethodResult, bool | None]:
    """The estimate with the smallest standard error, and whether all precise estimates agree with it.

    The second is None where all other methods refused, and False where none of the others is precise: a vague
    estimate neither confirms nor contradicts.
    """
    best, *others = ranked = rank(results)
    estimate = {key: best[key] for key in ("value", "standard_error", "recipe")}
    if not others:
        return estimate, None
    combined = _combined_errors(ranked)
    gaps = np.abs(best["value"] - np.array([result["value"] for result in others]))
    precise = combined <= MAX_ERROR
    agree = bool(np.any(precise) and np.all(gaps[precise] <= MAX_GAP * combined[precise]))
    return estimate, agree


def rank(results: dict[str, MethodResult]) -> list[MethodResult]:
    """The results that have an estimate, the most precise first."""
    estimates = [result for result in results.values() if "refused" not in result]
    return sorted(estimates, key=lambda result: result["standard_error"])


def _combined_errors(ranked: list[MethodResult]) -> Float[np.ndarray, " others"]:
    """Standard errors of the differences between the best estimate and each of the others."""
    best, *others = (result["standard_error"] for result in ranked)
    return np.hypot(best, others)
