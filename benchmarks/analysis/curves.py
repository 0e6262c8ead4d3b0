"""What is reached at which cost: medians over seeds against what the rows with a budget really spent.

A seed that failed, timed out or scored NaN is infinite at that budget, which is worst. A sampler that does
not support a target, or for which a metric has no meaning, has no curve. A failed row that does not know
what it spent has spent its budget.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bridgemark.benchmarks.analysis.ranks import (
    BLOCK,
    applicable,
    failures_infinite,
    setting_labels,
    with_device,
)
from bridgemark.benchmarks.analysis.statistics import medians
from bridgemark.benchmarks.analysis.tables import budgeted, current

METRICS = {  # and how they are called
    "bias2_x_max": "bias² of x",
    "log_z_abs_error": "|log Z error|",
    "elbo_gap": "ELBO gap",
    "sliced_w2": "sliced W2",
    "mode_tv": "mode TV",
}
COST = {"gradients": "spent", "seconds": "spent_seconds"}  # by unit the column of `tables.frame`
SETTING = tuple(name for name in BLOCK if name not in ("budget", "budget_unit"))
CURVE = ("label", "dim", "target", "sampler", "config", "source", "budget_unit")


@dataclass(frozen=True)
class Goal:
    """A metric below a threshold, and the unit of what it costs to get there."""

    unit: str
    metric: str
    threshold: float


GOALS = (
    Goal("gradients", "bias2_x_max", 0.01),  # what 100 independent exact draws reach on average
    Goal("seconds", "log_z_abs_error", 0.1),
)


def prepared(table: pd.DataFrame) -> pd.DataFrame:
    """The current rows with a budget of `tables.frame`, with `label` of the target, `cost`, `curve`, `point`.

    A curve is of one source and configuration: an edited sampler supersedes its rows at every budget, for
    half of a curve from before the edit would be nobody's.
    """
    rows = with_device(with_device(budgeted(table), (*SETTING, "sampler")), SETTING)
    rows = current(rows, across=("budget",)).reset_index(drop=True)
    settings = list(rows[list(SETTING)].itertuples(index=False, name=None))
    labels = setting_labels(settings, SETTING)
    rows = rows.assign(label=[labels[key] for key in settings], cost=_cost(rows))
    rows["curve"] = rows.groupby([*SETTING, "sampler", "budget_unit"], dropna=False).ngroup()
    rows["point"] = rows.groupby(["curve", "budget"]).ngroup()
    return rows


def points(rows: pd.DataFrame) -> pd.DataFrame:
    """One line a curve, metric and budget of `prepared` rows, by label, unit, sampler, metric and budget.

    CURVE, `metric`, `budget`; `spent` and `value`: medians over seeds, with .low and .high; `covers`: whether
    these hold the median at 95 %, else they are the range; `seeds`, `failed`: counts; `floor`: what exact
    draws score, None where unknown. An infinite value is that of failures.
    """
    found = [_of_metric(rows, name) for name in METRICS if name in rows]
    some = [part for part in found if len(part)]
    if not some:
        return pd.DataFrame()
    order = ["dim", "label", "budget_unit", "sampler", "metric", "budget"]
    return pd.concat(some, ignore_index=True).sort_values(order, kind="stable", ignore_index=True)


def reached(rows: pd.DataFrame, goal: Goal) -> pd.DataFrame:
    """One line a curve of `prepared` rows to which the goal applies: what it costs to get there for good.

    `cost`: the median spent at the first budget from which on the median metric stays below the threshold up
    to the largest; inf where it never does, and then all that is known is that it takes more than `largest`,
    the most spent. `at_once`: the smallest budget suffices, less may. `low`, `high`: the same of each seed
    alone that was run at every budget, at the median cost of its budget: their interval at 95 % if `covers`,
    else their range, inf as before; NaN where no seed was. It need not hold `cost`: seeds may dip at
    different budgets.
    """
    own = rows.loc[rows["budget_unit"] == goal.unit]
    own = _applicable(own, goal.metric) if goal.metric in own else own.iloc[:0]
    if not len(own):
        return pd.DataFrame()
    value, point = failures_infinite(own, goal.metric), _codes(own, "point")
    first = np.unique(point, return_index=True)[1]
    lines = own.iloc[first]
    cost, middle = (medians(of, point, len(first)).middle for of in (own["cost"].to_numpy(), value))
    curve, budget = _codes(lines, "curve"), lines["budget"].to_numpy(float)
    found = _first_for_good(curve, budget, cost, middle, goal.threshold)
    alone = _alone(own.assign(cost=cost[point], value=value), goal.threshold)
    start = np.unique(curve, return_index=True)[1]
    return pd.concat([lines.iloc[start][list(CURVE)].reset_index(drop=True), found, alone], axis=1)


def _cost(rows: pd.DataFrame) -> np.ndarray:
    cost = rows["budget"].astype(float).to_numpy(copy=True)
    for unit, name in COST.items():
        told = rows.reindex(columns=[name])[name].to_numpy(float)
        own = (rows["budget_unit"] == unit).to_numpy() & np.isfinite(told)
        cost[own] = told[own]
    return cost


def _applicable(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Rows of samplers, targets and curves for which the metric has a meaning."""
    rows = rows.loc[rows["status"] != "unsupported"]
    owners = ("sampler", "label", "curve")
    return rows.loc[np.all([applicable(rows, metric, owner) for owner in owners], axis=0)]


def _of_metric(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    own = _applicable(rows, metric)
    value = failures_infinite(own, metric)
    point = _codes(own, "point")
    first = np.unique(point, return_index=True)[1]
    count = len(first)
    cost, score = (medians(of, point, count) for of in (own["cost"].to_numpy(), value))
    numbers = {
        "spent": cost.middle,
        "spent.low": cost.low,
        "spent.high": cost.high,
        "value": score.middle,
        "value.low": score.low,
        "value.high": score.high,
        "covers": score.covers,
        "seeds": score.sizes,
        "failed": np.bincount(point[np.isinf(value)], minlength=count),
        "floor": _floors(own, metric, point, count),
    }
    lines = own.iloc[first][[*CURVE, "budget"]].reset_index(drop=True)
    return lines.assign(metric=metric, **numbers)


def _floors(rows: pd.DataFrame, metric: str, point: np.ndarray, count: int) -> np.ndarray:
    name = f"floors.{metric}"
    values = rows[name].astype(float).to_numpy() if name in rows else np.full(len(rows), np.nan)
    known = np.isfinite(values)
    middle = medians(values[known], point[known], count).middle
    return np.where(np.isnan(middle), np.array(None), middle.astype(object))


def _first_for_good(
    curve: np.ndarray, budget: np.ndarray, cost: np.ndarray, value: np.ndarray, threshold: float
) -> pd.DataFrame:
    """By curve, numbered from 0 on: cost (inf: never), largest, at_once, of points in any order."""
    order = np.lexsort((budget, cost, curve))
    starts = np.unique(curve[order], return_index=True)[1]
    stops = np.append(starts[1:], len(order))
    places = np.arange(len(order))
    above = np.where(value[order] < threshold, -1, places)
    first = np.maximum(np.maximum.reduceat(above, starts) + 1, starts)
    held, ordered = first < stops, cost[order]
    return pd.DataFrame(
        {
            "cost": np.where(held, ordered[np.minimum(first, stops - 1)], np.inf),
            "largest": ordered[stops - 1],
            "at_once": held & (first == starts),
        }
    )


def _alone(rows: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """By curve, in order of its number: `low`, `high`, `covers` over seeds, each by itself."""
    curve = _codes(rows, "curve")
    count = int(curve.max()) + 1
    each = rows.groupby([curve, "seed"]).ngroup().to_numpy()
    budget, value, cost = (rows[name].to_numpy(float) for name in ("budget", "value", "cost"))
    run = pd.DataFrame({"curve": curve, "each": each, "budget": budget})
    of = curve[np.unique(each, return_index=True)[1]]
    wanted, had = (run.groupby(by)["budget"].nunique().to_numpy() for by in ("curve", "each"))
    whole = had == wanted[of]
    found = _first_for_good(each, budget, cost, value, threshold)
    middle = medians(found["cost"].to_numpy()[whole], of[whole], count)
    return pd.DataFrame({"low": middle.low, "high": middle.high, "covers": middle.covers})


def _codes(rows: pd.DataFrame, name: str) -> np.ndarray:
    """A column numbered from 0 on in its order."""
    return np.unique(rows[name].to_numpy(int), return_inverse=True)[1]
