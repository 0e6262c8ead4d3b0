"""Ranks of samplers by a metric: per target with uncertainty, and over all targets.

A seed that failed, ran out of time or memory, or whose metric is NaN counts as +inf, which is worst; samplers
that are both infinite share the last rank. A sampler is left out on a target that it does not support, or for
which the metric has no meaning (None). Equal medians share the average of their ranks. A sampler that was
handed exact draws is never ranked, and neither is an external program.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from scipy.stats import rankdata, studentized_range

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.missing import is_not_none
from bridgemark.benchmarks.analysis.row_table import drop_superseded, fill_device, without_budget
from bridgemark.benchmarks.analysis.statistics import LEVEL, Interval, median, middle
from bridgemark.benchmarks.analysis.summary_table import differences

# By sampler, a value per seed: lower is better, a failure is +inf.
Values: TypeAlias = Mapping[str, np.ndarray]


class Block(NamedTuple):
    """The samplers that are ranked against each other on one target: their metric, and what they spent."""

    metric: dict[str, np.ndarray]
    cost: dict[str, np.ndarray]


@dataclass(frozen=True)
class Profile:
    """The performance profile of a sampler (Dolan and Moré 2002).

    `ratios` are its costs over those of the cheapest solver, ascending, on the targets that it solves;
    `targets` is the number of all targets that it was run on.
    """

    ratios: np.ndarray
    targets: int

    def share(self, ratio: float) -> float:
        """The share of targets that are solved within `ratio` times the cheapest solver's cost."""
        return float(np.sum(self.ratios <= ratio) / self.targets)


@dataclass(frozen=True)
class MeanRanks:
    """Mean rank by sampler over the `targets` on which all samplers are ranked; empty if there are none."""

    ranks: dict[str, float]
    targets: int


def blocks(
    table: pd.DataFrame, metric: str = columns.MAIN_METRIC, cost: str = columns.SPENT
) -> dict[str, Block]:
    """By label of the target, the samplers that are ranked against each other, from a row table.

    Rows with a budget and superseded rows are left out, as are rows for which the metric or the cost has no
    meaning. The result is empty where no row has the metric.
    """
    if not {metric, cost} <= set(table.columns):
        return {}
    rows = rankable(fill_device(without_budget(drop_superseded(table)), columns.BLOCK))
    for name in (metric, cost):
        rows = rows.loc[is_applicable(rows, name)]
    metrics, costs = failures_infinite(rows, metric), failures_infinite(rows, cost)
    lines_of = rows.groupby([*columns.BLOCK, columns.SAMPLER], dropna=False).indices
    settings, samplers = [], []
    for *setting, sampler in lines_of:  # pyright: ignore  a key is a tuple
        settings.append(tuple(setting))
        samplers.append(sampler)
    by_label: dict[str, Block] = {}
    labels = target_labels(settings, columns.BLOCK)
    for label, sampler, lines in zip(labels, samplers, lines_of.values(), strict=True):
        block = by_label.setdefault(label, Block({}, {}))
        block.metric[sampler] = metrics[lines]
        block.cost[sampler] = costs[lines]
    return by_label


def intervals(values: Values, level: float = LEVEL) -> dict[str, Interval]:
    """By sampler, the rank of its median on one target, between ends that cover all true ranks at once.

    Each of S medians gets an interval that misses with probability at most (1 - level) / S, so all hold
    together at `level`. If they hold, a sampler whose interval lies below another's is truly better, and a
    true rank lies between 1 + the number of intervals wholly below and S - the number of those wholly above.
    That needs no assumption on the distributions. It also holds for near ties, where percentiles of
    bootstrapped ranks do not: among ten samplers that are nearly equal they cover the best one's rank in
    about half the cases, at 10 seeds as at 20. Where a sampler has too few seeds for its interval, that is
    less than about log2(40 S), the ranges of the seeds take the place of intervals and `level` is None: they
    claim nothing.
    """
    medians = list(median_intervals(values, level).values())
    low = np.array([interval.low for interval in medians])
    high = np.array([interval.high for interval in medians])
    best = 1 + np.sum(high[None, :] < low[:, None], axis=1)
    worst = len(medians) - np.sum(low[None, :] > high[:, None], axis=1)
    ranks = rankdata([interval.middle for interval in medians])
    claimed = level if all(interval.level for interval in medians) else None
    rank_intervals = {}
    for index, sampler in enumerate(values):
        rank_intervals[sampler] = Interval(
            float(ranks[index]), float(best[index]), float(worst[index]), level=claimed
        )
    return rank_intervals


def median_intervals(values: Values, level: float = LEVEL) -> dict[str, Interval]:
    """By sampler, its median between ends that cover the medians of all samplers together at `level`.

    With few seeds the ends are ranges that claim nothing, as in `intervals`.
    """
    level_of_each = 1 - (1 - level) / len(values)
    return {sampler: median(seeds, level_of_each) for sampler, seeds in values.items()}


def bootstrapped_ranks(values: Values, times: int = 1_000, seed: int = 0) -> np.ndarray:
    """Ranks (times, samplers) of medians over seeds that are drawn again with replacement.

    They show how ranks vary; their percentiles are no confidence interval.
    """
    noise = np.random.default_rng(seed)
    medians = []
    for seeds in values.values():
        drawn = seeds[noise.integers(len(seeds), size=(times, len(seeds)))]
        medians.append(middle(np.sort(drawn, axis=-1)))
    return rankdata(np.stack(medians, axis=1), axis=1)


def mean_ranks(targets: Mapping[str, Values]) -> MeanRanks:
    """Mean rank of the medians over the targets on which every sampler has values."""
    samplers = sorted({sampler for values in targets.values() for sampler in values})
    ranked = []
    for values in targets.values():
        if len(values) == len(samplers):
            ranked.append(rankdata([median(values[sampler]).middle for sampler in samplers]))
    if not ranked:
        return MeanRanks({}, 0)
    means = np.mean(ranked, axis=0).tolist()
    return MeanRanks(dict(zip(samplers, means, strict=True)), len(ranked))


def critical_difference(samplers: int, targets: int, level: float = LEVEL) -> float:
    """Nemenyi's critical difference (Demšar 2006, section 3.2.2).

    Mean ranks over `targets` that are further apart than this differ, for all pairs of samplers together at
    `level`.
    """
    quantile = studentized_range.ppf(level, samplers, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(samplers * (samplers + 1) / (6 * targets)))


def profiles(targets: Mapping[str, Block], threshold: float) -> dict[str, Profile]:
    """Performance profiles by sampler; a target is solved where the median metric is below the threshold.

    A sampler that spends less than one gradient does not compete and is left out on that target.
    """
    ratios: dict[str, list[float]] = {}
    for block in targets.values():
        spent, solved = {}, {}
        for sampler, values in block.metric.items():
            cost = median(block.cost[sampler]).middle
            if cost >= 1:
                spent[sampler] = cost
                solved[sampler] = median(values).middle < threshold
        least = min((spent[sampler] for sampler in spent if solved[sampler]), default=np.inf)
        for sampler, cost in spent.items():
            ratios.setdefault(sampler, []).append(cost / least if solved[sampler] else np.inf)
    by_sampler = {}
    for sampler, values in ratios.items():
        finite = [ratio for ratio in values if ratio < np.inf]
        by_sampler[sampler] = Profile(np.sort(finite), len(values))
    return by_sampler


def rankable(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that may be ranked.

    They are those of samplers that support the target, were not handed exact draws and ran here: what an
    external program says of its own cost is not checked.
    """
    left_out = rows[columns.STATUS] == "unsupported"
    for name in (columns.USES_EXACT_DRAWS, columns.EXTERNAL):
        left_out |= rows[name].astype(bool)
    return rows.loc[~left_out]


def is_applicable(rows: pd.DataFrame, metric: str, owner: str = columns.SAMPLER) -> np.ndarray:
    """For each row (rows,), whether the metric has a meaning for it.

    That holds for ok rows with a value. A failed row has no value, so it counts unless its sampler, or
    whatever column `owner` names, has ok rows and none of these has a value.
    """
    ok = (rows[columns.STATUS] == "ok").to_numpy()
    has_value = is_not_none(rows[metric])
    owners = rows[owner].to_numpy(dtype=str)
    without_metric = np.setdiff1d(owners[ok], owners[ok & has_value])
    return np.where(ok, has_value, ~np.isin(owners, without_metric))


def failures_infinite(rows: pd.DataFrame, metric: str) -> np.ndarray:
    """The values (rows,) of a metric, +inf where the row is not ok or the metric is NaN."""
    values = rows[metric].where(rows[columns.STATUS] == "ok").astype(float).to_numpy()
    return np.where(np.isnan(values), np.inf, values)


def target_labels(settings: Sequence[tuple], names: Sequence[str]) -> list[str]:
    """For each setting its target, and what distinguishes it where the target was run in several settings.

    A setting is a value for each of the `names`, of which the first is the target. Settings may be repeated.
    """
    by_target: dict[str, list[tuple]] = {}
    for setting in dict.fromkeys(settings):
        by_target.setdefault(setting[0], []).append(setting)
    labels = {}
    for target, alike in by_target.items():
        for setting, difference in zip(alike, differences(names, alike), strict=True):
            labels[setting] = f"{target} ({difference})" if difference else target
    return [labels[setting] for setting in settings]
