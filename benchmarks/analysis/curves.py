"""Curves of accuracy against cost: medians over seeds at each budget, and what a goal costs.

A seed that failed, ran out of time or whose metric is NaN counts as infinite at its budget, which is worst.
A sampler has no curve if it does not support the target, if the metric has no meaning for it, or if it was
handed exact draws. A failed row whose spending is unknown counts as having spent its budget.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.missing import none_where_not
from bridgemark.benchmarks.analysis.ranks import failures_infinite, is_applicable, rankable, target_labels
from bridgemark.benchmarks.analysis.row_table import drop_superseded, fill_device, with_budget
from bridgemark.benchmarks.analysis.statistics import median, medians

METRICS = {  # the metrics of curves, and their names in words
    columns.BIAS2_X_MAX: "bias² of x",
    columns.LOG_Z_ABS_ERROR: "|log Z error|",
    columns.ELBO_GAP: "ELBO gap",
    columns.SLICED_W2: "sliced W2",
    columns.MODE_TV: "mode TV",
}
COST_COLUMNS = {"gradients": columns.SPENT, "seconds": columns.SPENT_SECONDS}  # by unit of the budget
# Rows that agree in all of these are shown in the same panel.
SETTING = tuple(name for name in columns.BLOCK if name not in (columns.BUDGET, columns.BUDGET_UNIT))
CURVE_COLUMNS = (
    *(columns.LABEL, columns.DIM, columns.TARGET),
    *(columns.SAMPLER, columns.CONFIG, columns.SOURCE, columns.BUDGET_UNIT),
)


@dataclass(frozen=True)
class Goal:
    """A metric below a threshold, and the unit of the budgets that are compared by what this costs."""

    unit: str
    metric: str
    threshold: float


GOALS = (
    Goal("gradients", columns.BIAS2_X_MAX, 0.01),  # what 100 independent exact draws reach on average
    Goal("seconds", columns.LOG_Z_ABS_ERROR, 0.1),
)


def curve_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a row table that have a budget, with the columns `label`, `cost`, `curve` and `point`.

    `label` is that of the target. A curve has rows of one source and configuration only: an edit of the
    sampler supersedes its rows at every budget, because a curve from both would belong to no sampler.
    """
    # A row without a device takes that of the same sampler or, if it has none, of others in the setting.
    rows = fill_device(with_budget(table), (*SETTING, columns.SAMPLER))
    rows = fill_device(rows, SETTING)
    rows = drop_superseded(rows, across=(columns.BUDGET,)).reset_index(drop=True)
    settings = list(rows[list(SETTING)].itertuples(index=False, name=None))
    rows[columns.LABEL] = target_labels(settings, SETTING)
    rows[columns.COST] = _spent_or_budget(rows)
    curve = [*SETTING, columns.SAMPLER, columns.BUDGET_UNIT]
    rows[columns.CURVE] = rows.groupby(curve, dropna=False).ngroup()
    rows[columns.POINT] = rows.groupby([columns.CURVE, columns.BUDGET]).ngroup()
    return rows


def points(rows: pd.DataFrame) -> pd.DataFrame:
    """One line per curve, metric and budget of `curve_rows`.

    The columns are CURVE_COLUMNS, `metric`, `budget`; the medians over seeds `spent` and `value` with their
    ends `low` and `high`; `covers`, the numbers of `seeds` and of `failed` ones, and `floor`, None where
    unknown. Lines are in order of dimension, label, unit, sampler, metric and budget.
    """
    parts = []
    for metric in METRICS:
        if metric in rows:
            part = _points_of_metric(rows, metric)
            if len(part):
                parts.append(part)
    if not parts:
        return pd.DataFrame()
    order = [columns.DIM, columns.LABEL, columns.BUDGET_UNIT, columns.SAMPLER, columns.METRIC, columns.BUDGET]
    return pd.concat(parts, ignore_index=True).sort_values(order, kind="stable", ignore_index=True)


def costs_to_reach(rows: pd.DataFrame, goal: Goal) -> pd.DataFrame:
    """What it costs to reach a goal for good: one line per curve of `curve_rows` that the goal applies to.

    The columns are CURVE_COLUMNS and
    - `cost`: the median spent at the first budget from which on, up to the largest, the median metric stays
      below the threshold; inf if there is none, and then the true cost is above `largest`;
    - `largest`: the most that was spent at any budget;
    - `at_once`: whether the smallest budget suffices, so that less may suffice, too;
    - the ends `low` and `high` of `cost`, and `covers`. They are those of the median over the seeds that were
      run at every budget, each judged alone at the median costs of the budgets; NaN if there is no such seed.
      They need not contain `cost`, because different seeds may exceed the threshold at different budgets.
    """
    used = rows.loc[rows[columns.BUDGET_UNIT] == goal.unit]
    if goal.metric not in used:
        return pd.DataFrame()
    used = _applicable(used, goal.metric)
    if not len(used):
        return pd.DataFrame()
    runs_of: dict[int, list[_Run]] = {}
    values = failures_infinite(used, goal.metric).tolist()
    keys = used[[columns.CURVE, columns.BUDGET, columns.SEED, columns.COST]]
    for value, (curve, budget, seed, cost) in zip(
        values, keys.itertuples(index=False, name=None), strict=True
    ):
        runs_of.setdefault(curve, []).append(_Run(budget, seed, cost, value))
    first = used.drop_duplicates(columns.CURVE).sort_values(columns.CURVE)
    costs = [_cost_to_reach(runs_of[curve], goal.threshold) for curve in first[columns.CURVE]]
    return pd.concat([first[list(CURVE_COLUMNS)].reset_index(drop=True), pd.DataFrame(costs)], axis=1)


class _Run(NamedTuple):
    """A row of a curve."""

    budget: float
    seed: int
    cost: float
    value: float


class _Point(NamedTuple):
    """A curve, or a single seed of it, at one budget. Points compare by cost, then by budget."""

    cost: float
    budget: float
    value: float


def _cost_to_reach(runs: Sequence[_Run], threshold: float) -> dict[str, Any]:
    """The line of one curve, without CURVE_COLUMNS."""
    by_budget: dict[float, list[_Run]] = {}
    by_seed: dict[int, list[_Run]] = {}
    for run in runs:
        by_budget.setdefault(run.budget, []).append(run)
        by_seed.setdefault(run.seed, []).append(run)
    costs = {}
    curve = []
    for budget, seeds in by_budget.items():
        costs[budget] = median([run.cost for run in seeds]).middle
        curve.append(_Point(costs[budget], budget, median([run.value for run in seeds]).middle))
    curve.sort()
    first = _first_for_good(curve, threshold)
    alone = []
    for budgets in by_seed.values():
        if len({run.budget for run in budgets}) == len(by_budget):
            seed_curve = sorted(_Point(costs[run.budget], run.budget, run.value) for run in budgets)
            alone.append(_cost_at(seed_curve, _first_for_good(seed_curve, threshold)))
    ends = median(alone or [np.nan])
    return {
        columns.COST: _cost_at(curve, first),
        columns.LARGEST: curve[-1].cost,
        columns.AT_ONCE: first == 0,
        columns.low(columns.COST): ends.low,
        columns.high(columns.COST): ends.high,
        columns.COVERS: ends.level is not None,
    }


def _first_for_good(curve: Sequence[_Point], threshold: float) -> int:
    """Index of the first point from which on all values are below the threshold; if none is, the length."""
    first = len(curve)
    while first > 0 and curve[first - 1].value < threshold:
        first -= 1
    return first


def _cost_at(curve: Sequence[_Point], index: int) -> float:
    return curve[index].cost if index < len(curve) else np.inf


def _spent_or_budget(rows: pd.DataFrame) -> np.ndarray:
    """What each row spent in the unit of its budget, or the budget where that is unknown."""
    cost = rows[columns.BUDGET].astype(float).to_numpy(copy=True)
    for unit, name in COST_COLUMNS.items():
        spent = rows.reindex(columns=[name])[name].to_numpy(float)
        is_known = (rows[columns.BUDGET_UNIT] == unit).to_numpy() & np.isfinite(spent)
        cost[is_known] = spent[is_known]
    return cost


def _applicable(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of samplers, targets and curves for which the metric has a meaning."""
    rows = rankable(rows)
    applicable = np.ones(len(rows), dtype=bool)
    for owner in (columns.SAMPLER, columns.LABEL, columns.CURVE):
        applicable &= is_applicable(rows, metric, owner)
    return rows.loc[applicable]


def _points_of_metric(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    rows = _applicable(rows, metric)
    value = failures_infinite(rows, metric)
    # `first` is the index of the first row of each point, `point` the number of the point of each row.
    _, first, point = np.unique(rows[columns.POINT].to_numpy(int), return_index=True, return_inverse=True)
    count = len(first)
    cost = medians(rows[columns.COST].to_numpy(), point, count)
    score = medians(value, point, count)
    numbers = {
        columns.SPENT: cost.middle,
        columns.low(columns.SPENT): cost.low,
        columns.high(columns.SPENT): cost.high,
        columns.VALUE: score.middle,
        columns.low(columns.VALUE): score.low,
        columns.high(columns.VALUE): score.high,
        columns.COVERS: score.covers,
        columns.SEEDS: score.sizes,
        columns.FAILED: np.bincount(point[np.isinf(value)], minlength=count),
        columns.FLOOR: _floors(rows, metric, point, count),
    }
    lines = rows.iloc[first][[*CURVE_COLUMNS, columns.BUDGET]].reset_index(drop=True)
    return lines.assign(**{columns.METRIC: metric}, **numbers)


def _floors(rows: pd.DataFrame, metric: str, point: np.ndarray, count: int) -> np.ndarray:
    """By point, the median over seeds of what exact draws score, None where unknown."""
    name = columns.floor_of(metric)
    values = rows[name].astype(float).to_numpy() if name in rows else np.full(len(rows), np.nan)
    finite = np.isfinite(values)
    middle = medians(values[finite], point[finite], count).middle
    return none_where_not(~np.isnan(middle), middle)
