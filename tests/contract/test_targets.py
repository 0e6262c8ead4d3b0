"""Targets, over the whole registry: gradients, bases, exact samplers, stated truths, identity."""

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.rows.fingerprint import fingerprint
from bridgemark.targets import cox, data, stored

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
BUILDERS = registry.targets()
MIXTURES = ["gmm9", "gmm40-2", "gmm40-50", "skewed-mixture"]
TWO_MODES = ["twomodes-8", "twomodes-32", "twomodes-128"]
STUDENT = ["mos10-2", "mos10-50"]
WELLS = ["manywell-32", "manywell-5", "manywell-50"]
BENT = ["banana-2", "rosenbrock-2"]
EXACT = [*MIXTURES, "funnel-10", *TWO_MODES, *STUDENT, *WELLS, *BENT, "ill-gaussian-100"]
LIMIT = 6.0  # standard errors: 2e-9 a comparison under the normal law, 1e-6 over the few hundred of a test
KEY = jax.random.key(20240607)


every_target = pytest.mark.parametrize("name", BUILDERS)
every_exact_target = pytest.mark.parametrize("name", EXACT)


@cache
def build(name):
    return BUILDERS[name]()


@cache
def exact_draws(name):
    return jax.jit(build(name).sample, static_argnums=1)(KEY, 20_000)


def starts(target, n):
    """Points where the target lives, in the precision in force."""
    return target.density.base.sample(jax.random.key(1), n)


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
    for x in np.asarray(starts(target, 3)):
        moved = np.concatenate([x + step * directions, x - step * directions, x[None]])
        values, gradients = value_and_gradient(jnp.asarray(moved))
        forward, backward = values[:-1].reshape(2, -1)
        assert np.all(np.isfinite(gradients))
        np.testing.assert_allclose(directions @ gradients[-1], (forward - backward) / (2 * step), 1e-5, 1e-4)


@every_target
def test_a_batch_is_its_points(name, x64):
    target = build(name)
    x = starts(target, 3)
    single = [jax.jit(target.density.log_prob)(point) for point in x]
    assert all(value.shape == () for value in single)
    np.testing.assert_allclose(jax.jit(jax.vmap(target.density.log_prob))(x), single, rtol=1e-12)


@every_target
def test_single_precision_is_enough(name):
    target = build(name)
    x = np.asarray(starts(target, 8))
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


def assert_mean(samples, expected, sd=None):
    """The mean of (n, k) samples is `expected` to LIMIT standard errors, from a known or the measured sd."""
    samples = np.asarray(samples, dtype=float)
    error = (samples.std(axis=0) if sd is None else sd) / np.sqrt(len(samples))
    np.testing.assert_array_less(np.abs(samples.mean(axis=0) - expected), LIMIT * error + 1e-12)


@every_exact_target
def test_exact_sampler_satisfies_steins_identities(name):
    # E[grad log p] = 0 and E[x_i d_i log p] = -1: 1010 comparisons over all targets, false-alarm rate 2e-6.
    target, x = build(name), exact_draws(name)
    gradient = jax.jit(jax.vmap(jax.grad(target.density.log_prob)))(x)
    assert_mean(gradient, 0.0)
    assert_mean(x * gradient, -1.0)


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
        assert_mean(values, statistic.mean, statistic.sd)
        assert_mean((values - statistic.mean) ** 2, statistic.sd**2)
        assert statistic.mean.shape == statistic.sd.shape == statistic.standard_error.shape


@pytest.mark.parametrize("name", [*MIXTURES, *TWO_MODES, *STUDENT])
def test_mode_masses(name):
    # 118 comparisons, false-alarm rate 3e-7.
    modes = build(name).modes
    assert np.isclose(modes.masses.sum(), 1.0)
    assert_mean(jax.jit(jax.vmap(modes.responsibilities))(exact_draws(name)), modes.masses)


def mixture_components(name):
    """Weights, means and covariances, written down a second time."""
    if name == "gmm9":
        grid = np.stack(np.meshgrid([-5, 0, 5], [-5, 0, 5]), axis=-1).reshape(-1, 2)
        return np.full(9, 1 / 9), grid, [0.3 * np.eye(2)] * 9
    if name == "skewed-mixture":
        covariances = [[[1, 0.7], [0.7, 1]], [[2, -0.9], [-0.9, 0.8]], [[0.3, 0.1], [0.1, 1.5]]]
        return [0.6, 0.3, 0.1], [[3, -1], [6, 3], [1, 4]], covariances
    dim = build(name).density.dim
    means = np.loadtxt(data.FOLDER / f"gmm40_{dim}_means.csv", delimiter=",", skiprows=1)
    return np.full(40, 1 / 40), means, [np.eye(dim)] * 40


@pytest.mark.parametrize("name", MIXTURES)
def test_mixture_density_is_scipys(name, x64):
    target, parts = build(name), zip(*mixture_components(name), strict=True)
    x = np.concatenate([starts(target, 50), np.asarray(exact_draws(name)[:50], dtype=float)])
    expected = [np.log(w) + scipy.stats.multivariate_normal(m, c).logpdf(x) for w, m, c in parts]
    np.testing.assert_allclose(
        jax.vmap(target.density.log_prob)(x), scipy.special.logsumexp(expected, axis=0), rtol=1e-10
    )


@pytest.mark.parametrize(
    ("name", "low", "high"), [("gmm9", -9, 9), ("gmm40-2", -46, 46), ("skewed-mixture", -7, 14)]
)
def test_plane_mixture_is_normalised(name, low, high, x64):
    # The trapezoidal rule on a smooth density: error below 1e-10 at steps of half a standard deviation.
    axis, step = np.linspace(low, high, 5 * (high - low) + 1, retstep=True)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    density = jnp.exp(jax.jit(jax.vmap(build(name).density.log_prob))(grid))
    assert np.isclose(density.sum() * step**2, 1.0, atol=1e-8)


def test_funnel_density_is_scipys(x64):
    target = build("funnel-10")
    x = np.asarray(exact_draws("funnel-10")[:100], dtype=float)
    rest = scipy.stats.norm.logpdf(x[:, 1:], scale=np.exp(x[:, :1] / 2)).sum(axis=1)
    expected = scipy.stats.norm.logpdf(x[:, 0], scale=3) + rest
    np.testing.assert_allclose(jax.vmap(target.density.log_prob)(x), expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("name", "filename"), [("ionosphere-35", "ionosphere.csv"), ("sonar-61", "sonar.csv")]
)
def test_logistic_density_is_scipys(name, filename, x64):
    table = np.loadtxt(data.FOLDER / filename, delimiter=",", skiprows=1)
    with np.errstate(invalid="ignore"):
        features = np.nan_to_num(scipy.stats.zscore(table[:, :-1]))
    target = build(name)
    w = np.asarray(starts(target, 5))
    score = w[:, :1] + w[:, 1:] @ features.T
    # The probability of what was observed: that of the contrary would round to one.
    probability = scipy.special.expit(np.where(table[:, -1] == 1, score, -score))
    likelihood = scipy.stats.bernoulli.logpmf(1, probability).sum(axis=1)
    expected = likelihood + scipy.stats.norm.logpdf(w).sum(axis=1)
    np.testing.assert_allclose(jax.vmap(target.density.log_prob)(w), expected, rtol=1e-9)


@pytest.mark.parametrize("name", ["ionosphere-35", "sonar-61"])
def test_logistic_density_is_stable_far_out(name):
    target = build(name)
    value, gradient = jax.value_and_grad(target.density.log_prob)(jnp.full(target.density.dim, 1e3))
    assert np.isfinite(value)
    assert np.all(np.isfinite(gradient))


def test_small_cox_process_is_scipys(x64):
    target, side = build("lgcp-256"), 16
    place = (
        np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), axis=-1).reshape(-1, 2) / side
    )
    distance = scipy.spatial.distance.cdist(place, place)
    law = scipy.stats.multivariate_normal(np.full(256, np.log(126) - 0.955), 1.91 * np.exp(-33 * distance))
    points = np.loadtxt(data.FOLDER / "finpines_unit.csv", delimiter=",", skiprows=1)
    y = np.histogram2d(*points.T, bins=side, range=[[0, 1], [0, 1]])[0].ravel()
    f = np.asarray(starts(target, 4))
    dropped = np.sum(scipy.special.gammaln(y + 1)) + y.sum() * np.log(256)  # log y! and log area
    expected = law.logpdf(f) + scipy.stats.poisson.logpmf(y, np.exp(f) / 256).sum(axis=1) + dropped
    np.testing.assert_allclose(jax.vmap(target.density.log_prob)(f), expected, rtol=1e-9)
    noise = np.linalg.solve(target.density.base.scale, (f - target.density.base.loc).T).T
    jacobian = np.linalg.slogdet(law.cov)[1] / 2
    white = build("lgcp-256-white")
    np.testing.assert_allclose(jax.vmap(white.density.log_prob)(noise), expected + jacobian, rtol=1e-9)


def test_cox_process_has_the_known_values(x64):
    # Values computed elsewhere, by another program, from the same definition.
    clean, rescaled = build("lgcp-1600"), build("lgcp-1600-rescaled")
    mean = jnp.full(1600, 3.881281907)
    assert np.isclose(clean.density.log_prob(jnp.zeros(1600)), -2451.049219, atol=1e-5)
    assert np.isclose(rescaled.density.log_prob(jnp.zeros(1600)), -2451.049219, atol=1e-5)
    assert np.isclose(clean.density.log_prob(mean), -1255.451942, atol=1e-5)
    assert np.isclose(rescaled.density.log_prob(mean), -1251.570660, atol=1e-5)
    assert np.isclose(cox.field(40).half_log_det, 225.705479, atol=1e-6)
    spectrum = np.linalg.norm(cox.field(40).factor, 2) ** 2 * np.linalg.norm(cox.field(40).precision, 2)
    assert np.isclose(spectrum, 27.62, atol=0.005)


def peak(target):
    """The highest log-density of a Cox process, by L-BFGS in whitened coordinates."""
    colour = lambda noise: target.density.base.loc + target.density.base.scale @ noise  # noqa: E731
    slope = jax.jit(jax.value_and_grad(lambda noise: -target.density.log_prob(colour(noise))))
    objective = lambda noise: [np.asarray(part, dtype=float) for part in slope(noise)]  # noqa: E731
    options = {"maxiter": 500, "ftol": 1e-14, "gtol": 1e-6}
    return -scipy.optimize.minimize(
        objective, np.zeros(target.density.dim), jac=True, options=options, method="L-BFGS-B"
    ).fun


def test_cox_process_has_the_known_peak(x64):
    # Unlike the values above this sees where the points lie. The rescaled pines are derived by code and
    # differ in four cells from the file whose peak is -1100.621436.
    assert np.isclose(peak(build("lgcp-1600")), -1111.200664, atol=1e-4)
    assert np.isclose(peak(build("lgcp-1600-rescaled")), -1100.62, atol=3.0)


def test_pines_fall_into_the_known_cells():
    for points, expected in ((cox.pines(), [1489, 99, 9, 3]), (cox.rescaled_pines(), None)):
        # The gradient of the log-likelihood far down is the counts themselves.
        slope = jax.grad(cox.log_likelihood(points, 40))(jnp.full(1600, -30.0))
        counts = np.bincount(np.rint(slope).astype(int))
        assert counts @ np.arange(len(counts)) == len(points)
        assert expected is None or list(counts) == expected


@pytest.mark.parametrize("transform", [jax.jacfwd, jax.jacrev])
def test_cox_process_has_second_derivatives(transform, x64):
    target = build("lgcp-256")
    f = starts(target, 1)[0]
    expected = (
        -np.linalg.inv(target.density.base.scale @ target.density.base.scale.T) - np.diag(np.exp(f)) / 256
    )
    np.testing.assert_allclose(transform(jax.grad(target.density.log_prob))(f), expected, atol=1e-8)


@pytest.mark.parametrize(
    ("name", "matrix", "products"),
    [
        ("lgcp-256", 256 * 256, 1),
        ("lgcp-256-white", 256 * 256, 2),
        ("sonar-61", 208 * 61, 2),
        ("ionosphere-35", 351 * 35, 2),
    ],
)
def test_value_and_gradient_cost_no_more_matrix_products_than_needed(name, matrix, products):
    target = build(name)
    both = jax.jit(jax.value_and_grad(target.density.log_prob))
    compiled = both.lower(jnp.zeros(target.density.dim)).compile()
    assert compiled.cost_analysis()["flops"] < 2 * matrix * (products + 0.5)


def test_base_and_target_of_a_cox_process_share_their_product():
    target = build("lgcp-256")
    path = jax.jit(
        jax.value_and_grad(lambda x: 0.3 * target.density.base.log_prob(x) + 0.7 * target.density.log_prob(x))
    )
    compiled = path.lower(jnp.zeros(256)).compile()
    assert compiled.cost_analysis()["flops"] < 1.5 * 2 * 256**2


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
    assert fingerprint(replace(target, name="other", version=7)) == PINNED[name][1]
    shifted = replace(
        target, density=replace(target.density, log_prob=lambda x: target.density.log_prob(x) + 1e-3)
    )
    moved = replace(
        target, density=replace(target.density, log_prob=lambda x: target.density.log_prob(x - 1e-3))
    )
    assert len({fingerprint(each) for each in (target, shifted, moved)}) == 3


def test_a_density_of_single_precision_has_no_fingerprint():
    target = replace(
        build("gmm9"),
        density=replace(build("gmm9").density, log_prob=lambda x: -jnp.sum(x.astype(jnp.float32) ** 2)),
    )
    with pytest.raises(ValueError, match="float32"):
        fingerprint(target)


@pytest.mark.parametrize("path", sorted(stored.FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_stored_references_belong_to_the_pinned_densities(path):
    reference, target = json.loads(path.read_text()), build(path.stem)
    assert reference["fingerprint"] == PINNED[path.stem][1]
    for statistic in target.statistics:
        shape = jax.eval_shape(statistic.fn, jnp.zeros(target.density.dim)).shape
        assert shape == statistic.mean.shape == statistic.sd.shape == statistic.standard_error.shape


def test_whitened_statistics_are_those_of_the_field(tmp_path, monkeypatch):
    dim = 256
    zeros = [0.0] * dim
    moments = {name: {"mean": zeros, "sd": zeros, "standard_error": zeros} for name in ("x", "x2")}
    text = json.dumps({"target": "lgcp-256", "log_z": None, "statistics": moments})
    (tmp_path / "lgcp-256.json").write_text(text)
    monkeypatch.setattr(stored, "FOLDER", tmp_path)
    raw, white = BUILDERS["lgcp-256"](), BUILDERS["lgcp-256-white"]()
    noise = white.density.base.sample(jax.random.key(3), 1)[0]
    field = raw.density.base.loc + raw.density.base.scale @ noise
    for one, other in zip(white.statistics, raw.statistics, strict=True):
        assert one.name == other.name
        np.testing.assert_allclose(one.fn(noise), other.fn(field), rtol=1e-4, atol=1e-4)


SHAPES = """
from jaxtyping import install_import_hook
with install_import_hook("targets", "beartype.beartype"):
    import targets
    from bridgemark.benchmarks import registry
    builders = registry.targets()
import jax
for name in NAMES:
    target = builders[name]()
    x, key = jax.ShapeDtypeStruct((3, target.dim), "float32"), jax.random.key(0)
    for law in filter(None, (target.sample, target.base.sample)):
        assert jax.eval_shape(lambda: law(key, 3)).shape == x.shape
    for density in (target.log_prob, target.base.log_prob):
        assert jax.eval_shape(jax.vmap(density), x).shape == (3,)
        try:
            jax.eval_shape(density, x)
        except Exception as error:
            assert "TypeCheckError" in type(error).__name__, error
        else:
            raise AssertionError("a batch passed for a point: the shapes are not checked")
    if target.modes:
        shape = jax.eval_shape(jax.vmap(target.modes.responsibilities), x).shape
        assert shape == (3, *target.modes.masses.shape)
    for statistic in target.statistics:
        assert jax.eval_shape(jax.vmap(statistic.fn), x).shape == (3, *statistic.mean.shape)
"""


def test_shapes_are_as_annotated():
    names = [name for name in PINNED if "1600" not in name]
    done = subprocess.run(
        [sys.executable, "-c", SHAPES.replace("NAMES", repr(names))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
