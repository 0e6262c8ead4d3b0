"""Budgets: how much a row may spend on fitting and drawing together, and the sizes that spend it.

A budget is in gradients or in seconds. One exchange rate joins what samplers pay with: a gradient comes
with its value, and in reverse mode costs about three times the value alone; a simulation of y counts as a
value. How much a sampler spends is not known before it runs (ladders, trees and pilots adapt), so sizes
are found by trial: runs with a key of their own, of which nothing but the cost is looked at.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from bridgemark.benchmarks.rows.cost import Cost, in_gradients

AIM = 0.95  # of the budget, since runs of one size vary
GOOD = (0.88, 1.02)  # a trial that spends so much of it ends the search
ALLOWED = (0.80, 1.05)  # a row that spends another share says why
TRIALS = 5
FIRST_EFFORT = 0.02
LEAST_DRAWS = 64
MOST_COORDINATES = 20_000_000  # of all draws together: what a row may keep in memory


class Size(NamedTuple):
    """How large a run is: the factor of a sampler's own effort in `fit`, and the draws."""

    effort: float
    draws: int


class Spending(NamedTuple):
    """What a run spent, in units of its budget."""

    fit: float
    sample: float


class Budget(NamedTuple):
    """How much may be spent, of what, and the share of it that is meant for `fit`."""

    amount: float
    unit: str
    fit_share: float


Trial = tuple[Size, Spending]
Run = Callable[[Size], Spending]
Same = Callable[[float, float], bool]  # whether two efforts make one sampler, as where it has no less to do


def spending(unit: str, fit: Cost, sample: Cost, fit_seconds: float, sample_seconds: float) -> Spending:
    """What a run spent, in `unit`."""
    in_unit = {
        "gradients": Spending(in_gradients(fit), in_gradients(sample)),
        "seconds": Spending(fit_seconds, sample_seconds),
    }
    return in_unit[unit]


def find_size(budget: Budget, dim: int, same: Same, run: Run) -> Size:
    """The size whose trial came nearest to the budget, of at most TRIALS, from a small one on.

    It looks at nothing but this budget, so that a row run alone has the size that it has among others.
    """
    size, tried = Size(FIRST_EFFORT, LEAST_DRAWS), []
    for _ in range(TRIALS):
        tried.append((size, run(size)))
        if GOOD[0] <= sum(tried[-1][1]) / budget.amount <= GOOD[1]:
            break
        size = next_size(budget, dim, same, tried[-1])
        if any(size == other for other, _ in tried):
            break
    return min(tried, key=lambda trial: _miss(budget, trial[1]))[0]


def next_size(budget: Budget, dim: int, same: Same, last: Trial) -> Size:
    """In proportion to what the last trial spent; what `fit` cannot spend or save is made up by draws."""
    size, cost = last
    effort, fit = size.effort, cost.fit
    if cost.fit > 0:
        wanted = budget.fit_share * AIM * budget.amount
        moved = size.effort * wanted / cost.fit
        if not same(moved, size.effort):
            effort, fit = moved, wanted
    left = max(AIM * budget.amount - fit, 0.0)
    draws = round(size.draws * left / cost.sample) if cost.sample > 0 else size.draws
    return Size(effort, min(max(draws, LEAST_DRAWS), MOST_COORDINATES // dim))


def why_missed(budget: Budget, size: Size, dim: int, cost: Spending) -> str | None:
    """Why a row did not spend its budget; None where it did."""
    share = sum(cost) / budget.amount
    if ALLOWED[0] <= share <= ALLOWED[1]:
        return None
    told = f"spent {100 * share:.0f} % of the budget"
    if share > 1:
        least = size.draws <= LEAST_DRAWS or cost.fit > budget.amount
        return told + (": it cannot do with less" if least else ": its cost varies from run to run")
    full = size.draws >= MOST_COORDINATES // dim
    return told + (": more draws are not kept" if full else ": its cost varies from run to run")


def _miss(budget: Budget, cost: Spending) -> float:
    """How far a trial is from the budget on a logarithmic scale."""
    return abs(math.log(sum(cost) / (AIM * budget.amount)))
