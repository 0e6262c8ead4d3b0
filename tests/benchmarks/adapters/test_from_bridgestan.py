"""Stan programs by BridgeStan: against a library with its C interface, and against Stan where it is there.

`nox -s adapters` has BridgeStan's Python package. Stan's sources are fetched by BridgeStan at its first use,
and the test of a Stan program is skipped where they are not there yet.
"""

import shutil
import subprocess

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import bridgemark
from bridgemark import from_bridgestan
from bridgemark.benchmarks.errors import BadInput
from bridgemark.samplers.base import Limits

from support import posteriors
from support.project import ROOT

bridgestan = pytest.importorskip("bridgestan", reason="nox -s adapters installs BridgeStan")

SCHOOLS = """
data { int<lower=0> n; vector[n] effects; vector<lower=0>[n] errors; }
parameters { real mu; real<lower=0> tau; vector[n] z; }
transformed parameters { vector[n] theta = mu + tau * z; }
model {
  mu ~ normal(0, 5);
  tau ~ cauchy(0, 5) T[0, ];
  z ~ normal(0, 1);
  effects ~ normal(theta, errors);
}
"""


def no_stan():
    """Why a Stan program cannot be compiled here, or None. Nothing is fetched."""
    if not (shutil.which("make") and shutil.which("c++")):
        return "Stan needs make and a C++ compiler"
    return None if bridgestan.compile.get_bridgestan_path(download=False) else "Stan's sources are not here"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The hand-written model of `line_model.c`."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    path = tmp_path_factory.mktemp("stan") / "line_model.so"
    source = ROOT / "tests" / "support" / "line_model.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-w", "-o", path, source, "-lm"], check=True)
    return path


def log_density(x):
    return stats.norm.logpdf(x[0]) + stats.expon.logpdf(np.exp(x[1])) + x[1]


def test_values_and_gradients(library, x64):
    density = from_bridgestan(library).density
    assert density.dim == 2
    x = posteriors.points(2)
    values, slopes = jax.vmap(jax.value_and_grad(density.log_prob))(jnp.asarray(x))
    np.testing.assert_allclose(values, [log_density(point) for point in x], rtol=1e-12)
    np.testing.assert_allclose(slopes, np.stack([-x[:, 0], 1 - np.exp(x[:, 1])], axis=1), rtol=1e-12)


def test_a_point_that_stan_rejects_has_density_zero(library):
    density = from_bridgestan(library).density
    value, slope = jax.value_and_grad(density.log_prob)(jnp.asarray([60.0, 0.0]))
    assert value == -jnp.inf
    np.testing.assert_array_equal(slope, 0)


def test_arrays_come_back_in_their_shapes(library):
    values = from_bridgestan(library).parameters(np.zeros((4, 5, 2)))
    assert values["level"].shape == (4, 5)
    assert values["table"].shape == (4, 5, 2, 3)
    np.testing.assert_array_equal(values["table"][3, 4], [[12.0, 13.0, 14.0], [22.0, 23.0, 24.0]])


def test_a_sampler_runs_on_it(library):
    sampler = bridgemark.get_sampler("smc").at_most(Limits(runs=1, particles=128, temperatures=10))
    row = bridgemark.run(sampler, from_bridgestan(library).target("line"), draws=128)
    assert (row.status, row.reason) == ("ok", None)


def test_data_that_do_not_fit_are_refused(library):
    with pytest.raises(BadInput, match=r"does not fit its data.*variable does not exist: n"):
        from_bridgestan(library, {"wrong": 1})


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BadInput, match="there is no file"):
        from_bridgestan(tmp_path / "missing.stan")


@pytest.mark.slow  # a minute of C++
@pytest.mark.skipif(no_stan() is not None, reason=str(no_stan()))
def test_a_stan_program(tmp_path, x64):
    path = tmp_path / "schools.stan"
    path.write_text(SCHOOLS)
    data = {"n": 8, "effects": posteriors.EFFECTS, "errors": posteriors.ERRORS}
    model = from_bridgestan(path, data)
    x = posteriors.points(10)
    values = jax.vmap(model.density.log_prob)(jnp.asarray(x))
    np.testing.assert_allclose(values, [posteriors.schools(point) for point in x], rtol=1e-12)
    theta = x[:, :1] + np.exp(x[:, 1:2]) * x[:, 2:]
    np.testing.assert_allclose(model.parameters(x)["theta"], theta, rtol=1e-12)
