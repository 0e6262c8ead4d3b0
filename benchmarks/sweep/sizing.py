"""What a row runs: the sampler as it was asked for, or at the size that spends its budget."""

from collections.abc import Callable
from typing import NamedTuple

import jax

from bridgemark.benchmarks.rows.cost import total
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.sweep.budget_search import Budget, Size, Spending, find_size, spending, why_missed
from bridgemark.benchmarks.sweep.programs import Programs, compile_phases, timed
from bridgemark.samplers.base import Sampler
from bridgemark.targets.base import Target

TRIAL = 3  # what a trial's key is folded with


class Prepared(NamedTuple):
    """Compiled programs, what they are (None where it is the row's own configuration), and how to judge.

    `note` says of what a run spent why it missed the row's budget.
    """

    programs: Programs
    met_by: str | None
    note: Callable[[Row], str | None]


def prepare(sampler: Sampler, target: Target, row: Row) -> Prepared:
    """Compile for a row; with a budget after trials of several sizes."""
    if row.budget is None or row.budget_unit is None:
        return Prepared(compile_phases(sampler, target, row.draws), None, lambda done: None)
    budget = Budget(row.budget, row.budget_unit, sampler.fit_share)
    compiled: dict[Size, Programs] = {}

    def run(size: Size) -> Spending:
        compiled.clear()  # the last is nearly always the one that is kept
        compiled[size] = compile_phases(sampler.scaled(size.effort), target, size.draws)
        return _trial(compiled[size], budget.unit)

    def same(a: float, b: float) -> bool:
        return sampler.scaled(a) == sampler.scaled(b)

    size = find_size(budget, target.density.dim, same, run)
    scaled = sampler.scaled(size.effort)
    programs = compiled.get(size) or compile_phases(scaled, target, size.draws)

    def note(done: Row) -> str | None:
        return why_missed(budget, size, target.density.dim, spent_by(done, budget.unit))

    return Prepared(programs, f"{scaled!r}, {size.draws} draws", note)


def spent_by(row: Row, unit: str) -> Spending:
    """What a finished row spent, in `unit`."""
    fit, sample, seconds = row.fit_evals, row.sample_evals, (row.fit_seconds, row.sample_seconds)
    assert fit is not None
    assert sample is not None
    return spending(unit, fit, sample, seconds[0] or 0.0, seconds[1] or 0.0)


def _trial(programs: Programs, unit: str) -> Spending:
    key_fit, key_sample = jax.random.split(jax.random.fold_in(jax.random.key(0), TRIAL))
    fit, fit_seconds = timed(programs.fit, key_fit)
    (_, draws), sample_seconds = timed(programs.sample, key_sample, fit.state)
    return spending(unit, total(fit.evals), total(draws.evals), fit_seconds, sample_seconds)
