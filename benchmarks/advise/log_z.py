"""How far to trust log Z: the estimates of families that pass, reconciled by the rule of `references`."""

from typing import NamedTuple

import numpy as np

from bridgemark.benchmarks.references.log_z import MAX_ERROR, MAX_GAP, reconcile
from bridgemark.benchmarks.scores.evidence import Estimate
from bridgemark.benchmarks.text import with_error

MIN_ERROR = 0.01  # nats: no estimate is taken for more precise, because errors of weights are too small, too
MUCH_MORE = float(np.log(20))  # an unbiased estimate of Z is 20 times too large once in 20 times at most


class LogZ(NamedTuple):
    """Log Z and what is known of it.

    Attributes:
        value: the most precise estimate; None where there is none.
        standard_error: its standard error.
        trusted: whether a second precise estimate agrees.
        contradicted: whether a second precise estimate disagrees.
        sentence: how far to trust it, in words.
    """

    value: float | None
    standard_error: float | None
    trusted: bool
    contradicted: bool
    sentence: str


def judge_log_z(estimates: dict[str, Estimate | None]) -> LogZ:
    """Reconcile the estimates of families by name; those without an error are left out."""
    results = {
        name: {"value": item.value, "standard_error": max(item.standard_error, MIN_ERROR), "recipe": name}
        for name, item in estimates.items()
        if item is not None
        and item.standard_error is not None
        and np.isfinite([item.value, item.standard_error]).all()
    }
    if not results:
        return LogZ(None, None, False, False, "I do not know log Z: no family that passes estimates it")
    best, agree = reconcile(results)
    shown = f"log Z = {with_error(best['value'], best['standard_error'])} by {best['recipe']}"
    others = [name for name in results if name != best["recipe"] and _is_precise(results[name], best)]
    values = (best["value"], best["standard_error"])
    if agree:
        return LogZ(*values, True, False, f"{shown}, confirmed by {', '.join(others)}")
    if not others:
        return LogZ(*values, False, False, f"{shown}, which no second precise estimate confirms")
    return LogZ(*values, False, True, f"I do not know log Z: {shown} is contradicted by {', '.join(others)}")


def sees_more_mass(estimate: Estimate | None, of_chosen: Estimate | None) -> bool:
    """Whether a family, even one that fails its own rules, estimates a far larger Z than the chosen one.

    Estimates of Z that are unbiased are seldom far too large; they are often far too small.
    """
    if estimate is None or of_chosen is None:
        return False
    combined = np.hypot(estimate.standard_error or 0.0, of_chosen.standard_error or 0.0)
    return bool(estimate.value - of_chosen.value > MUCH_MORE + MAX_GAP * combined)


def _is_precise(result: dict, best: dict) -> bool:
    return bool(np.hypot(result["standard_error"], best["standard_error"]) <= MAX_ERROR)
