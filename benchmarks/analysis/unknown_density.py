"""The samplers on a density without a known truth: their estimates and who agrees with whom, as text."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bridgemark.benchmarks.analysis import columns, estimates
from bridgemark.benchmarks.analysis.estimates import Estimates, Moments
from bridgemark.benchmarks.analysis.order import position
from bridgemark.benchmarks.analysis.row_table import drop_superseded, row_table, without_budget
from bridgemark.benchmarks.analysis.summary_table import summary_table
from bridgemark.benchmarks.rows.results import Results, store_of
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.scores.evidence import Estimate
from bridgemark.benchmarks.scores.pareto import MAX_TRUSTED_K
from bridgemark.benchmarks.text import number, with_error

HEADINGS = ("sampler", "seeds", "log Z", "lower bound", "Pareto k", "R-hat")
AGREEMENT_HEADINGS = ("sampler", "agrees with", "differs from")
ABOUT = """\
No truth of this density is known, so these are estimates with standard errors, pooled over seeds. Samplers
agree where no number that both estimate differs by more than its noise and one is precise enough to tell.
That they agree does not show that they are right: all of them may miss the same mode. † marks weights whose
Pareto k says that their mean is not to be trusted."""


def is_unknown(rows: Sequence[Row]) -> bool:
    """Whether rows of a density ended ok and none of them was compared with a truth."""
    ok = [row for row in rows if row.status == "ok"]
    compared = (columns.LOG_Z_ERROR, columns.MAIN_METRIC)
    has_truth = any(row.true_log_z is not None for row in rows) or any(
        row.metrics.get(name) is not None for row in ok for name in compared
    )
    return bool(ok) and not has_truth


def estimate_all(rows: Sequence[Row], results: Results) -> list[Estimates]:
    """What each sampler estimates of a density, from all its rows; `results` has the stored draws.

    Rows with a budget are left out. Raises BadInput for draws that cannot be read.
    """
    table = without_budget(drop_superseded(row_table(rows)))
    if not len(table):
        return []
    summary = summary_table(table)
    current = set(table[columns.IDENTITY])
    groups: dict[tuple, list[Row]] = {}
    for row in rows:
        if row.identity in current:
            groups.setdefault(tuple(getattr(row, name) for name in columns.GROUP), []).append(row)
    keys = zip(*(summary[name].tolist() for name in columns.GROUP), strict=True)
    pooled = [
        estimates.estimate(label, groups.get(key, []), _moments_in(results))
        for label, key in zip(summary[columns.LABEL].tolist(), keys, strict=True)
    ]
    made = [item for item in pooled if item.seeds]
    return sorted(made, key=lambda item: (position(item.label), item.label))


class Table(NamedTuple):
    """Plain text: headings, and lines whose first cells name them."""

    headings: Sequence[str]
    lines: Sequence[Sequence[str]]


def tables(made: Sequence[Estimates]) -> list[Table]:
    """What the samplers estimate, which of them agree, and the moments where draws are stored."""
    every = (Table(HEADINGS, [_estimates(item) for item in made]), _agreement(made), _moments(made))
    return [table for table in every if table.lines]


def _estimates(item: Estimates) -> tuple[str, ...]:
    is_heavy = item.log_z is not None and (item.pareto_k or 0) > MAX_TRUSTED_K
    return (
        item.label,
        str(item.seeds),
        _in_words(item.log_z) + " †" * is_heavy,
        _in_words(item.elbo),
        number(item.pareto_k),
        number(item.r_hat, 3),
    )


def _agreement(made: Sequence[Estimates]) -> Table:
    """For each sampler those that it agrees with, and those that it differs from in which number most."""
    comparisons = estimates.compare_all(made)
    lines = []
    for item in made:
        about = [pair for pair in comparisons if pair.is_about(item.label)]
        agreeing = [pair.beside(item.label) for pair in about if pair.agree]
        differing = [f"{pair.beside(item.label)} ({pair.worst})" for pair in about if pair.agree is False]
        lines.append((item.label, ", ".join(agreeing), ", ".join(differing)))
    return Table(AGREEMENT_HEADINGS, lines if len(made) > 1 else [])


def _moments(made: Sequence[Estimates]) -> Table:
    """Mean and sd of each stored coordinate, by each sampler with stored draws."""
    stored = {item.label: item.moments for item in made if item.moments is not None}
    coordinates = min((moments.values.shape[1] for moments in stored.values()), default=0)
    lines = [
        (f"x[{k}]", *(f"{_moment(item, 0, k)}; sd {_moment(item, 1, k)}" for item in stored.values()))
        for k in range(coordinates)
    ]
    return Table(("mean and sd of", *stored), lines)


def _moments_in(results: Results) -> Callable[[Row], Moments | None]:
    """A function that gives the moments of the stored draws of a row, and None where there are none."""

    def moments_of(row: Row) -> Moments | None:
        for folder in reversed(results.folders):
            arrays = store_of(folder).arrays(row)
            if arrays:
                return estimates.moments_of_draws(row, arrays)
        return None

    return moments_of


def _moment(moments: Moments, statistic: int, k: int) -> str:
    return with_error(float(moments.values[statistic, k]), float(moments.errors[statistic, k]))


def _in_words(estimate: Estimate | None) -> str:
    """An estimate with its standard error, where they are known."""
    return "" if estimate is None else with_error(*estimate)
