"""log Z in two ways or more: which methods are asked, and whether their answers agree.

Each is asked in turn until two estimates are precise and the best one is as precise as it should be.
"""

from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Float

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.references.estimators import METHODS, Chains, Effort, Estimate, Refused
from bridgemark.samplers.base import Unsupported
from bridgemark.targets.base import Target

LARGEST_GAP = 3.0  # between two estimates of log Z that agree, in combined standard errors
LARGEST_ERROR = 0.25  # combined, in nats: an estimate that could be anything agrees with everything
JUDGING = 0.1  # the error of an estimate that has only to judge another, good enough by itself

Say = Callable[[str], None]


def estimates(target: Target, plan: Effort, x: Chains, say: Say) -> dict[str, Estimate]:
    """What each method that was asked says: an estimate, or {"refused": reason}.

    Raises BadInput where all refuse.
    """
    asked: dict[str, Estimate] = {}
    for seed, (name, method) in enumerate(METHODS.items(), 1):
        ranked = _ranked(asked)
        done = bool(ranked) and ranked[0]["standard_error"] <= plan.error
        if done and np.any(_combined(ranked) <= LARGEST_ERROR):
            break
        wanted = plan._replace(error=JUDGING) if done else plan
        try:
            asked[name] = method(jax.random.key(seed), target, wanted, x)
        except (Refused, Unsupported) as reason:
            asked[name] = {"refused": str(reason)}
        told = {key: asked[name][key] for key in ("value", "standard_error", "refused") if key in asked[name]}
        say(f"{target.name}: log Z by {name}: {told}")
    if not _ranked(asked):
        raise BadInput(f"no method estimates log Z of {target.name}: {asked}")
    return asked


def reconcile(methods: dict[str, Estimate]) -> tuple[Estimate, bool | None]:
    """The estimate with the smallest standard error, and whether all that are precise agree with it.

    None where the others are refused, False where none of them is precise: a vague estimate neither
    confirms nor denies.
    """
    best, *others = ranked = _ranked(methods)
    told = {key: best[key] for key in ("value", "standard_error", "recipe")}
    if not others:
        return told, None
    combined = _combined(ranked)
    gaps = np.abs(best["value"] - np.array([other["value"] for other in others]))
    precise = combined <= LARGEST_ERROR
    return told, bool(np.any(precise) and np.all(gaps[precise] <= LARGEST_GAP * combined[precise]))


def _ranked(methods: dict[str, Estimate]) -> list[Estimate]:
    """Those that were made, the best first."""
    made = [method for method in methods.values() if "refused" not in method]
    return sorted(made, key=lambda method: method["standard_error"])


def _combined(ranked: list[Estimate]) -> Float[np.ndarray, " others"]:
    """Standard errors of the others' differences from the best."""
    best, *others = (each["standard_error"] for each in ranked)
    return np.hypot(best, others)
