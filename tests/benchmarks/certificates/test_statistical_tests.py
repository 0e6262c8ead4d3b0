"""Statistical tests have the level and the power that they state, on replicates made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from bridgemark.benchmarks.certificates.biases import LEVEL, estimate_biases, is_settled
from bridgemark.benchmarks.certificates.exam_targets import draw_mixed
from bridgemark.benchmarks.certificates.replicates import Replicates
from bridgemark.benchmarks.certificates.statistical_tests import (
    NotJudged,
    ess_not_overstated,
    independent,
    resolved,
    unbiased,
)

TARGET = draw_mixed(np.random.default_rng(0), 3)
K = sum(len(statistic.mean) for statistic in TARGET.statistics)
DRAWS = 400  # of each set


def independent_sets(noise, sets=200, bias=0.0, inflation=1.0, log_weight_sd=None, claims=True):
    """Means of sets of independent draws; their variance is `inflation` times what it should be."""
    means = bias + np.sqrt(inflation / DRAWS) * noise.standard_normal((sets, 1, K))
    log_weights = ratios = None
    if log_weight_sd is not None:
        sd = log_weight_sd
        log_weights = sd * noise.standard_normal((sets, DRAWS)) - sd**2 / 2 + TARGET.log_z.value
        ratios = np.exp(log_weights - TARGET.log_z.value)
    return Replicates(
        target=TARGET,
        chains=DRAWS,
        errors=means,
        variances=np.ones((sets, K)) * noise.chisquare(DRAWS - 1, (sets, K)) / (DRAWS - 1),
        largest=np.full((sets, K), 4.0),
        z_ratios=None if ratios is None else np.mean(ratios, axis=1)[:, None],
        largest_ratio=None if ratios is None else np.max(ratios, axis=1),
        log_weights=log_weights,
        log_sizes=log_weights,
        log_z=None,
        ess=None,
        claims_unbiased_z=claims,
    )


def chains_of_sets(noise, correlation, sets=400, chains=4, ess=None):
    """Means of four chains, whose sets follow each other as an autoregression of this correlation."""
    shocks = np.sqrt(1 - correlation**2) * noise.standard_normal((sets, chains, K))
    shocks[0] /= np.sqrt(1 - correlation**2)
    means = np.empty_like(shocks)
    means[0] = shocks[0]
    for position in range(1, sets):
        means[position] = correlation * means[position - 1] + shocks[position]
    means /= np.sqrt(DRAWS)
    variances = np.var(means, axis=1, ddof=1)
    reported = None if ess is None else np.full((sets, 3), ess)
    largest = np.max(np.abs(means), axis=1)
    return Replicates(TARGET, chains, means, variances, largest, None, None, None, None, None, reported)


def seen(test, replicates):
    try:
        return test(replicates) is not None
    except NotJudged:
        return False


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9, 0.98])
def test_correct_chains_pass_however_slow(correlation):
    """150 experiments of two tests at level LEVEL each: three alarms are rarer than one in a thousand."""
    alarms = 0
    for seed in range(150):
        replicates = chains_of_sets(np.random.default_rng(seed), correlation)
        alarms += seen(unbiased, replicates) + seen(independent, replicates)
    assert 2 * 150 * LEVEL < 0.25
    assert alarms <= 2


@pytest.mark.parametrize("log_weight_sd", [None, 0.5])
def test_correct_independent_draws_pass(log_weight_sd):
    alarms = 0
    for seed in range(150):
        replicates = independent_sets(np.random.default_rng(seed), log_weight_sd=log_weight_sd)
        alarms += seen(unbiased, replicates) + seen(independent, replicates)
    assert alarms <= 2


def test_what_is_said_to_be_resolved_is_seen_nine_times_in_ten():
    """Of 200 experiments between 165 and 195, at a level of 1e-3, see a bias that is just resolved."""
    size = estimate_biases(independent_sets(np.random.default_rng(0), sets=800)).resolved
    count = 0
    for seed in range(200):
        replicates = independent_sets(np.random.default_rng(1 + seed), sets=800)
        errors = replicates.errors.copy()
        errors[..., 0] += np.mean(size)
        count += seen(unbiased, replace(replicates, errors=errors))
    assert 165 <= count <= 195


@pytest.mark.parametrize(("inflation", "words"), [(2.0, "vary"), (0.5, "vary"), (1.0, None)])
def test_copies_and_reflections_are_not_independent(inflation, words):
    complaint = independent(independent_sets(np.random.default_rng(0), inflation=inflation))
    assert (words in complaint) if words else complaint is None


def test_a_consistent_estimate_of_z_may_be_a_little_off_and_an_unbiased_one_not():
    noise = np.random.default_rng(0)
    replicates = independent_sets(noise, sets=1_000, log_weight_sd=0.5)
    spread = np.std(replicates.z_ratios)
    shifted = replace(
        replicates, z_ratios=replicates.z_ratios + 0.2 * spread, log_z=np.log(replicates.z_ratios)
    )
    assert "w / Z" in unbiased(shifted)
    assert unbiased(replace(shifted, claims_unbiased_z=False)) is None
    far = replace(shifted, z_ratios=replicates.z_ratios + 0.5 * spread, claims_unbiased_z=False)
    assert "w / Z" in unbiased(far)


def test_discretisation_is_allowed_up_to_a_limit_and_said():
    replicates = independent_sets(np.random.default_rng(0), bias=0.05)
    inexact = replace(replicates, claims_exactness=False)
    assert unbiased(replicates) is not None
    assert unbiased(inexact) is None
    with pytest.raises(NotJudged, match="as much is allowed where no exactness is claimed"):
        resolved(inexact)
    assert unbiased(replace(inexact, errors=inexact.errors + 0.1)) is not None


def test_chains_that_hardly_move_are_not_judged():
    replicates = chains_of_sets(np.random.default_rng(0), 0.999)
    for test in (unbiased, independent, resolved):
        with pytest.raises(NotJudged, match="too slow"):
            test(replicates)
    assert not is_settled(replicates)
    still = replace(replicates, errors=np.broadcast_to(replicates.errors[:1], replicates.errors.shape))
    with pytest.raises(NotJudged, match="too slow"):
        unbiased(still)


def test_an_overstated_effective_size_is_seen():
    """Sets of 400 independent draws are worth 400 a chain: 1,600."""
    honest = chains_of_sets(np.random.default_rng(0), 0.0, ess=1_600.0)
    assert ess_not_overstated(honest) is None
    assert "overstated" in ess_not_overstated(replace(honest, ess=8 * honest.ess))


def test_heavy_weights_are_judged_by_their_mean_alone():
    noise = np.random.default_rng(0)
    replicates = independent_sets(noise, log_weight_sd=4.0)
    with pytest.raises(NotJudged, match="too heavy"):
        unbiased(replicates)
    assert "the mean of w / Z is" in unbiased(replace(replicates, z_ratios=2_000 + replicates.z_ratios))
    assert is_settled(replicates)
    light = independent_sets(noise, log_weight_sd=0.5)
    assert not light.has_heavy_tail()
    assert replace(light, log_sizes=8 * light.log_weights).has_heavy_tail()
    broken = replicates.errors.copy()
    broken[3] = np.nan
    assert unbiased(replace(replicates, errors=broken)) == "draws or weights are not finite"
