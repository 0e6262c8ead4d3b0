"""Ranks of samplers by a metric: per target with uncertainty, and over all targets.

Three rules. A seed that failed, ran out of time or memory, or whose metric is NaN, counts as +inf: worst,
and samplers that are both infinite share the last rank. A sampler that a target is unsupported by, or for
which the metric has no meaning (None), is not applicable and is left out on that target. Equal medians
share the average of their ranks.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata, studentized_range

from bridgemark.benchmarks.analysis.statistics import LEVEL, Interval, median, middle
from bridgemark.benchmarks.analysis.tables import GROUP, current, plain

# Samplers are ranked against each other where all of this is equal.
BLOCK = tuple(name for name in GROUP if name not in ("sampler", "config", "source"))
Values = Mapping[str, np.ndarray]  # by sampler: its metric, a value a seed, lower better, failures +inf


@dataclass(frozen=True)
class Profile:
    """Cost over the cheapest solver's, ascending, where solved; the rest of the `targets` is censored."""

    ratios: np.ndarray
    targets: int

    def share(self, ratio: float) -> float:
        """The share of targets solved within `ratio` times the cheapest solver's cost."""
        return float(np.sum(self.ratios <= ratio) / self.targets)


@dataclass(frozen=True)
class MeanRanks:
    """Mean rank by sampler over the `targets` on which all are applicable; 0 of them leave it empty."""

    ranks: dict[str, float]
    targets: int


def blocks(table: pd.DataFrame, *metrics: str) -> dict[str, list[dict[str, np.ndarray]]]:
    """By target label, for each of the metrics the values of every applicable sampler, from `tables.frame`.

    Rows with a budget are no part of it. {} where no row has one of the metrics.
    """
    if not set(metrics) <= set(table.columns):
        return {}
    rows = with_device(plain(current(table)))
    rows = rows.loc[(rows["status"] != "unsupported") & ~rows["uses_exact_draws"].astype(bool)]
    for name in metrics:
        rows = rows.loc[applicable(rows, name)]
    values = [failures_infinite(rows, name) for name in metrics]
    found: dict[str, list[dict[str, np.ndarray]]] = {}
    places = rows.groupby([*BLOCK, "sampler"], dropna=False).indices
    labels = setting_labels([key[:-1] for key in places])  # pyright: ignore
    for (*block, sampler), own in places.items():  # pyright: ignore
        several = found.setdefault(labels[tuple(block)], [{} for _ in metrics])
        for by_sampler, column in zip(several, values, strict=True):
            by_sampler[sampler] = column[own]
    return found


def intervals(values: Values, level: float = LEVEL) -> dict[str, Interval]:
    """The rank of each sampler's median on one target, and ends that cover all true ranks at once.

    Each of S medians gets an interval that misses with probability at most (1 - level) / S, so all hold
    together at `level`; then whoever lies wholly below another is truly better, and a sampler's rank lies
    between 1 + those surely better and S - those surely worse. That needs no assumption on the laws and
    holds for near ties, where the percentiles of bootstrapped ranks do not: of ten samplers that are
    nearly alike they hold the best one's rank in about half the cases, at 10 seeds as at 20. Where some
    sampler has too few seeds for that, about log2(40 S), the ranges of the seeds decide instead and
    `level` is None: nothing is claimed.
    """
    each = [median(own, 1 - (1 - level) / len(values)) for own in values.values()]
    low, high = (np.array([getattr(one, end) for one in each]) for end in ("low", "high"))
    best = 1 + np.sum(high[None, :] < low[:, None], axis=1)
    worst = len(each) - np.sum(low[None, :] > high[:, None], axis=1)
    ranks = rankdata([one.middle for one in each])
    claimed = level if all(one.level for one in each) else None
    ends = zip(ranks, best, worst, strict=True)
    return {
        name: Interval(*map(float, three), level=claimed) for name, three in zip(values, ends, strict=True)
    }


def resampled(values: Values, times: int = 1_000, seed: int = 0) -> np.ndarray:
    """Ranks (times, samplers) of medians over seeds drawn again with replacement: to look at, no interval."""
    noise = np.random.default_rng(seed)
    drawn = [own[noise.integers(len(own), size=(times, len(own)))] for own in values.values()]
    return rankdata(np.stack([middle(np.sort(own, axis=-1)) for own in drawn], axis=1), axis=1)


def mean_ranks(targets: Mapping[str, Values]) -> MeanRanks:
    """Mean rank of the medians; a target to which some sampler is not applicable is left out for all."""
    samplers = sorted({name for values in targets.values() for name in values})
    whole = [values for values in targets.values() if len(values) == len(samplers)]
    ranked = [rankdata([median(values[name]).middle for name in samplers]) for values in whole]
    means = np.mean(ranked, axis=0) if ranked else ()
    return MeanRanks(dict(zip(samplers, map(float, means), strict=False)), len(whole))


def critical_difference(samplers: int, targets: int, level: float = LEVEL) -> float:
    """Nemenyi's: mean ranks over `targets` further apart than this differ, all pairs at `level` together."""
    spread = studentized_range.ppf(level, samplers, np.inf) / np.sqrt(2)
    return float(spread * np.sqrt(samplers * (samplers + 1) / (6 * targets)))


def profiles(targets: Mapping[str, list[dict[str, np.ndarray]]], threshold: float) -> dict[str, Profile]:
    """Performance profiles from the `blocks` of a metric and a cost; solved: median metric below threshold.

    Who spends less than one gradient, as exact draws do, is no competitor and is left out.
    """
    ratios: dict[str, list[float]] = {}
    for metric, cost in targets.values():
        spent = {name: median(cost[name]).middle for name in metric if median(cost[name]).middle >= 1}
        solvers = [name for name in spent if median(metric[name]).middle < threshold]
        least = min((spent[name] for name in solvers), default=np.inf)
        for name in spent:
            ratios.setdefault(name, []).append(spent[name] / least if name in solvers else np.inf)
    return {
        name: Profile(np.sort([one for one in own if one < np.inf]), len(own)) for name, own in ratios.items()
    }


def with_device(rows: pd.DataFrame, block: tuple[str, ...] = BLOCK) -> pd.DataFrame:
    """A sampler of which no row knows its device is put beside those that do, in the same block."""
    others = [name for name in block if name != "device"]
    known = rows.groupby(others, dropna=False)["device"].transform("first")
    return rows.assign(device=rows["device"].where(rows["device"].notna(), known))


def applicable(rows: pd.DataFrame, name: str, of: str = "sampler") -> np.ndarray:
    """Rows with a value, and failures but for those of samplers that are ok somewhere and never offer one."""
    ok = (rows["status"] == "ok").to_numpy()
    offered = np.array([value is not None for value in rows[name]], dtype=bool)
    owners = rows[of].to_numpy(dtype=str)
    idle = np.setdiff1d(owners[ok], owners[ok & offered])
    return np.where(ok, offered, ~np.isin(owners, idle))


def failures_infinite(rows: pd.DataFrame, name: str) -> np.ndarray:
    """The values of a metric (rows,), +inf where the row is not ok or the metric NaN."""
    values = rows[name].where(rows["status"] == "ok").astype(float).to_numpy()
    return np.where(np.isnan(values), np.inf, values)


def setting_labels(keys: list[tuple], block: tuple[str, ...] = BLOCK) -> dict[tuple, str]:
    """The target's name, and where it was run in several settings what tells them apart."""
    named: dict[str, list[tuple]] = {}
    for key in dict.fromkeys(keys):
        named.setdefault(key[0], []).append(key)
    labels = {}
    for name, twins in named.items():
        differing = [place for place in range(len(block)) if len({key[place] for key in twins}) > 1]
        for key in twins:
            told = ", ".join(f"{block[place]} {str(key[place])[:12]}" for place in differing)
            labels[key] = f"{name} ({told})" if told else name
    return labels
