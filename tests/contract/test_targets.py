"""Targets, over the whole registry: gradients, bases, exact samplers, stated truths, identity."""

import json
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from bridgemark.benchmarks.rows.fingerprint import fingerprint
from bridgemark.targets import stored

from support.registered_targets import (
    BUILDERS,
    KEY,
    assert_expectation,
    base_points,
    build,
    every_target,
    exact_draws,
)
from support.small_targets import with_log_prob

# A change of version or fingerprint here is a change of density: it needs a new name, or a new version
# when only a constant factor moved.
PINNED = {
    "gmm9": (1, "feafbfc5e98d8df7"),
    "gmm40-2": (1, "1cc82dde5fecbccf"),
    "gmm40-50": (1, "5de342d0dbdfbd71"),
    "skewed-mixture": (1, "43ca87c9c9fc2cee"),
    "funnel-10": (1, "e9e765e215c413a8"),
    "lgcp-1600": (1, "a83fee8717bdfe8b"),
    "lgcp-1600-white": (1, "6c93920ac09f1b3e"),
    "lgcp-1600-rescaled": (1, "099bad63df0621b6"),
    "lgcp-256": (1, "367975a15c25944f"),
    "lgcp-256-white": (1, "635da83ba1b0b644"),
    "ionosphere-35": (1, "35fc90a7f27dc055"),
    "sonar-61": (1, "91e46edaaa533b0a"),
    "bod-2-a": (1, "19a1b4a751b734c7"),
    "bod-2-b": (1, "6332fd36b7dc9ba7"),
    "linear-gaussian-4-a": (1, "5292cb8467e5a6a0"),
    "linear-gaussian-4-b": (1, "2b4a226944468ca4"),
    "smooth-moons-2-a": (1, "e05622f6ddcb5113"),
    "smooth-moons-2-b": (1, "49898274dd3a057f"),
    "synthetic-logistic-6-a": (1, "4bc98331358b6877"),
    "synthetic-logistic-6-b": (1, "b65314ab1fc5a499"),
    "credit-25-n10": (1, "4c638ea00ea52b2b"),
    "credit-25-n1": (1, "0f2ac89b9738144a"),
    "cancer-31-n10": (1, "ba4305db2cb08c48"),
    "seeds-26": (1, "c6dec68f3a15b45a"),
    "eight-schools-10": (1, "0bf9159367d9e827"),
    "brownian-32": (1, "0ec420c58a75798b"),
    "sparse-credit-51": (1, "b047804a6250b0a6"),
    "volatility-103": (1, "261537400e9f054f"),
    "item-response-501": (1, "415fdfe86534d70b"),
    "ill-gaussian-100": (1, "b0fba6fe118d0e86"),
    "mos10-2": (1, "9fe85cb6618369b1"),
    "mos10-50": (1, "7c0a0ab90bc773a3"),
    "banana-2": (1, "58dabbf8c7c26455"),
    "rosenbrock-2": (1, "6b749a23f189562e"),
    "manywell-32": (1, "465ce517c5bc41be"),
    "manywell-5": (1, "d58a35e808acfc71"),
    "manywell-50": (1, "a42e4ee5f29bc91e"),
    "twomodes-8": (1, "5ef6af15d6c7d9a3"),
    "twomodes-32": (1, "d0030559b7b6e12a"),
    "twomodes-128": (1, "905bfc55d4dc4a75"),
    "phi4-64": (1, "eb280cf75202005b"),
    "phi4-256": (1, "f36685651e9ca8d6"),
    "dw4-8": (1, "5ff138bb4af085ca"),
    "lj13-39": (1, "cf3ddebd645ec7ca"),
    "lgcp-1024": (1, "e55eda87b34b5d85"),
    "lgcp-900": (1, "aba826b6f9aa8001"),
}
MIXTURES = ["gmm9", "gmm40-2", "gmm40-50", "skewed-mixture"]
TWO_MODES = ["twomodes-8", "twomodes-32", "twomodes-128"]
STUDENT = ["mos10-2", "mos10-50"]
WELLS = ["manywell-32", "manywell-5", "manywell-50"]
BENT = ["banana-2", "rosenbrock-2"]
EXACT = [*MIXTURES, "funnel-10", *TWO_MODES, *STUDENT, *WELLS, *BENT, "ill-gaussian-100"]

COX = [
    "lgcp-1600",
    "lgcp-1600-white",
    "lgcp-1600-rescaled",
    "lgcp-1024",
    "lgcp-900",
    "lgcp-256",
    "lgcp-256-white",
]
REGRESSIONS = [
    "ionosphere-35",
    "sonar-61",
    "credit-25-n10",
    "credit-25-n1",
    "cancer-31-n10",
    "item-response-501",
]
FAMILIES = ["bod-2", "linear-gaussian-4", "smooth-moons-2", "synthetic-logistic-6"]
BASE_IS_PRIOR = [*COX, *REGRESSIONS, *(f"{family}-{key}" for family in FAMILIES for key in "ab")]

every_exact_target = pytest.mark.parametrize("name", EXACT)


@every_target
def test_gradient_is_the_finite_difference(name, x64):
    target, step = build(name), 1e-5
    value_and_gradient = jax.jit(jax.vmap(jax.value_and_grad(target.density.log_prob)))
    # Every coordinate in low dimension, else 64 random directions, at each of three points.
    rng = np.random.default_rng(0)
    directions = (
        np.eye(target.density.dim)
        if target.density.dim <= 64
        else rng.standard_normal((64, target.density.dim))
    )
    for x in np.asarray(base_points(target, 3)):
        moved = np.concatenate([x + step * directions, x - step * directions, x[None]])
        values, gradients = value_and_gradient(jnp.asarray(moved))
        forward, backward = values[:-1].reshape(2, -1)
        assert np.all(np.isfinite(gradients))
        np.testing.assert_allclose(directions @ gradients[-1], (forward - backward) / (2 * step), 1e-5, 1e-4)


@every_target
def test_a_batch_is_its_points(name, x64):
    target = build(name)
    x = base_points(target, 3)
    single = [jax.jit(target.density.log_prob)(point) for point in x]
    assert all(value.shape == () for value in single)
    np.testing.assert_allclose(jax.jit(jax.vmap(target.density.log_prob))(x), single, rtol=1e-12)


@every_target
def test_single_precision_is_enough(name):
    target = build(name)
    x = np.asarray(base_points(target, 8))
    function = jax.vmap(jax.value_and_grad(target.density.log_prob))
    value, gradient = map(np.asarray, jax.jit(function)(x))
    assert value.dtype == gradient.dtype == np.float32
    with jax.enable_x64(True):
        exact_value, exact_gradient = map(np.asarray, jax.jit(function)(x.astype(float)))
    assert exact_value.dtype == exact_gradient.dtype == np.float64
    np.testing.assert_allclose(value, exact_value, rtol=1e-5, atol=1e-4)
    scale = np.max(np.abs(exact_gradient), axis=1, keepdims=True)
    np.testing.assert_allclose(gradient / scale, exact_gradient / scale, atol=1e-5)


@every_target
def test_base_is_the_stated_gaussian(name, x64):
    base = build(name).density.base
    law = {1: lambda: scipy.stats.Covariance.from_diagonal(base.scale**2)}.get(
        base.scale.ndim, lambda: scipy.stats.Covariance.from_cholesky(base.scale)
    )()
    x = np.asarray(base.sample(jax.random.key(2), 5))
    expected = scipy.stats.multivariate_normal(base.loc, law).logpdf(x)
    np.testing.assert_allclose(jax.vmap(base.log_prob)(x), expected, rtol=1e-9)


@pytest.mark.parametrize("name", BASE_IS_PRIOR)
def test_density_is_base_times_likelihood_where_the_base_is_the_prior(name, x64):
    density = build(name).density
    x = base_points(build(name), 5)
    product = jax.vmap(density.base.log_prob)(x) + jax.vmap(density.log_likelihood)(x)
    np.testing.assert_allclose(jax.jit(jax.vmap(density.log_prob))(x), product, rtol=1e-12, atol=1e-10)


def test_a_likelihood_is_given_exactly_where_the_base_is_the_prior():
    given = {name for name in BUILDERS if build(name).density.log_likelihood is not None}
    assert given == set(BASE_IS_PRIOR)


@every_target
def test_base_sampler_has_the_right_moments(name):
    target, n = build(name), 1000
    centred = np.asarray(target.density.base.sample(KEY, n), dtype=float) - target.density.base.loc
    factor = (
        np.diag(target.density.base.scale)
        if target.density.base.scale.ndim == 1
        else target.density.base.scale
    )
    plain = centred.T / np.linalg.norm(factor, axis=1)[:, None]
    # Standard normal each, plain or whitened, so that n mean^2 and the sum of squares are chi-squared.
    # Bonferroni over the 6 dim tails: false-alarm rate 1e-6 a target.
    for noise in (plain, np.linalg.solve(factor, centred.T)):
        total = np.sum(noise**2, axis=1)
        tails = [scipy.stats.chi2.sf(n * noise.mean(axis=1) ** 2, 1)]
        tails += [scipy.stats.chi2.sf(total, n), scipy.stats.chi2.cdf(total, n)]
        assert np.min(tails) > 1e-6 / (6 * target.density.dim)


@every_exact_target
def test_exact_sampler_satisfies_steins_identities(name):
    # E[grad log p] = 0 and E[x_i d_i log p] = -1: 1010 comparisons over all targets, false-alarm rate 2e-6.
    target, x = build(name), exact_draws(name)
    gradient = jax.jit(jax.vmap(jax.grad(target.density.log_prob)))(x)
    assert_expectation(gradient, 0.0)
    assert_expectation(x * gradient, -1.0)


@every_exact_target
def test_exact_sampler_agrees_with_the_stated_truths(name):
    # 2000 comparisons over all targets. Squares of squares are skewed, so the normal rate of 5e-7 is
    # optimistic; a false alarm stays below 1e-2, and the key is fixed.
    target, x = build(name), exact_draws(name)
    assert target.log_z.standard_error == 0.0
    assert ("x2" in {statistic.name for statistic in target.statistics}) == (target.about.finite_moment > 2)
    for statistic in target.statistics:
        values = np.asarray(jax.jit(jax.vmap(statistic.fn))(x), dtype=float)
        # By the stated sd: a wrong heavy-tailed sampler hides behind the sd that it measures itself.
        assert_expectation(values, statistic.mean, statistic.sd)
        assert_expectation((values - statistic.mean) ** 2, statistic.sd**2)
        assert statistic.mean.shape == statistic.sd.shape == statistic.standard_error.shape


@pytest.mark.parametrize("name", [*MIXTURES, *TWO_MODES, *STUDENT])
def test_mode_masses(name):
    # 118 comparisons, false-alarm rate 3e-7.
    modes = build(name).modes
    assert np.isclose(modes.masses.sum(), 1.0)
    assert_expectation(jax.jit(jax.vmap(modes.responsibilities))(exact_draws(name)), modes.masses)


@every_target
def test_identity_is_pinned(name, x64):
    target = build(name)
    assert (target.version, fingerprint(target)) == PINNED[name]


def test_every_pinned_target_is_registered():
    assert PINNED.keys() <= BUILDERS.keys()


@pytest.mark.parametrize("name", ["skewed-mixture", "sonar-61"])
def test_fingerprint_depends_on_the_density_alone(name):
    target = build(name)
    assert fingerprint(target) == PINNED[name][1]
    assert fingerprint(replace(target, name="another", version=7)) == PINNED[name][1]
    shifted = with_log_prob(target, lambda x: target.density.log_prob(x) + 1e-3)
    moved = with_log_prob(target, lambda x: target.density.log_prob(x - 1e-3))
    assert len(set(map(fingerprint, (target, shifted, moved)))) == 3


def test_a_density_of_single_precision_has_no_fingerprint():
    target = with_log_prob(build("gmm9"), lambda x: -jnp.sum(x.astype(jnp.float32) ** 2))
    with pytest.raises(ValueError, match="float32"):
        fingerprint(target)


@pytest.mark.parametrize("path", sorted(stored.FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_stored_references_belong_to_the_pinned_densities(path):
    reference, target = json.loads(path.read_text()), build(path.stem)
    assert reference["fingerprint"] == PINNED[path.stem][1]
    for statistic in target.statistics:
        shape = jax.eval_shape(statistic.fn, jnp.zeros(target.density.dim)).shape
        assert shape == statistic.mean.shape == statistic.sd.shape == statistic.standard_error.shape
