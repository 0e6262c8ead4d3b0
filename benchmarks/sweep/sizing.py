"""Decides what a row runs: the sampler as it was asked for, or at the size that spends the row's budget."""

from collections.abc import Callable
from typing import NamedTuple

import jax

from bridgemark.benchmarks.rows.cost import total
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.sweep.budget_search import Size, Spending, find_size, spending_in, why_missed
from bridgemark.benchmarks.sweep.presets import Budget
from bridgemark.benchmarks.sweep.programs import Programs, compile_phases, timed
from bridgemark.samplers.base import Sampler
from bridgemark.targets.base import Target

TRIAL = 3  # folded into the key of a trial run


class Prepared(NamedTuple):
    """The compiled programs of the rows of one budget.

    `met_by` describes the sampler and the number of draws that spend the budget, `note` maps a finished row
    to the reason why it missed the budget. Both are None for rows without a budget or a reason.
    """

    programs: Programs
    met_by: str | None
    note: Callable[[Row], str | None]


def prepare(sampler: Sampler, target: Target, row: Row) -> Prepared:
    """Compile the programs for a row and those that differ from it by the seed alone.

    With a budget, sizes are tried out first. Raises Unsupported where sampler and target do not go together.
    """
    if row.budget is None or row.budget_unit is None:
        return Prepared(compile_phases(sampler, target, row.draws), None, _no_note)
    budget = Budget(row.budget, row.budget_unit)
    dim = target.density.dim
    last_compiled: dict[Size, Programs] = {}  # of one size only: it is nearly always the one that is chosen

    def compile_size(size: Size) -> Programs:
        return compile_phases(sampler.scaled(size.effort), target, size.draws)

    def run_trial(size: Size) -> Spending:
        last_compiled.clear()
        last_compiled[size] = compile_size(size)
        return _trial_spending(last_compiled[size], budget.unit)

    def same_sampler(first: float, second: float) -> bool:
        return sampler.scaled(first) == sampler.scaled(second)

    size = find_size(budget, sampler.fit_share, dim, same_sampler, run_trial)

    def note(row: Row) -> str | None:
        return why_missed(budget, size, dim, row_spending(row, budget.unit))

    programs = last_compiled.get(size) or compile_size(size)
    return Prepared(programs, f"{sampler.scaled(size.effort)!r}, {size.draws} draws", note)


def row_spending(row: Row, unit: str) -> Spending:
    """What a row that is ok spent, in `unit`."""
    assert row.fit_evals is not None
    assert row.sample_evals is not None
    fit_seconds, sample_seconds = row.fit_seconds or 0.0, row.sample_seconds or 0.0
    return spending_in(unit, row.fit_evals, row.sample_evals, fit_seconds, sample_seconds)


def _no_note(row: Row) -> None:
    return None


def _trial_spending(programs: Programs, unit: str) -> Spending:
    """Fit and draw once with the key of trials, and return what that spent."""
    key_fit, key_sample = jax.random.split(jax.random.fold_in(jax.random.key(0), TRIAL))
    fit, fit_seconds = timed(programs.fit, key_fit)
    (_, draws), sample_seconds = timed(programs.sample, key_sample, fit.state)
    return spending_in(unit, total(fit.evals), total(draws.evals), fit_seconds, sample_seconds)
