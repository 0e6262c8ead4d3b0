"""Targets with exact truths, or by quadrature, against their definitions written down a second time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.spatial
import scipy.stats

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.scores.distances import TRANSPORT, distances
from bridgemark.benchmarks.scores.weighted_sample import equally_weighted
from bridgemark.benchmarks.scores.yardstick import yardstick_of
from bridgemark.targets import data

BUILDERS = registry.targets()


def values(name, x):
    return jax.vmap(BUILDERS[name]().density.log_prob)(jnp.asarray(x))


def points(dim, scale=1.0):
    return scale * np.random.default_rng(0).standard_normal((5, dim))


def statistic(target, name):
    return next(each for each in target.statistics if each.name == name)


def test_ill_conditioned_gaussian_is_scipys(x64):
    target, x = BUILDERS["ill-gaussian-100"](), points(100)
    rotation = np.linalg.qr(np.loadtxt(data.FOLDER / "rotation_100.csv", delimiter=",", skiprows=1))[0]
    law = scipy.stats.multivariate_normal(cov=rotation @ np.diag(np.geomspace(1, 1e-3, 100)) @ rotation.T)
    assert np.isclose(np.linalg.cond(law.cov), 1000)
    np.testing.assert_allclose(values(target.name, x) - target.log_z.value, law.logpdf(x), rtol=1e-9)
    np.testing.assert_allclose(statistic(target, "x").sd ** 2, np.diag(law.cov), rtol=1e-9)


@pytest.mark.parametrize("dim", [2, 50])
def test_student_mixture_is_scipys(dim, x64):
    target, x = BUILDERS[f"mos10-{dim}"](), points(dim, 20.0)
    means = np.loadtxt(data.FOLDER / f"mos10_{dim}_means.csv", delimiter=",", skiprows=1)
    assert np.all(np.abs(means) < 10)
    logs = scipy.stats.t(2).logpdf(x[:, None] - means).sum(axis=2)
    expected = scipy.special.logsumexp(logs, axis=1) - np.log(10)
    np.testing.assert_allclose(values(target.name, x), expected, rtol=1e-10)
    below, above = statistic(target, "tails").mean.reshape(2, dim)
    np.testing.assert_allclose(below, scipy.stats.t(2).cdf(-20 - means).mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(above, scipy.stats.t(2).sf(20 - means).mean(axis=0), rtol=1e-9)

    def squash(t):
        return scipy.stats.t(2).pdf(t) * (t + means) / np.sqrt(2 + (t + means) ** 2)

    squashed = scipy.integrate.quad_vec(squash, -np.inf, np.inf, epsabs=1e-9)[0].mean(axis=0)
    np.testing.assert_allclose(statistic(target, "x").mean, squashed, atol=1e-7)


def test_without_a_variance_no_transport_distance_is_given():
    target = BUILDERS["mos10-2"]()
    x = np.asarray(target.sample(jax.random.key(0), 100), dtype=float)
    exact = yardstick_of(target, 100).exact_sample(jax.random.key(1))
    values = distances(equally_weighted(x), exact)
    assert all(values[name] is None for name in TRANSPORT)
    assert np.isfinite(values["mmd2"])


def test_rosenbrock_is_scipys(x64):
    x = points(2, 3.0)
    np.testing.assert_allclose(values("rosenbrock-2", x), -scipy.optimize.rosen(x.T) / 20, rtol=1e-10)
    banana = BUILDERS["banana-2"]()
    normal = scipy.stats.norm.logpdf
    expected = normal(x[:, 0], scale=10) + normal(x[:, 1], 0.03 * (x[:, 0] ** 2 - 100))
    np.testing.assert_allclose(values("banana-2", x), expected, rtol=1e-10)
    np.testing.assert_allclose(statistic(banana, "x").sd ** 2, [100, 1 + 0.03**2 * 2e4], rtol=1e-10)


def integral(energy, low=-8.0):
    return scipy.integrate.quad(lambda x: np.exp(-energy(x)), low, 8, points=[-2, 0, 2], epsabs=1e-10)[0]


def test_pairs_of_wells_are_as_published(x64):
    target, x = BUILDERS["manywell-32"](), points(32, 2.0)

    def well(x):
        return x**4 - 6 * x**2 - x / 2

    expected = -np.sum(well(x[:, ::2]) + x[:, 1::2] ** 2 / 2, axis=1)
    np.testing.assert_allclose(values(target.name, x), expected, rtol=1e-10)
    assert np.isclose(integral(well), 11784.5093, atol=1e-3)
    assert np.isclose(target.log_z.value, 164.6957, atol=5e-5)
    mass = integral(well, low=0.0) / integral(well)
    np.testing.assert_allclose(statistic(target, "positive").mean, mass, rtol=1e-7)


@pytest.mark.parametrize(("dim", "depth"), [(5, 4.0), (50, 2.0)])
def test_multiple_wells_are_as_defined(dim, depth, x64):
    target, x = BUILDERS[f"manywell-{dim}"](), points(dim, 2.0)

    def well(x):
        return (x**2 - depth) ** 2

    expected = -np.sum(well(x[:, :5]), axis=1) - np.sum(x[:, 5:] ** 2, axis=1) / 2
    np.testing.assert_allclose(values(target.name, x), expected, rtol=1e-10)
    log_z = 5 * np.log(integral(well)) + (dim - 5) / 2 * np.log(2 * np.pi)
    assert np.isclose(target.log_z.value, log_z, rtol=1e-9)
    np.testing.assert_allclose(statistic(target, "positive").mean, 0.5, rtol=1e-9)


@pytest.mark.parametrize("dim", [8, 128])
def test_two_modes_are_scipys(dim, x64):
    target = BUILDERS[f"twomodes-{dim}"]()
    x = np.concatenate([points(dim, 0.3) - 2 / 3, points(dim, 0.3) + 4 / 3])
    one, two = (scipy.stats.norm.logpdf(x, m, np.sqrt(0.05)).sum(axis=1) for m in (-2 / 3, 4 / 3))
    expected = np.logaddexp(one + np.log(2 / 3), two + np.log(1 / 3))
    np.testing.assert_allclose(values(target.name, x), expected, rtol=1e-9)
    np.testing.assert_allclose(statistic(target, "x").mean, 0, atol=1e-12)


def test_lattice_field_sums_each_bond_once(x64):
    x = points(64)
    for phi, value in zip(x.reshape(-1, 8, 8), values("phi4-64", x), strict=True):
        sites = [(i, j) for i in range(8) for j in range(8)]
        bonds = sum(phi[i, j] * (phi[(i + 1) % 8, j] + phi[i, (j + 1) % 8]) for i, j in sites)
        action = -2 * 0.3 * bonds + (1 - 2 * 0.022) * np.sum(phi**2) + 0.022 * np.sum(phi**4)
        assert np.isclose(value, -action)
    np.testing.assert_allclose(values("phi4-64", -x), values("phi4-64", x), rtol=1e-12)


@pytest.mark.parametrize(("name", "count", "space"), [("dw4-8", 4, 2), ("lj13-39", 13, 3)])
def test_particles_are_scipys_pairs(name, count, space, x64):
    x = points(count * space, 2.0)
    for place, value in zip(x.reshape(-1, count, space), values(name, x), strict=True):
        d, c = scipy.spatial.distance.pdist(place), place.mean(axis=0)
        energy = {
            "dw4-8": np.sum(0.9 * (d - 4) ** 4 - 4 * (d - 4) ** 2),
            "lj13-39": np.sum(2 * (d**-12 - 2 * d**-6)) + np.sum((place - c) ** 2) / 2,
        }[name]
        assert np.isclose(value, -energy - count * np.sum(c**2) / 2, rtol=1e-10)
