"""NumPyro models: equal to SciPy's densities, with the prior as base where it is Gaussian."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark import from_numpyro
from bridgemark.benchmarks.errors import BadInput

from support import posteriors

numpyro = pytest.importorskip("numpyro")
dist = numpyro.distributions

pytestmark = pytest.mark.implicit_broadcasting


def schools(effects, errors):
    mu = numpyro.sample("mu", dist.Normal(0, 5))
    tau = numpyro.sample("tau", dist.HalfCauchy(5))
    with numpyro.plate("schools", len(errors)):
        z = numpyro.sample("z", dist.Normal(0, 1))
        theta = numpyro.deterministic("theta", mu + tau * z)
        numpyro.sample("effects", dist.Normal(theta, errors), obs=effects)


def logistic(predictors, labels):
    weights = numpyro.sample("weights", dist.Normal(0, posteriors.PRIOR_SD).expand([4]).to_event(1))
    numpyro.sample("labels", dist.Bernoulli(logits=predictors @ weights), obs=labels)


def values_at(density, x):
    with jax.enable_x64(True):
        return np.asarray(jax.vmap(density)(jnp.asarray(x)))


def test_eight_schools():
    model = from_numpyro(schools, posteriors.EFFECTS, errors=posteriors.ERRORS)
    x = posteriors.points(10)
    expected = [posteriors.schools(point) for point in x]
    np.testing.assert_allclose(values_at(model.density.log_prob, x), expected, rtol=1e-10)
    assert model.density.log_likelihood is None  # a half-Cauchy scale is not Gaussian
    assert "normalised distributions" in model.evidence


def test_draws_come_back_with_what_the_model_derives():
    model = from_numpyro(schools, posteriors.EFFECTS, errors=posteriors.ERRORS)
    x = posteriors.points(10)
    values = model.parameters(x)
    np.testing.assert_allclose(values["tau"], np.exp(x[:, 1]))
    np.testing.assert_allclose(values["theta"], x[:, :1] + np.exp(x[:, 1:2]) * x[:, 2:])


def test_a_gaussian_prior_is_the_base():
    density = from_numpyro(logistic, posteriors.PREDICTORS, posteriors.LABELS).density
    np.testing.assert_allclose(density.base.scale, posteriors.PRIOR_SD)
    x = posteriors.points(4)
    expected = [posteriors.logistic(point) for point in x]
    np.testing.assert_allclose(values_at(density.log_prob, x), expected, rtol=1e-10)
    expected = [posteriors.logistic_likelihood(point) for point in x]
    np.testing.assert_allclose(values_at(density.log_likelihood, x), expected, rtol=1e-10)


def test_data_keep_their_precision_in_a_run_that_follows():
    density = from_numpyro(logistic, posteriors.PREDICTORS, posteriors.LABELS).density
    x = posteriors.points(4)
    values = jax.jit(jax.vmap(density.log_prob))(jnp.asarray(x, jnp.float32))
    assert values.dtype == jnp.float32
    np.testing.assert_allclose(values, [posteriors.logistic(point) for point in x], rtol=1e-5)


def test_a_log_normal_prior_and_a_dependent_one_are_gaussian_in_the_unconstrained_space():
    def model():
        scale = numpyro.sample("scale", dist.LogNormal(1.0, 2.0))
        mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
        numpyro.sample("effect", dist.Normal(mean, 3.0))
        numpyro.factor("tilt", -scale)

    adapted = from_numpyro(model)
    base = adapted.density.base
    np.testing.assert_allclose(base.loc, [1.0, 0.0, 0.0], atol=1e-9)
    covariance = [[4.0, 0, 0], [0, 1.0, 1.0], [0, 1.0, 10.0]]
    np.testing.assert_allclose(base.scale @ base.scale.T, covariance, atol=1e-9)
    assert "tilt" in adapted.evidence


CONSTRAINED = {
    "Dirichlet": (dist.Dirichlet(np.array([1.0, 2.0, 3.0])), 2),
    "LKJ": (dist.LKJ(3, 2.0), 3),
    "Uniform": (dist.Uniform(-1.0, 2.0).expand([2]).to_event(1), 2),
    "Gamma": (dist.Gamma(2.0, 3.0), 1),
}


@pytest.mark.parametrize("name", CONSTRAINED)
def test_log_density_is_that_of_the_constrained_value_with_the_jacobian(name):
    """NumPyro's own log-density of the value, and the log-determinant of the map by `jax.jacfwd`."""
    prior, dim = CONSTRAINED[name]
    model = from_numpyro(lambda: numpyro.sample("x", prior))
    coordinates = {
        "Dirichlet": lambda value: value[:-1],
        "LKJ": lambda value: value[np.tril_indices(3, -1)],
    }.get(name, jnp.ravel)
    to_value = dist.biject_to(prior.support)
    shape = to_value.inverse_shape(jnp.shape(prior.sample(jax.random.key(0))))
    x = posteriors.points(dim)
    with jax.enable_x64(True):
        for point in map(jnp.asarray, x):
            value = to_value(point.reshape(shape))
            jacobian = jax.jacfwd(lambda point: coordinates(to_value(point.reshape(shape))))(point)
            expected = prior.log_prob(value) + np.linalg.slogdet(jacobian)[1]
            np.testing.assert_allclose(model.density.log_prob(point), expected, rtol=1e-9, atol=1e-9)
    assert model.parameters(x)["x"].shape[1:] == jnp.shape(value)


def discrete():
    numpyro.sample("k", dist.Poisson(3.0))


def improper():
    numpyro.sample("mu", dist.ImproperUniform(dist.constraints.real, (), ()))


def observed_only():
    numpyro.sample("y", dist.Normal(), obs=0.0)


def subsampled():
    mu = numpyro.sample("mu", dist.Normal())
    with numpyro.plate("data", 100, subsample_size=10):
        numpyro.sample("y", dist.Normal(mu), obs=np.zeros(10))


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        (discrete, "'k' is discrete; sum it out"),
        (improper, r"improper, such as ImproperUniform, choose a proper one, such as Normal"),
        (observed_only, "has no parameters"),
        (subsampled, "'data' takes a part of its 100.*leave subsample_size out"),
        (schools, "fails with 0 arguments.*observations included"),
    ],
)
def test_a_model_that_is_no_density_is_refused_with_the_cure(model, complaint):
    with pytest.raises(BadInput, match=complaint):
        from_numpyro(model)


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "numpyro", None)
    with pytest.raises(BadInput, match=r"package numpyro: pip install 'bridgemark\[numpyro\]'"):
        from_numpyro(schools)
