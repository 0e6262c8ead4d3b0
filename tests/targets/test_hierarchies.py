"""Hierarchical posteriors, against densities written with scipy and integrals done another way."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.special
import scipy.stats

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.sweep.plan import plan
from bridgemark.benchmarks.sweep.presets import PRESETS
from bridgemark.benchmarks.sweep.request import Request
from bridgemark.targets import data, stored
from bridgemark.targets.refused import REFUSED

norm, gamma = scipy.stats.norm, scipy.stats.gamma
BUILDERS = registry.targets()
LIMIT = 5.0  # standard errors: a false alarm of 6e-7 a comparison under the normal law


def table(filename):
    return np.loadtxt(data.FOLDER / filename, delimiter=",", skiprows=1)


def softplus(x):
    return np.logaddexp(0, x)


def log_choice(score, y):
    """Of labels y in {0, 1} with log odds `score`."""
    return np.sum(np.log(scipy.special.expit(np.where(y == 1, score, -score))))


def scaled(x, filename, sd):
    rows = table(filename)
    features, y = rows[:, :-1] / np.std(rows[:, :-1], axis=0), rows[:, -1]
    return norm(0, sd).logpdf(x).sum() + log_choice(x[0] + features @ x[1:], 1 - y)


def seeds(x):
    germinated, planted, kind, extract = table("seeds.csv").T
    tau = np.exp(x[-1])
    score = x[0] + x[1] * kind + x[2] * kind * extract + x[3] * extract + x[4:-1]
    return (
        scipy.stats.binom(planted, scipy.special.expit(score)).logpmf(germinated).sum()
        + norm(0, 10).logpdf(x[:4]).sum()
        + norm(0, tau**-0.5).logpdf(x[4:-1]).sum()
        + gamma(0.01, scale=100).logpdf(tau)
        + x[-1]
    )


def schools(x):
    effect, error = table("eight_schools.csv").T
    tau = np.exp(x[1])
    return (
        norm(x[0] + tau * x[2:], error).logpdf(effect).sum()
        + norm.logpdf(x[2:]).sum()
        + norm(0, 5).logpdf(x[0])
        + scipy.stats.halfcauchy(scale=5).logpdf(tau)
        + x[1]
    )


def brownian(x):
    time, y = table("brownian.csv").T
    step, noise = softplus(x[:2])
    places = np.concatenate([[0.0], x[2:]])
    return (
        scipy.stats.lognorm(2.0).logpdf([step, noise]).sum()
        + np.log(scipy.special.expit(x[:2])).sum()
        + norm(0, step).logpdf(np.diff(places)).sum()
        + norm(places[time.astype(int)], noise).logpdf(y).sum()
    )


def sparse(x):
    rows = table("german_credit.csv")
    features = np.column_stack([scipy.stats.zscore(rows[:, :-1]), np.ones(1000)])
    weights = x[26:] * np.exp(x[1:26]) * np.exp(x[0])
    scales = gamma(0.5, scale=2).logpdf(np.exp(x[:26])).sum() + x[:26].sum()
    return scales + norm.logpdf(x[26:]).sum() + log_choice(features @ weights, rows[:, -1])


def volatility(x):
    share, mean, shock, h = scipy.special.expit(x[0]), x[1], softplus(x[2]), x[3:]
    y = np.diff(table("sp500.csv")[:, 1])
    persistence = 2 * share - 1
    jacobian = np.log(share * (1 - share)) + np.log(scipy.special.expit(x[2]))
    return (
        scipy.stats.beta(20, 1.5).logpdf(share)
        + scipy.stats.cauchy(0, 5).logpdf(mean)
        + scipy.stats.halfcauchy(scale=2).logpdf(shock)
        + jacobian
        + norm(mean, shock / np.sqrt(1 - persistence**2)).logpdf(h[0])
        + norm(mean + persistence * (h[:-1] - mean), shock).logpdf(h[1:]).sum()
        + norm(0, np.exp(h / 2)).logpdf(y - y.mean()).sum()
    )


def item_response(x):
    answers = table("item_response.csv")
    score = x[:400, None] + x[400] - x[401:]
    asked = answers >= 0
    prior = norm.logpdf(x[:400]).sum() + norm.logpdf(x[401:]).sum() + norm(0.75, 1).logpdf(x[400])
    return prior + log_choice(score[asked], answers[asked])


DENSITIES = {
    "credit-25-n10": lambda x: scaled(x, "german_credit.csv", 10),
    "credit-25-n1": lambda x: scaled(x, "german_credit.csv", 1),
    "cancer-31-n10": lambda x: scaled(x, "breast_cancer.csv", 10),
    "seeds-26": seeds,
    "eight-schools-10": schools,
    "brownian-32": brownian,
    "sparse-credit-51": sparse,
    "volatility-103": volatility,
    "item-response-501": item_response,
}


@pytest.mark.parametrize("name", DENSITIES)
def test_density_is_scipys(name, x64):
    target = BUILDERS[name]()
    # Near the middle of the space: far out scipy's probabilities round to one.
    for x in 0.3 * np.random.default_rng(0).standard_normal((3, target.density.dim)):
        np.testing.assert_allclose(target.density.log_prob(jnp.asarray(x)), DENSITIES[name](x), rtol=1e-9)


def test_known_numbers():
    # Known from outside the repository: bad risks of 1,000, malignant tumours, seeds, answers, a crash.
    assert table("german_credit.csv")[:, -1].sum() == 300
    assert table("breast_cancer.csv")[:, -1].sum() == 212
    assert list(table("seeds.csv")[:, :2].sum(axis=0)) == [424, 831]
    assert list(table("eight_schools.csv")[:, 0]) == [28, 8, -3, 7, -1, 1, 18, 12]
    assert np.sum(table("item_response.csv") >= 0) == 30_012
    assert np.isclose(np.min(np.diff(table("sp500.csv")[:, 1])), -324.89, atol=0.01)  # 16 March 2020


def test_the_cancer_data_are_separable_and_the_credit_data_are_not():
    """A linear programme finds weights of margin one, or proves that there are none."""
    for filename, separable in (("breast_cancer.csv", True), ("german_credit.csv", False)):
        rows = table(filename)
        sign = np.where(rows[:, -1] == 1, 1.0, -1.0)
        signed = sign[:, None] * np.column_stack([np.ones(len(sign)), scipy.stats.zscore(rows[:, :-1])])
        bound = {"A_ub": -signed, "b_ub": -np.ones(len(sign)), "bounds": (None, None)}
        found = scipy.optimize.linprog(np.zeros(signed.shape[1]), **bound)
        assert found.success == separable


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_name_says_why_and_what_to_take(name):
    with pytest.raises(BadInput, match=f"{name}.* is refused: .*; take ") as refused:
        plan(Request(preset=PRESETS["smoke"], targets=(name,)))
    assert str(refused.value).rpartition("; take ")[2] in BUILDERS
    assert name not in BUILDERS


def test_brownian_evidence_is_a_kalman_filters():
    """The filter at each pair of scales, and Gauss and Hermite's rule over both, where the posterior lies."""
    time, y = table("brownian.csv").T
    seen = dict(zip(time.astype(int), y, strict=True))
    node, weight = np.polynomial.hermite_e.hermegauss(60)
    centre, width = -2.2, 0.7
    grid = centre + width * node
    log_step, log_noise = np.meshgrid(grid, grid, indexing="ij")
    log_like, mean, variance = np.zeros((60, 60)), np.zeros((60, 60)), np.zeros((60, 60))
    for t in range(1, 31):
        variance = variance + np.exp(2 * log_step)
        if t in seen:
            total = variance + np.exp(2 * log_noise)
            log_like += norm(mean, np.sqrt(total)).logpdf(seen[t])
            mean, variance = (
                mean + variance / total * (seen[t] - mean),
                variance * np.exp(2 * log_noise) / total,
            )
    ratio = norm(0, 2).logpdf(grid) - norm(centre, width).logpdf(grid)
    share = weight / weight.sum()
    evidence = share @ np.exp(log_like + ratio[:, None] + ratio) @ share
    assert np.isclose(np.log(evidence), BUILDERS["brownian-32"]().log_z.value, atol=1e-3)


def test_schools_reference_is_a_quadrature():
    """The schools given the spread are Gaussian, and so is the mean effect: one integral is left."""
    effect, error = table("eight_schools.csv").T

    def density(log_tau, power):
        variance = error**2 + np.exp(2 * log_tau)
        law = scipy.stats.multivariate_normal(np.zeros(8), np.diag(variance) + 25.0)
        prior = scipy.stats.halfcauchy(scale=5).pdf(np.exp(log_tau)) * np.exp(log_tau)
        return law.pdf(effect) * prior * log_tau**power

    moments = [
        scipy.integrate.quad(density, -30, 12, args=(k,), epsabs=1e-18, limit=200)[0] for k in range(3)
    ]
    truth = stored.log_z("eight-schools-10")
    assert abs(np.log(moments[0]) - truth.value) < LIMIT * truth.standard_error < 0.1
    for statistic, moment in zip(BUILDERS["eight-schools-10"]().statistics, moments[1:], strict=True):
        assert abs(statistic.mean[1] - moment / moments[0]) < LIMIT * statistic.standard_error[1]
