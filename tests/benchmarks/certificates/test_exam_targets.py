"""Targets of exams have the truths that are stated: by quadrature, exact draws and Gaussian algebra."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from bridgemark.benchmarks.certificates.exam import draw_exam
from bridgemark.benchmarks.certificates.exam_targets import TAIL, draw_mixed, draw_posterior
from bridgemark.benchmarks.certificates.laws import log_gamma, normal, student_t, two_normals

LAWS = {
    "normal": normal(1),
    "log gamma": log_gamma(np.array([1.3])),
    "Student": student_t(np.array([11.0])),
    "two normals": two_normals(np.array([1.4]), np.array([0.35])),
}
SEEDS = (0, 1, 2)


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_normalised_and_standardised(name, x64):
    law = LAWS[name]
    density = jax.jit(lambda z: jnp.exp(law.log_density_standardised(z[None])))
    threshold = law.quantile_standardised(1 - TAIL)[0]

    def expectation(function):
        return integrate.quad(
            lambda z: function(z) * density(z), -60, 40, points=[-1, 0, 1, threshold], limit=400
        )[0]

    moments = [expectation(lambda z, power=power: z**power) for power in range(5)]
    np.testing.assert_allclose(moments[:3], [1, 0, 1], atol=1e-6)
    np.testing.assert_allclose(moments[4], law.kurtosis[0], rtol=1e-5)
    np.testing.assert_allclose(expectation(lambda z: float(z > threshold)), TAIL, rtol=1e-5)


@pytest.mark.parametrize("name", LAWS)
def test_draws_of_a_law_have_its_density(name):
    """A Kolmogorov-Smirnov test of 20,000 draws against the integrated density, at level 1e-5."""
    law, grid = LAWS[name], np.linspace(-40, 20, 60_001)
    density = np.exp(jax.vmap(lambda z: law.log_density_standardised(z[None]))(jnp.asarray(grid)))
    cumulated = np.concatenate([[0], integrate.cumulative_trapezoid(density, grid)])
    z = np.asarray(law.draw_standardised(jax.random.key(0), 20_000))[:, 0]
    assert stats.kstest(z, lambda points: np.interp(points, grid, cumulated)).pvalue > 1e-5


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("dim", [None, 1, 2, 7, 32])
def test_exact_draws_have_the_stated_expectations(seed, dim):
    """50,000 draws; each of the at most 100 means at a level of 1e-6, and sds within a tenth."""
    noise = np.random.default_rng(seed)
    target = draw_posterior(noise) if dim is None else draw_mixed(noise, dim)
    x = target.sample(jax.random.key(seed), 50_000)
    for statistic in target.statistics:
        values = np.asarray(jax.vmap(statistic.fn)(x), float)
        scores = (np.mean(values, axis=0) - statistic.mean) / statistic.sd * np.sqrt(len(x))
        assert np.all(np.abs(scores) < stats.norm.isf(5e-7))
        np.testing.assert_allclose(np.std(values, axis=0), statistic.sd, rtol=0.1)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_constant_of_a_mixed_target_is_its_integral(seed, x64):
    one, two = (draw_mixed(np.random.default_rng(seed), dim) for dim in (1, 2))
    base = one.density.base
    line = base.loc[0] + base.scale[0] * np.linspace(-25, 25, 20_001)
    density = np.exp(jax.vmap(one.density.log_prob)(jnp.asarray(line)[:, None]))
    np.testing.assert_allclose(np.log(integrate.trapezoid(density, line)), one.log_z.value, rtol=1e-6)
    base, steps = two.density.base, np.linspace(-20, 20, 1_001)
    sides = [loc + scale * steps for loc, scale in zip(base.loc, base.scale, strict=True)]
    plane = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1)
    density = np.exp(jax.vmap(jax.vmap(two.density.log_prob))(jnp.asarray(plane)))
    integral = integrate.trapezoid(integrate.trapezoid(density, sides[1]), sides[0])
    np.testing.assert_allclose(np.log(integral), two.log_z.value, atol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_posterior_is_gaussian_with_its_evidence(seed, x64):
    """log gamma(x) = log Z + log N(z(x); 0, I) + log |det dz/dx| at every x, where z is its first statistic.

    The joint is the prior times the likelihood, and simulations have the likelihood's mean and variance.
    """
    target = draw_posterior(np.random.default_rng(seed))
    density, dim = target.density, target.density.dim
    z = target.statistics[0].fn
    for x in density.base.sample(jax.random.key(seed), 5):
        log_det = np.linalg.slogdet(jax.jacobian(z)(x))[1]
        log_normal = np.sum(stats.norm.logpdf(z(x)))
        np.testing.assert_allclose(density.log_prob(x), target.log_z.value + log_normal + log_det, rtol=1e-9)
        np.testing.assert_allclose(density.log_prob(x), density.base.log_prob(x) + density.log_likelihood(x))
        np.testing.assert_allclose(density.joint.log_prob(x, density.y), density.log_prob(x))
    x = density.base.loc
    y = np.asarray(
        jax.vmap(lambda key: density.joint.simulate(key, x))(jax.random.split(jax.random.key(1), 4_000))
    )
    mode = jax.grad(lambda y: density.joint.log_likelihood(x, y))(jnp.asarray(np.mean(y, axis=0)))
    curvature = jax.hessian(lambda y: density.joint.log_likelihood(x, y))(jnp.asarray(y[0]))
    assert dim == density.joint.dim
    np.testing.assert_allclose(mode / np.sqrt(-np.diag(curvature)), 0, atol=5 / np.sqrt(len(y)))
    np.testing.assert_allclose(np.var(y, axis=0), -1 / np.diag(curvature), rtol=0.15)


def test_an_exam_is_repeated_by_its_seed_and_another_by_every_other():
    def described(seed):
        questions = vars(draw_exam(seed)).values()
        return [
            (question.target.density.dim, question.draws, float(question.target.log_z.value))
            for question in questions
        ]

    assert described(3) == described(3)
    others = [described(seed) for seed in range(20)]
    assert len({str(exam) for exam in others}) == 20
    dims = {exam[-1][0] for exam in others}
    assert min(dims) >= 16
    assert max(dims) <= 32
    assert len(dims) > 5
