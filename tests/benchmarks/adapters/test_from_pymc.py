"""PyMC models: equal to SciPy's densities. `nox -s adapters` has PyMC."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import bridgemark
from bridgemark import from_pymc
from bridgemark.benchmarks.errors import BadInput
from bridgemark.samplers.base import Limits

from support import posteriors

pymc = pytest.importorskip("pymc", reason="PyMC is heavy: nox -s adapters installs it")

pytestmark = pytest.mark.implicit_broadcasting
SINGLE = 3e-7  # PyTensor computes logarithms of small whole numbers in single precision


def schools():
    with pymc.Model() as model:
        mu = pymc.Normal("mu", 0, 5)
        tau = pymc.HalfCauchy("tau", 5)
        z = pymc.Normal("z", 0, 1, shape=8)
        theta = pymc.Deterministic("theta", mu + tau * z)
        pymc.Normal("effects", theta, posteriors.ERRORS, observed=posteriors.EFFECTS)
    return model


def logistic():
    with pymc.Model() as model:
        weights = pymc.Normal("weights", 0, posteriors.PRIOR_SD, shape=4)
        pymc.Bernoulli("labels", logit_p=posteriors.PREDICTORS @ weights, observed=posteriors.LABELS)
    return model


def values_at(density, x):
    with jax.enable_x64(True):
        return np.asarray(jax.vmap(density)(jnp.asarray(x)))


def test_eight_schools():
    model = from_pymc(schools())
    x = posteriors.points(10)
    expected = [posteriors.schools(point) for point in x]
    np.testing.assert_allclose(values_at(model.density.log_prob, x), expected, rtol=SINGLE)
    assert model.density.log_likelihood is None
    values = model.parameters(x)
    np.testing.assert_allclose(values["theta"], x[:, :1] + np.exp(x[:, 1:2]) * x[:, 2:])


def test_a_gaussian_prior_is_the_base():
    density = from_pymc(logistic()).density
    np.testing.assert_allclose(density.base.scale, posteriors.PRIOR_SD)
    x = posteriors.points(4)
    expected = [posteriors.logistic(point) for point in x]
    np.testing.assert_allclose(values_at(density.log_prob, x), expected, rtol=SINGLE)


def test_it_equals_what_pymc_compiles_itself():
    with pymc.Model() as model:
        scale = pymc.LogNormal("scale", 1, 2)
        shares = pymc.Dirichlet("shares", np.ones(3))
        pymc.Potential("tilt", -scale * shares[0])
    adapted = from_pymc(model)
    compiled = model.compile_logp()
    names = [variable.name for variable in model.value_vars]
    x = posteriors.points(3)
    expected = [float(compiled(dict(zip(names, (point[0], point[1:]), strict=True)))) for point in x]
    np.testing.assert_allclose(values_at(adapted.density.log_prob, x), expected, rtol=SINGLE)
    assert "tilt" in adapted.evidence


def test_the_precision_of_jax_stays_as_it_is():
    assert not jax.config.jax_enable_x64
    density = from_pymc(logistic()).density
    assert not jax.config.jax_enable_x64
    assert jax.jit(density.log_prob)(jnp.zeros(4)).dtype == jnp.float32


def test_a_sampler_runs_on_it():
    sampler = bridgemark.get_sampler("smc").at_most(Limits(runs=1, particles=128, temperatures=10))
    row = bridgemark.run(sampler, from_pymc(logistic()).target("logistic"), draws=128)
    assert (row.status, row.reason) == ("ok", None)


def discrete():
    pymc.Poisson("k", 3.0)


def improper():
    pymc.Flat("mu")


def observed_only():
    pymc.Normal("y", observed=0.0)


@pytest.mark.parametrize(
    ("declare", "complaint"),
    [
        (discrete, "'k' is discrete; sum it out"),
        (improper, "prior of 'mu' is improper; choose a proper one"),
        (observed_only, "has no parameters"),
    ],
)
def test_a_model_that_is_no_density_is_refused_with_the_cure(declare, complaint):
    with pymc.Model() as model:
        declare()
    with pytest.raises(BadInput, match=complaint):
        from_pymc(model)
