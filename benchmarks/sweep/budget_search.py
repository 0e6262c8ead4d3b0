"""Finds how large a run must be to spend its budget.

What a sampler spends is not known before it runs, because ladders, trees and pilots adapt. So sizes are found
by trial runs. These have a key of their own, and only their cost is used.
"""

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from bridgemark.benchmarks.rows.cost import Cost, in_gradients
from bridgemark.benchmarks.sweep.presets import Budget

# Shares of the budget. What a run aims at leaves room, because the cost varies between runs of one size.
AIM = 0.95
GOOD = (0.88, 1.02)  # a trial that spends a share between these ends the search
ALLOWED = (0.80, 1.05)  # a row that spends a share outside of these explains why
MAX_TRIALS = 5
FIRST_EFFORT = 0.02
MIN_DRAWS = 64
MAX_COORDINATES = 20_000_000  # draws times dimension: what a row may hold in memory


class Size(NamedTuple):
    """The size of a run: the factor by which the work of `fit` is multiplied, and the number of draws."""

    effort: float
    draws: int


class Spending(NamedTuple):
    """What the phases of a run spent, in the unit of its budget."""

    fit: float
    sample: float

    @property
    def total(self) -> float:
        """What both phases spent together."""
        return self.fit + self.sample


class Trial(NamedTuple):
    """A size that was tried, and what the run spent."""

    size: Size
    spending: Spending


RunTrial: TypeAlias = Callable[[Size], Spending]
# Whether two efforts give the same sampler, as they do where `fit` cannot work less or has no size at all.
SameSampler: TypeAlias = Callable[[float, float], bool]


def spending_in(unit: str, fit: Cost, sample: Cost, fit_seconds: float, sample_seconds: float) -> Spending:
    """What a run spent, in `unit`."""
    by_unit = {
        "gradients": Spending(in_gradients(fit), in_gradients(sample)),
        "seconds": Spending(fit_seconds, sample_seconds),
    }
    return by_unit[unit]


def find_size(
    budget: Budget, fit_share: float, dim: int, same_sampler: SameSampler, run_trial: RunTrial
) -> Size:
    """Try up to MAX_TRIALS sizes, beginning with a small one; return the one that came nearest to the budget.

    `fit_share` is the share of the budget that is meant for `fit`. The search uses nothing but this budget,
    so the size of a row does not depend on which other rows run with it.
    """
    size = Size(FIRST_EFFORT, MIN_DRAWS)
    trials: list[Trial] = []
    for _ in range(MAX_TRIALS):
        trials.append(Trial(size, run_trial(size)))
        if GOOD[0] <= trials[-1].spending.total / budget.amount <= GOOD[1]:
            break
        size = next_size(budget, fit_share, dim, same_sampler, trials[-1])
        if any(size == trial.size for trial in trials):
            break
    nearest = min(trials, key=lambda trial: _distance(budget, trial.spending))
    return nearest.size


def next_size(budget: Budget, fit_share: float, dim: int, same_sampler: SameSampler, last: Trial) -> Size:
    """Scale the last trial in proportion to what it spent.

    Where `fit` cannot spend or save as much as it should, the number of draws makes up for it.
    """
    effort, fit_spending = last.size.effort, last.spending.fit
    if last.spending.fit > 0:
        wanted = fit_share * AIM * budget.amount
        scaled = last.size.effort * wanted / last.spending.fit
        if not same_sampler(scaled, last.size.effort):
            effort, fit_spending = scaled, wanted
    left = max(AIM * budget.amount - fit_spending, 0.0)
    draws = last.size.draws
    if last.spending.sample > 0:
        draws = round(last.size.draws * left / last.spending.sample)
    return Size(effort, min(max(draws, MIN_DRAWS), MAX_COORDINATES // dim))


def why_missed(budget: Budget, size: Size, dim: int, spending: Spending) -> str | None:
    """Why a row of this size did not spend its budget; None where it did."""
    share = spending.total / budget.amount
    if ALLOWED[0] <= share <= ALLOWED[1]:
        return None
    cannot_spend_less = size.draws <= MIN_DRAWS or spending.fit > budget.amount
    cannot_draw_more = size.draws >= MAX_COORDINATES // dim
    if share > 1 and cannot_spend_less:
        cause = "the sampler cannot spend less"
    elif share < 1 and cannot_draw_more:
        cause = "more draws do not fit into memory"
    else:
        cause = "its cost varies from run to run"
    return f"spent {100 * share:.0f} % of the budget: {cause}"


def _distance(budget: Budget, spending: Spending) -> float:
    """How far what was spent is from what was aimed at, on a logarithmic scale."""
    return abs(math.log(spending.total / (AIM * budget.amount)))
