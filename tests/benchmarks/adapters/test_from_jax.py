"""Densities in JAX: parameters by name, priors, what Z is, and messages that name the cure."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import bridgemark
from bridgemark import Interval, Positive, Real, from_jax, gaussian_base
from bridgemark.benchmarks.errors import BadInput

from support import posteriors


def schools(values):
    theta = values["mu"] + values["tau"] * values["z"]
    effects, errors = (array.astype(theta.dtype) for array in (posteriors.EFFECTS, posteriors.ERRORS))
    norm, cauchy = jax.scipy.stats.norm.logpdf, jax.scipy.stats.cauchy.logpdf
    prior = norm(values["mu"], 0, 5) + np.log(2) + cauchy(values["tau"], 0, 5) + jnp.sum(norm(values["z"]))
    return prior + jnp.sum(norm((effects - theta) / errors) - np.log(posteriors.ERRORS).astype(theta.dtype))


def log_likelihood(x):
    signs = (2 * posteriors.LABELS - 1).astype(x.dtype)
    return -jnp.sum(jnp.logaddexp(0, -signs * (posteriors.PREDICTORS.astype(x.dtype) @ x)))


SUPPORTS = {"mu": Real(), "tau": Positive(), "z": Real((8,))}


def test_named_parameters_get_their_log_jacobian(x64):
    model = from_jax(schools, parameters=SUPPORTS)
    x = posteriors.points(model.density.dim)
    expected = [posteriors.schools(point) for point in x]
    np.testing.assert_allclose(jax.vmap(model.density.log_prob)(jnp.asarray(x)), expected, rtol=1e-10)
    assert model.density.log_likelihood is None
    assert "only where" in model.evidence


def test_draws_come_back_by_name():
    model = from_jax(schools, parameters=SUPPORTS)
    draws = np.zeros((2, 3, 10))
    draws[1, 2] = np.arange(10)
    values = model.parameters(draws)
    assert {name: array.shape for name, array in values.items()} == {
        "mu": (2, 3),
        "tau": (2, 3),
        "z": (2, 3, 8),
    }
    np.testing.assert_allclose(values["tau"][1, 2], np.e)
    np.testing.assert_allclose(values["z"][1, 2], np.arange(2, 10))
    with pytest.raises(BadInput, match="must end in 10"):
        model.parameters(np.zeros((3, 9)))


def test_a_prior_is_the_base_and_its_factor_the_likelihood(x64):
    prior = gaussian_base(np.zeros(4), np.full(4, posteriors.PRIOR_SD))
    density = from_jax(log_likelihood, 4, prior=prior).density
    assert density.base is prior
    for x in map(jnp.asarray, posteriors.points(4)):
        np.testing.assert_allclose(density.log_prob(x), posteriors.logistic(np.asarray(x)), rtol=1e-12)
        np.testing.assert_allclose(density.log_likelihood(x), log_likelihood(x), rtol=1e-12)


def test_a_prior_of_unconstrained_coordinates_needs_no_jacobian(x64):
    prior = gaussian_base(np.array([1.0]), np.array([2.0]))
    model = from_jax(lambda values: -values["s"], parameters={"s": Positive()}, prior=prior)
    x = jnp.asarray([0.3])
    expected = stats.lognorm.logpdf(np.exp(0.3), 2.0, scale=np.e) + 0.3 - np.exp(0.3)
    np.testing.assert_allclose(model.density.log_prob(x), expected, rtol=1e-12)


def test_log_z_of_a_named_density_is_that_of_its_parameters():
    """An unnormalised beta density: smc's log Z against the beta function."""

    def log_prob(values):
        return 2 * jnp.log(values["p"]) + 3 * jnp.log1p(-values["p"])

    target = from_jax(log_prob, parameters={"p": Interval(0.0, 1.0)}).target("beta")
    row = bridgemark.run(bridgemark.get_sampler("smc"), target, draws=2_000)
    expected = np.log(stats.beta(3, 4).pdf(0.5) ** -1 * 0.5**5)  # the density is Z times the beta density
    # Fixed key. The error of 2,000 particles is about .03.
    assert abs(row.metrics["log_z"] - expected) < 0.15


def test_the_data_keep_their_precision_afterwards():
    """A model is checked in double precision, and may be run in single precision in the same process."""
    model = from_jax(lambda x: -jnp.sum(jnp.logaddexp(0, posteriors.PREDICTORS @ x)) - jnp.sum(x**2), 4)
    assert jax.jit(model.density.log_prob)(jnp.zeros(4)).dtype == jnp.float32


NO_BASE = "-inf at all of 64 draws of the base.*give base="


@pytest.mark.parametrize(
    ("log_prob", "complaint"),
    [
        (lambda x: np.sum(np.exp(-x)), r"write it with jax\.numpy.*or bring it by from_numpy"),
        (lambda x: x[0] if x[0] > 0 else x[1], r"jnp\.where instead of if"),
        (lambda x: -(x**2), r"shape \(3,\).*sum its terms"),
        (lambda x: jnp.sum(x > 0), "type int64.*must return one real number"),
        (lambda x: jnp.sum(jnp.ones((2, 2)) @ x), "fails at a point of 3 numbers.*is the dimension right"),
        (lambda x: jnp.sum(jnp.log(x)), r"NaN or \+inf at \d+ of 64 draws.*parameters=\{'scale': Positive"),
        (lambda x: jnp.where(x[0] > 99, 0.0, -jnp.inf), NO_BASE),
        (lambda x: jnp.sum(jnp.where(x > 0, -jnp.sqrt(x), 0.0)), r"gradient.*not finite.*jnp\.where"),
    ],
)
def test_a_density_that_cannot_be_sampled_from_is_refused_with_the_cure(log_prob, complaint):
    with pytest.raises(BadInput, match=complaint) as caught:
        from_jax(log_prob, 3)
    assert "\n" not in str(caught.value)


def test_zero_density_at_some_draws_is_allowed():
    assert from_jax(lambda x: jnp.where(x[0] > 0, -x[0], -jnp.inf), 1).density.dim == 1


STANDARD = gaussian_base(np.zeros(2), np.ones(2))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "give either dim"),
        ({"dim": 0}, "give either dim"),
        ({"dim": 2, "parameters": {"a": Real()}}, "give either dim"),
        ({"dim": 2, "prior": gaussian_base(np.zeros(3), np.ones(3))}, "base has dimension 3.*model has 2"),
        (
            {
                "dim": 1,
                "prior": gaussian_base(np.zeros(1), np.ones(1)),
                "base": gaussian_base(np.zeros(1), np.ones(1)),
            },
            "not both",
        ),
    ],
)
def test_wrong_settings_are_refused(settings, complaint):
    with pytest.raises(BadInput, match=complaint):
        from_jax(lambda x: -jnp.sum(x**2), **settings)
