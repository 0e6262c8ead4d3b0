"""Ranks, mean ranks and profiles: worked by hand, against scipy and published tables, and by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from bridgemark.benchmarks.analysis import ranks, tables
from bridgemark.benchmarks.analysis.statistics import Interval

from support.synthetic_rows import failed, row, rows

INF = math.inf


def made(metric, sampler="smc", target="gmm9", seed=0, **changes):
    return row(sampler, target, seed, metrics={"bias2_x_max": metric}, **changes)


def seeds(*values):
    return np.array(values, dtype=float)


def blocks(*records, metrics=("bias2_x_max",)):
    return ranks.blocks(tables.frame(records), *metrics)


def test_failed_is_worst_unsupported_and_meaningless_are_left_out():
    lost = [failed("timeout", sampler="dds", seed=0), failed("unsupported", sampler="hmc", seed=0)]
    found = blocks(made(0.1), made(math.nan, seed=1), made(None, "nuts"), *lost)
    (values,) = found["gmm9"]
    assert {name: list(own) for name, own in values.items()} == {"smc": [0.1, INF], "dds": [INF]}


def test_the_failure_of_a_sampler_that_never_offers_the_metric_is_no_rank():
    made_rows = [made(None, "nuts"), failed("failed", sampler="nuts", target="funnel-10"), made(0.1)]
    assert all("nuts" not in values for (values,) in blocks(*made_rows).values())


def test_settings_are_ranked_apart_and_told_apart():
    assert set(blocks(made(0.1), made(0.2, draws=7))) == {"gmm9 (draws 10000)", "gmm9 (draws 7)"}
    assert blocks(made(0.1), metrics=("unheard_of",)) == {}


def test_ties_share_ranks_and_failures_the_last():
    values = {"a": seeds(1), "b": seeds(0.5), "c": seeds(1), "d": seeds(INF), "e": seeds(INF)}
    middles = [one.middle for one in ranks.intervals(values).values()]
    assert middles == [2.5, 1.0, 2.5, 4.5, 4.5]
    assert middles == list(stats.rankdata([1, 0.5, 1, INF, INF]))


def test_rank_intervals_by_hand():
    """Of three samplers with 8 seeds a range covers at 1 - 2^-7 > 1 - 0.05 / 3; b overlaps a, c neither."""
    values = {"a": np.arange(8.0), "b": np.arange(8.0) + 3, "c": np.arange(8.0) + 20}
    found = ranks.intervals(values)
    assert found["a"] == Interval(1, 1, 2, 0.95)
    assert found["b"] == Interval(2, 1, 2, 0.95)
    assert found["c"] == Interval(3, 3, 3, 0.95)


def test_few_seeds_claim_nothing():
    found = ranks.intervals({"a": seeds(1, 2, 3), "b": seeds(4, 5, 6)})
    assert found == {"a": Interval(1, 1, 1, None), "b": Interval(2, 2, 2, None)}


def test_resampled_ranks_are_those_of_scipys_bootstrap_of_the_median():
    """P(a before b) by the exact law of a bootstrapped median of three: 7/27, 13/27, 7/27."""
    found = ranks.resampled({"a": seeds(1, 3, 5), "b": seeds(2, 4, 6)}, 40_000)
    law = np.array([7, 13, 7]) / 27
    first = law[0] + law[1] * (law[1] + law[2]) + law[2] * law[2]
    assert np.mean(found[:, 0] == 1) == pytest.approx(first, abs=0.01)
    assert np.all(found.sum(axis=1) == 3)


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
        "t": [{"a": seeds(0.001), "b": seeds(0.002)}, {"a": seeds(10), "b": seeds(30)}],
        "u": [{"a": seeds(0.5), "b": seeds(0.002)}, {"a": seeds(1), "b": seeds(30)}],
        "v": [{"a": seeds(INF), "b": seeds(0.5)}, {"a": seeds(INF), "b": seeds(30)}],
        "w": [{"a": seeds(0.001)}, {"a": seeds(0)}],
    }
    found = ranks.profiles(targets, 0.01)
    assert list(found["a"].ratios) == [1.0]  # on w it spends nothing
    assert (found["a"].targets, found["a"].share(1.0)) == (3, 1 / 3)
    assert list(found["b"].ratios) == [1.0, 3.0]
    assert (found["b"].share(2.0), found["b"].share(1e9)) == (1 / 3, 2 / 3)


def test_whole_grid():
    found = blocks(*rows(), metrics=("bias2_x_max", "spent"))
    assert set(found) == {"gmm9", "gmm40-2", "funnel-10"}
    metric, cost = found["funnel-10"]
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
        found = ranks.intervals({str(place): own for place, own in enumerate(draws)})
        assert all(one.level == 0.95 for one in found.values())
        covered += all(one.low <= place + 1 <= one.high for place, one in enumerate(found.values()))
    assert covered / times >= 0.95 - 2 * math.sqrt(0.95 * 0.05 / times)
