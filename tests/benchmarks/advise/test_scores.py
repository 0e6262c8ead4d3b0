"""Scores without a truth: tail effective size, identities, tails, errors and agreement in closed form."""

import arviz
import numpy as np
import pytest
import scipy.stats

from bridgemark.benchmarks.advise import family_draws
from bridgemark.benchmarks.advise.agreement import compare, summarise
from bridgemark.benchmarks.advise.errors_of_means import error_of_means
from bridgemark.benchmarks.advise.family_scores import equally_likely, ess_tail, tail_shape
from bridgemark.benchmarks.advise.identities import stein_identities
from bridgemark.benchmarks.advise.log_z import judge_log_z, sees_more_mass
from bridgemark.benchmarks.advise.unvisited import unvisited_by
from bridgemark.benchmarks.scores.evidence import Estimate
from bridgemark.benchmarks.scores.weighted_sample import WeightedSample, equally_weighted

from support.family_draws import chains, four_families, weighted


def log_normal(x):
    return -0.5 * (x @ x)


def draw_normal(rng, n):
    return rng.standard_normal((n, 2))


def autoregression(rng, correlation, repeats=1, length=1_000):
    """Four chains (4, length, repeats) of N(0, 1) with this correlation of neighbours."""
    x = rng.standard_normal((4, length, repeats))
    for k in range(1, length):
        x[:, k] = correlation * x[:, k - 1] + np.sqrt(1 - correlation**2) * x[:, k]
    return x


def test_tail_effective_size_is_that_of_arviz():
    x = autoregression(np.random.default_rng(0), 0.7, repeats=3)
    expected = [arviz.ess(x[..., k], method="tail") for k in range(3)]
    np.testing.assert_allclose(ess_tail(x), expected, rtol=1e-6)


@pytest.mark.parametrize("correlation", [0.0, 0.95])
def test_errors_know_the_autocorrelation(correlation):
    """The error is at least 0.8 and at most 1.6 times the deviation of the mean of a hundred repeats."""
    x = autoregression(np.random.default_rng(1), correlation, repeats=100)
    errors = error_of_means(chains(log_normal, x), x.reshape(-1, 100))
    deviation = np.std(x.mean(axis=(0, 1)))
    # A deviation of 100 values errs by 7 %, so that the limits are three errors away.
    assert 0.8 < np.median(errors) / deviation < 1.6


def test_errors_of_weighted_draws_are_the_deviation_of_repeats():
    rng = np.random.default_rng(2)
    means, errors = [], []
    for _ in range(100):
        x, log_weights = rng.standard_normal((500, 1)), 0.5 * rng.standard_normal(500)
        family = weighted(log_normal, x, log_weights)
        means.append(family.weighted_sample().weights @ x)
        errors.append(error_of_means(family, x))
    assert 0.8 < np.mean(errors) / np.std(means) < 1.25


def test_the_identities_of_right_draws_hold_in_all_coordinates():
    factor = np.array([[1.0, 0.0], [0.999, 0.01]])
    precision = np.linalg.inv(factor @ factor.T)
    family = four_families(
        lambda x: -0.5 * (x @ precision @ x), lambda rng, n: rng.standard_normal((n, 2)) @ factor.T
    )
    for draws in family.values():
        identities = stein_identities(draws)
        # The limit is exceeded with probability 1e-4 for each of four families.
        assert identities.worst < identities.limit
        assert identities.largest_error < 0.1


def test_draws_of_a_wider_density_break_an_identity():
    family = four_families(log_normal, lambda rng, n: 1.2 * draw_normal(rng, n))["nuts"]
    identities = stein_identities(family)
    assert identities.worst > identities.limit
    assert identities.name == "E[x . grad log p] = -dim"


def test_the_shape_of_a_tail_is_that_of_student():
    rng = np.random.default_rng(3)
    for degrees in (1, 2, 4):
        x = scipy.stats.t.rvs(degrees, size=(8_000, 1), random_state=rng)
        # The fit to 268 draws errs by (1 + 1 / degrees) / 16, and the prior moves it by 0.02.
        assert tail_shape(equally_weighted(x)) == pytest.approx(1 / degrees, abs=0.35)
    assert tail_shape(equally_weighted(rng.standard_normal((8_000, 1)))) < 0.2


def test_draws_of_equal_weight_have_the_shares_of_their_weights():
    sample = WeightedSample(np.arange(3.0)[:, None], np.array([0.5, 0.2, 0.3]))
    assert np.bincount(equally_likely(sample, 1_000)[:, 0].astype(int)).tolist() == [500, 200, 300]


def test_summaries_are_the_moments_and_quantiles():
    family = four_families(lambda x: log_normal(x - 1.0), lambda rng, n: 1.0 + draw_normal(rng, n))["nuts"]
    values, errors = summarise(family)
    exact = np.array([1.0, 1.0, *scipy.stats.norm.ppf([0.05, 0.5, 0.95], 1.0)])[:, None]
    # Ten normal comparisons at five standard errors: a false alarm of 6e-6.
    assert np.all(np.abs(values - exact) < 5 * errors)
    assert np.all(errors < 0.06)


def test_few_draws_confirm_nothing_and_contradict_nothing():
    families = four_families(log_normal, draw_normal)
    few = weighted(log_normal, draw_normal(np.random.default_rng(4), 20), np.zeros(20))
    assert compare(summarise(families["nuts"]), summarise(few)).agree is None
    assert compare(summarise(families["nuts"]), summarise(families["dds"])).agree is True
    shifted = families["dds"]._replace(draws=families["dds"].draws._replace(x=families["dds"].draws.x + 0.3))
    assert compare(summarise(families["nuts"]), summarise(shifted)).agree is False


def test_points_of_high_density_elsewhere_are_counted():
    families = four_families(log_normal, draw_normal)
    assert unvisited_by(families["nuts"], families["dds"]) == 0
    elsewhere = weighted(lambda x: log_normal(x - 50.0), np.full((3, 2), 50.0), np.zeros(3))
    assert unvisited_by(families["nuts"], elsewhere) == 3
    low = weighted(log_normal, np.full((3, 2), 50.0), np.zeros(3))
    assert unvisited_by(families["nuts"], low) == 0


def test_log_z_needs_a_second_precise_estimate():
    good, vague = Estimate(1.0, 0.01), Estimate(1.2, 0.5)
    assert judge_log_z({"nuts": good, "smc": Estimate(1.02, 0.01)}).trusted
    assert not judge_log_z({"nuts": good, "smc": vague}).trusted
    assert not judge_log_z({"nuts": good, "smc": vague}).contradicted
    assert judge_log_z({"nuts": good, "smc": Estimate(1.1, 0.01)}).contradicted
    assert judge_log_z({"nuts": None}).value is None
    assert judge_log_z({"nuts": Estimate(1.0, 1e-16), "smc": Estimate(1.0 + 1e-9, 1e-16)}).trusted


def test_only_far_more_mass_counts_against_draws():
    assert sees_more_mass(Estimate(6.0, 0.5), Estimate(1.0, 0.1))
    assert not sees_more_mass(Estimate(2.0, 0.1), Estimate(1.0, 0.1))
    assert not sees_more_mass(Estimate(-6.0, 0.1), Estimate(1.0, 0.1))
    assert not sees_more_mass(None, Estimate(1.0, 0.1))


def test_draws_are_read_as_they_were_written(tmp_path):
    for name, family in four_families(log_normal, draw_normal, log_z=2.0).items():
        family_draws.save(tmp_path / f"{name}.npz", family)
        again = family_draws.load(tmp_path / f"{name}.npz")
        np.testing.assert_equal(again, family)
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(ValueError, match="allow_pickle"):
        family_draws.load(tmp_path / "text.npz")
