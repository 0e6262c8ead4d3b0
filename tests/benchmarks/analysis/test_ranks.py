"""Ranks, mean ranks and profiles: worked by hand, against scipy and published tables, and by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from bridgemark.benchmarks.analysis import ranks
from bridgemark.benchmarks.analysis.ranks import Block
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.analysis.statistics import Interval

from support.synthetic_rows import failed, row, rows

INF = math.inf


def made(metric, sampler="smc", target="gmm9", seed=0, **changes):
    return row(sampler, target, seed, metrics={"bias2_x_max": metric}, **changes)


def seeds(*values):
    return np.array(values, dtype=float)


def blocks(*stored, metric="bias2_x_max"):
    return ranks.blocks(row_table(stored), metric)


def values_of(block):
    return {sampler: list(values) for sampler, values in block.metric.items()}


def test_failed_is_worst_unsupported_and_meaningless_are_left_out():
    lost = [failed("timeout", sampler="dds", seed=0), failed("unsupported", sampler="hmc", seed=0)]
    by_target = blocks(made(0.1), made(math.nan, seed=1), made(None, "nuts"), *lost)
    assert values_of(by_target["gmm9"]) == {"smc": [0.1, INF], "dds": [INF]}


def test_the_failure_of_a_sampler_that_never_has_the_metric_is_not_ranked():
    stored = [made(None, "nuts"), failed("failed", sampler="nuts", target="funnel-10"), made(0.1)]
    assert all("nuts" not in block.metric for block in blocks(*stored).values())


def test_a_sampler_that_was_handed_exact_draws_is_never_ranked():
    """Neither its rows that are ok nor its failures, and not where it is alone."""
    exact = [
        made(1e-6, "hmc", uses_exact_draws=True),
        failed("failed", sampler="hmc", seed=1, uses_exact_draws=True),
        made(1e-6, "hmc", target="gmm40-2", uses_exact_draws=True),
    ]
    assert {target: values_of(block) for target, block in blocks(made(0.1), *exact).items()} == {
        "gmm9": {"smc": [0.1]}
    }
    assert blocks(*exact) == {}


def test_settings_are_ranked_apart_and_have_labels_of_their_own():
    assert set(blocks(made(0.1), made(0.2, draws=7))) == {"gmm9 (draws 10000)", "gmm9 (draws 7)"}
    assert blocks(made(0.1), metric="unheard_of") == {}


def test_ties_share_ranks_and_failures_the_last():
    values = {"a": seeds(1), "b": seeds(0.5), "c": seeds(1), "d": seeds(INF), "e": seeds(INF)}
    middles = [interval.middle for interval in ranks.intervals(values).values()]
    assert middles == [2.5, 1.0, 2.5, 4.5, 4.5]
    assert middles == list(stats.rankdata([1, 0.5, 1, INF, INF]))


def test_rank_intervals_by_hand():
    """Of three samplers with 8 seeds a range covers at 1 - 2^-7 > 1 - 0.05 / 3; b overlaps a, c neither."""
    values = {"a": np.arange(8.0), "b": np.arange(8.0) + 3, "c": np.arange(8.0) + 20}
    by_sampler = ranks.intervals(values)
    assert by_sampler["a"] == Interval(1, 1, 2, 0.95)
    assert by_sampler["b"] == Interval(2, 1, 2, 0.95)
    assert by_sampler["c"] == Interval(3, 3, 3, 0.95)


def test_few_seeds_claim_nothing():
    by_sampler = ranks.intervals({"a": seeds(1, 2, 3), "b": seeds(4, 5, 6)})
    assert by_sampler == {"a": Interval(1, 1, 1, None), "b": Interval(2, 2, 2, None)}


def test_bootstrapped_ranks_have_the_exact_distribution():
    """A bootstrapped median of three values is each of them with probability 7/27, 13/27 and 7/27."""
    bootstrapped = ranks.bootstrapped_ranks({"a": seeds(1, 3, 5), "b": seeds(2, 4, 6)}, 40_000)
    low, middle, high = np.array([7, 13, 7]) / 27
    a_before_b = low + middle * (middle + high) + high * high
    assert np.mean(bootstrapped[:, 0] == 1) == pytest.approx(a_before_b, abs=0.01)
    assert np.all(bootstrapped.sum(axis=1) == 3)


def test_mean_ranks_take_only_targets_with_everyone():
    targets = {
        "t": {"a": seeds(1), "b": seeds(2), "c": seeds(3)},
        "u": {"a": seeds(1), "b": seeds(1), "c": seeds(0)},
        "v": {"a": seeds(9), "b": seeds(1)},
    }
    assert ranks.mean_ranks(targets) == ranks.MeanRanks({"a": 1.75, "b": 2.25, "c": 2.0}, 2)
    assert ranks.mean_ranks({"v": {"a": seeds(9)}, "w": {"b": seeds(1)}}) == ranks.MeanRanks({}, 0)


@pytest.mark.parametrize(("samplers", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_critical_difference_is_demsars_table(samplers, q):
    """Table 5(a) of Demšar (2006), q at 5 % over the square root of 2."""
    expected = q * math.sqrt(samplers * (samplers + 1) / (6 * 14))
    assert ranks.critical_difference(samplers, 14) == pytest.approx(expected, abs=1e-3)


def test_profiles_by_hand():
    targets = {
        "t": Block({"a": seeds(0.001), "b": seeds(0.002)}, {"a": seeds(10), "b": seeds(30)}),
        "u": Block({"a": seeds(0.5), "b": seeds(0.002)}, {"a": seeds(1), "b": seeds(30)}),
        "v": Block({"a": seeds(INF), "b": seeds(0.5)}, {"a": seeds(INF), "b": seeds(30)}),
        "w": Block({"a": seeds(0.001)}, {"a": seeds(0)}),
    }
    profiles = ranks.profiles(targets, 0.01)
    assert list(profiles["a"].ratios) == [1.0]  # on w it spends nothing
    assert (profiles["a"].targets, profiles["a"].share(1.0)) == (3, 1 / 3)
    assert list(profiles["b"].ratios) == [1.0, 3.0]
    assert (profiles["b"].share(2.0), profiles["b"].share(1e9)) == (1 / 3, 2 / 3)


def test_whole_grid():
    by_target = blocks(*rows())
    assert set(by_target) == {"gmm9", "gmm40-2", "funnel-10"}
    metric, cost = by_target["funnel-10"]
    assert list(metric["bridge"]) == list(cost["bridge"]) == [INF] * 3
    assert ranks.intervals(metric)["bridge"] == Interval(5, 5, 5, None)


@pytest.mark.slow
@pytest.mark.parametrize("gap", [1e-6, 0.3, 1.0], ids=str)
@pytest.mark.parametrize(("samplers", "n"), [(5, 10), (10, 10), (10, 20)])
def test_rank_intervals_cover(samplers, n, gap):
    """Lognormal metrics with medians exp(gap i); all ranks at once, which is more than each at a time."""
    noise, times = np.random.default_rng([samplers, n]), 400
    covered = 0
    for _ in range(times):
        draws = np.exp(noise.normal(size=(samplers, n)) + gap * np.arange(samplers)[:, None])
        intervals = ranks.intervals({str(index): seeds for index, seeds in enumerate(draws)}).values()
        assert all(interval.level == 0.95 for interval in intervals)
        covered += all(interval.low <= rank <= interval.high for rank, interval in enumerate(intervals, 1))
    assert covered / times >= 0.95 - 2 * math.sqrt(0.95 * 0.05 / times)
