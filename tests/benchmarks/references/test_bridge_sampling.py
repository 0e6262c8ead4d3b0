"""Bridge sampling: closed forms, the stated error against the deviation of repeats, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from bridgemark.benchmarks.references import bridge_sampling

LIMIT = 5.0  # standard errors: a normal variable exceeds them with probability 6e-7
LOG_Z = 2.5


def log_student(x):
    """A product of t distributions of 7 degrees, times e^LOG_Z: its tails are heavier than any Gaussian's."""
    return LOG_Z + jnp.sum(jax.scipy.stats.t.logpdf(x, 7.0))


def chains(rng, correlation=0.0, length=2_000, dim=3):
    """Eight chains (8, length, dim) with Student's margins: an autoregression of normals, transformed."""
    z = rng.standard_normal((8, length, dim))
    for k in range(1, length):
        z[:, k] = correlation * z[:, k - 1] + np.sqrt(1 - correlation**2) * z[:, k]
    return scipy.stats.t.ppf(scipy.stats.norm.cdf(z), 7.0)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_the_error_of_a_bridge_is_the_deviation_of_repeats(correlation):
    """Of fifty repeats, the mean is log Z and the standard deviation the stated error."""
    rng, n = np.random.default_rng(0), 50
    proposal = scipy.stats.norm(0.0, 1.3)

    def log_ratio(x):
        return LOG_Z + np.sum(scipy.stats.t.logpdf(x, 7.0) - proposal.logpdf(x), axis=-1)

    estimates = []
    for _ in range(n):
        at_drawn = log_ratio(chains(rng, correlation, 400))
        at_proposed = log_ratio(proposal.rvs((3_200, 3), random_state=rng))
        estimates.append(bridge_sampling.optimal_bridge(at_drawn, at_proposed))
    values, errors, _ = np.array(estimates).T
    assert abs(np.mean(values) - LOG_Z) < LIMIT * np.std(values) / np.sqrt(n)
    # The ratio of a deviation of 50 values to the true one is chi / 7: beyond [0.6, 1.5] with chance 1e-5.
    assert 0.6 < np.std(values, ddof=1) / np.mean(errors) < 1.5


def test_a_gaussian_fitted_to_other_chains_is_a_proposal():
    x = chains(np.random.default_rng(4), correlation=0.5)
    estimate = bridge_sampling.estimate_log_z(jax.random.key(0), log_student, x)
    assert abs(estimate.value - LOG_Z) < LIMIT * estimate.standard_error < 0.05


def test_a_perfect_proposal_has_no_error():
    ratio = np.full((4, 100), LOG_Z) + 1e-9 * np.random.default_rng(1).standard_normal((4, 100))
    estimate = bridge_sampling.optimal_bridge(ratio, ratio.ravel())
    np.testing.assert_allclose(estimate[:2], (LOG_Z, 0.0), atol=1e-8)


def test_a_point_outside_the_target_counts_as_a_zero():
    """A Gaussian proposal on a half line: half of its draws weigh nothing, and so log Z = log 1/2."""
    rng = np.random.default_rng(2)
    proposed = np.where(rng.standard_normal(200_000) > 0, 0.0, -np.inf)
    drawn = 1e-9 * rng.standard_normal((4, 2_000))
    estimate = bridge_sampling.optimal_bridge(drawn, proposed)
    assert abs(estimate.value - np.log(0.5)) < LIMIT * estimate.standard_error < 0.05


def test_chains_halved_in_another_way_give_another_estimate_of_the_same_number():
    x = chains(np.random.default_rng(4), correlation=0.5)
    first = bridge_sampling.estimate_log_z(jax.random.key(0), log_student, x)
    again = bridge_sampling.reshuffled_log_z(jax.random.key(0), log_student, x)
    assert 0 < abs(first.value - again.value) < LIMIT * np.hypot(first.standard_error, again.standard_error)


@pytest.mark.parametrize(("scale", "trusted"), [(1.3, True), (0.25, False)])
def test_a_proposal_that_misses_the_tails_has_a_large_pareto_k(scale, trusted):
    """Of a Gaussian four times too narrow few draws reach where the target lies in nine dimensions."""
    rng, dim = np.random.default_rng(5), 9
    proposal = scipy.stats.norm(0.0, scale)
    drawn, proposed = chains(rng, length=400, dim=dim), proposal.rvs((3_200, dim), random_state=rng)
    ratios = [np.sum(scipy.stats.t.logpdf(x, 7.0) - proposal.logpdf(x), axis=-1) for x in (drawn, proposed)]
    assert (bridge_sampling.optimal_bridge(*ratios).pareto_k < 0.7) is trusted


def test_a_chain_that_stands_still_is_refused():
    x = chains(np.random.default_rng(6))
    x[1] = x[1, 0]
    with pytest.raises(ValueError, match="1 of 4 stand still; run them longer"):
        bridge_sampling.estimate_log_z(jax.random.key(0), log_student, x)


def test_a_draw_of_density_zero_is_refused():
    ratio = np.random.default_rng(7).standard_normal((4, 100))
    ratio[2, 5] = -np.inf
    with pytest.raises(ValueError, match="the density of some draws is not finite"):
        bridge_sampling.optimal_bridge(ratio, ratio[:2].ravel())


def test_too_few_draws_for_a_gaussian_are_refused():
    x = chains(np.random.default_rng(3), length=10)
    with pytest.raises(ValueError, match="40 draws are too few for 3 dimensions"):
        bridge_sampling.estimate_log_z(jax.random.key(0), log_student, x)
