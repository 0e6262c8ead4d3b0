"""Medians over training seeds with intervals whose coverage is known, and tests between two sets of seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.stats import binom, ttest_ind_from_stats

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate `middle` between the ends `low` and `high`, which cover the true value at least at `level`.

    Where `level` is None the ends are a range that claims nothing.
    """

    middle: float
    low: float
    high: float
    level: float | None


def median(values: Sequence[float] | np.ndarray, level: float = LEVEL) -> Interval:
    """The median of at least one seed's values, between two order statistics that cover it at `level`.

    A seed falls below the true median with probability at most 1/2, and above it likewise, independently. So
    the k-th smallest value exceeds it with probability at most P(Bin(n, 1/2) < k), and the k-th largest
    falls below it at most as often. Hence [x_(k), x_(n+1-k)] covers it at 1 - 2 P(Bin(n, 1/2) < k) or more
    for any distribution, ties and infinities included; k is the largest that keeps `level`. The percentile
    bootstrap of a median also ends in order statistics (their distribution is binomial), but in narrower
    ones without a guarantee: nominal 95 % cover 87.5 % at 7 seeds. Where n allows no k, the ends are the
    range and `level` is None; the range covers the median at 1 - 2^(1-n), which is 93.75 % at 5 seeds. A NaN
    makes all three numbers NaN, because the median of the remaining seeds would be too good.
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    if np.isnan(ordered[-1]):
        return Interval(np.nan, np.nan, np.nan, None)
    k = depth(len(ordered), level)
    first = max(k, 1) - 1
    low, high = ordered[first], ordered[len(ordered) - 1 - first]
    return Interval(float(middle(ordered)), float(low), float(high), level if k else None)


@dataclass(frozen=True)
class Medians:
    """The `median` of many groups, an array (groups,) of each number.

    `low` and `high` are the ends, `least` and `most` the range. `covers` says whether the ends cover the
    median at the level asked for; otherwise they are the range. `sizes` are the numbers of values. For a
    group without values or with a NaN all but `sizes` and `covers` are NaN.
    """

    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray
    least: np.ndarray
    most: np.ndarray
    sizes: np.ndarray
    covers: np.ndarray


def medians(values: np.ndarray, group: np.ndarray, groups: int, level: float = LEVEL) -> Medians:
    """The `median` of the values (n,) of each group; `group` (n,) holds their numbers 0, ..., `groups` - 1.

    It gives the same numbers as `median` of each group, many times faster.
    """
    # Sorted by group, then by value with NaN last. Values 7 3 5 9 of the groups 0 0 2 0 become 3 7 9 | | 5:
    # the sizes 3 0 1 make group g the entries from starts[g] to stops[g] - 1, with starts 0 3 3, stops 3 3 4.
    ordered = values[np.lexsort((values, group))]
    sizes = np.bincount(group, minlength=groups)
    stops = np.cumsum(sizes)
    starts = stops - sizes
    last = stops - 1
    # An empty group at either end would look up an entry before the first or after the last: one more NaN.
    ordered = np.append(ordered, np.nan)
    without_median = (sizes == 0) | np.isnan(ordered[last])

    depths = np.zeros(groups, dtype=int)
    for size in np.unique(sizes):
        depths[sizes == size] = depth(int(size), level)
    inward = np.maximum(depths, 1) - 1  # how many entries the ends lie inside the range

    def look_up(index: np.ndarray) -> np.ndarray:
        return np.where(without_median, np.nan, ordered[index])

    return Medians(
        middle=_midpoint(look_up((starts + last) // 2), look_up((starts + stops) // 2)),
        low=look_up(starts + inward),
        high=look_up(last - inward),
        least=look_up(starts),
        most=look_up(last),
        sizes=sizes,
        covers=depths > 0,
    )


@cache
def depth(n: int, level: float = LEVEL) -> int:
    """The largest k with 1 - 2 P(Bin(n, 1/2) < k) at least `level`; 0 if there is none."""
    misses = 2 * binom.cdf(np.arange(n // 2 + 1), n, 0.5)  # of k = 1, 2, ...
    return int(np.sum(1 - misses >= level))


def middle(ordered: np.ndarray) -> np.ndarray:
    """Medians along the last axis, which is sorted."""
    count = ordered.shape[-1]
    return _midpoint(ordered[..., (count - 1) // 2], ordered[..., count // 2])


def _midpoint(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The mean of two arrays; that of two equal infinities is this infinity."""
    with np.errstate(invalid="ignore"):
        return np.where(low == high, low, low / 2 + high / 2)


class Moments(NamedTuple):
    """Means, standard deviations and numbers of values, arrays of one shape."""

    means: np.ndarray
    sds: np.ndarray
    counts: np.ndarray


def welch(a: Moments, b: Moments) -> np.ndarray:
    """Two-sided p-values of Welch's t test between two sides, of the shape of the moments.

    Where neither side varies, p is 1 if the means are equal and 0 if not. Where a side has fewer than two
    values, p is NaN.
    """
    # The computed standard deviation of equal values is a rounding error, not noise.
    rounding = 1e-12 * np.maximum(np.maximum(np.abs(a.means), np.abs(b.means)), 1)
    rigid = (a.sds <= rounding) & (b.sds <= rounding)
    equal = np.abs(a.means - b.means) <= rounding
    with np.errstate(all="ignore"):
        p = np.asarray(ttest_ind_from_stats(*a, *b, equal_var=False)[1])
    p = np.where(rigid, equal, p)
    return np.where((a.counts >= 2) & (b.counts >= 2), p, np.nan)


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's adjusted p-values of all entries together, of the same shape; a NaN stays and is not counted."""
    flat = p.ravel()
    order = np.argsort(flat)[: int(np.sum(~np.isnan(flat)))]
    adjusted = np.full(flat.shape, np.nan)
    steps = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(flat[order] * steps), 1)
    return adjusted.reshape(p.shape)
