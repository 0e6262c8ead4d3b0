"""Intervals of medians: worked by hand, against scipy's bootstrap and quantile test, and by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from bridgemark.benchmarks.analysis.statistics import Interval, depth, median, medians


def test_three_seeds_are_a_range_that_claims_nothing():
    assert median([3.0, 1.0, 2.0]) == Interval(2.0, 1.0, 3.0, None)
    assert median([4.0]) == Interval(4.0, 4.0, 4.0, None)


def test_six_seeds_are_the_first_to_reach_95_per_cent():
    """The range misses the median if all seeds are on one side of it: it covers at 1 - 2^-5 = 96.875 %."""
    assert [depth(n) for n in range(1, 7)] == [0, 0, 0, 0, 0, 1]
    assert (depth(6, 0.96875), depth(6, 0.96876)) == (1, 0)
    assert median(range(6)) == Interval(2.5, 0.0, 5.0, 0.95)


def test_nine_seeds_by_hand():
    """One miss of nine costs 2 (1 + 9) / 2^9 = 3.9 %, two 2 (1 + 9 + 36) / 2^9 = 18 %."""
    assert depth(9) == 2
    assert median([9, 1, 8, 2, 7, 3, 6, 4, 5]) == Interval(5.0, 2.0, 8.0, 0.95)


def test_failures_stay_in():
    assert median([1.0] * 5 + [math.inf]) == Interval(1.0, 1.0, math.inf, 0.95)
    assert median([math.inf] * 4) == Interval(math.inf, math.inf, math.inf, None)
    assert math.isnan(median([1.0, math.nan, 2.0]).middle)


@pytest.mark.parametrize("n", [6, 7, 10, 25, 100])
def test_the_same_order_statistics_as_scipys_quantile_test(n):
    """scipy's interval may miss by 2.5 % on each side; the ends are order statistics just as here."""
    x = np.random.default_rng(n).normal(size=n)
    theirs = stats.quantile_test(x, p=0.5).confidence_interval(0.95)
    ours = median(x)
    assert (ours.low, ours.high) == (theirs.low, theirs.high)


def test_a_bootstrap_would_be_narrower_and_cover_less():
    """At 7 seeds its percentile ends are the second smallest and largest: 1 - 2 (1 + 7) / 2^7 = 87.5 %."""
    x = np.arange(7.0)
    bootstrap = stats.bootstrap((x,), np.median, method="percentile", rng=np.random.default_rng(0))
    assert (bootstrap.confidence_interval.low, bootstrap.confidence_interval.high) == (1.0, 5.0)
    assert (median(x).low, median(x).high) == (0.0, 6.0)


@pytest.mark.slow
@pytest.mark.parametrize("n", [6, 10, 17])
@pytest.mark.parametrize("law", ["normal", "lognormal", "standard_cauchy", "exponential"])
def test_coverage_is_at_least_nominal(n, law):
    noise = np.random.default_rng(n)
    truth = {"lognormal": 1.0, "exponential": math.log(2)}.get(law, 0.0)
    intervals = [median(x) for x in getattr(noise, law)(size=(4_000, n))]
    covered = np.mean([interval.low <= truth <= interval.high for interval in intervals])
    assert covered >= 0.95 - 2 * math.sqrt(0.95 * 0.05 / 4_000)


def test_medians_of_many_groups_are_those_of_each():
    noise = np.random.default_rng(0)
    group = noise.integers(12, size=100)
    values = np.where(noise.uniform(size=100) < 0.1, np.inf, noise.normal(size=100))
    values[noise.integers(100)] = np.nan
    many = medians(values, group, 13)
    for index in range(12):
        alone = median(values[group == index])
        numbers = [many.middle[index], many.low[index], many.high[index]]
        np.testing.assert_array_equal(numbers, [alone.middle, alone.low, alone.high])
        assert many.covers[index] == (many.sizes[index] >= 6)
    assert np.isnan(many.middle[12])
    assert many.sizes[12] == 0


def test_medians_of_groups_by_hand():
    """The example of its comment, with an empty group in the middle; and no group has any value."""
    many = medians(np.array([7.0, 3.0, 5.0, 9.0]), np.array([0, 0, 2, 0]), 3)
    np.testing.assert_array_equal(many.middle, [7, np.nan, 5])
    np.testing.assert_array_equal([many.least, many.most], [[3, np.nan, 5], [9, np.nan, 5]])
    assert list(many.sizes) == [3, 0, 1]
    assert np.isnan(medians(np.zeros(0), np.zeros(0, int), 2).middle).all()
