"""Supports: values lie inside, the map back is its inverse, and the log-Jacobian is that of the map."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks.adapters.layout import Parameters
from bridgemark.benchmarks.adapters.supports import Correlation, Interval, Ordered, Positive, Real, Simplex

SUPPORTS = [
    Real((2, 3)),
    Positive(),
    Positive((2,)),
    Interval(-1.0, 3.0, (2,)),
    Simplex(2),
    Simplex(5),
    Ordered(4),
    Correlation(2),
    Correlation(4),
]
INSIDE = {
    Real: lambda value: True,
    Positive: lambda value: np.all(value > 0),
    Interval: lambda value: np.all((value > -1) & (value < 3)),
    Simplex: lambda value: np.all(value > 0) and np.isclose(np.sum(value), 1),
    Ordered: lambda value: np.all(np.diff(value) > 0),
    Correlation: lambda value: np.allclose(np.diag(value), 1) and np.all(np.linalg.eigvalsh(value) > 0),
}
# The entries of a value that a density is one of.
COORDINATES = {
    Simplex: lambda value: value[:-1],
    Correlation: lambda value: value[np.tril_indices(value.shape[0], -1)],
}

pytestmark = pytest.mark.usefixtures("x64")
per_support = pytest.mark.parametrize("support", SUPPORTS, ids=repr)


def points(support):
    return jnp.asarray(2 * np.random.default_rng(3).normal(size=(5, support.size)))


@per_support
def test_values_lie_inside_and_map_back(support):
    for x in points(support):
        value = support.constrain(x).value
        assert value.shape == support.shape
        assert INSIDE[type(support)](np.asarray(value))
        np.testing.assert_allclose(support.unconstrain(value), x, atol=1e-9)


@per_support
def test_the_log_jacobian_is_that_of_the_map(support):
    coordinates = COORDINATES.get(type(support), jnp.ravel)
    for x in points(support):
        jacobian = jax.jacfwd(lambda x: coordinates(support.constrain(x).value))(x)
        _, expected = np.linalg.slogdet(jacobian)
        np.testing.assert_allclose(support.constrain(x).log_jacobian, expected, rtol=1e-9, atol=1e-9)


def test_the_centre_of_a_simplex_is_at_zero():
    np.testing.assert_allclose(Simplex(4).constrain(jnp.zeros(3)).value, 0.25)


def test_parameters_lie_one_after_another():
    named = Parameters({"a": Real((2,)), "b": Positive(), "c": Simplex(3)})
    x = jnp.asarray(np.arange(5.0) / 4)
    values, log_jacobian = named.constrain(x)
    np.testing.assert_allclose(values["a"], x[:2])
    np.testing.assert_allclose(values["b"], np.exp(x[2]))
    expected = x[2] + Simplex(3).constrain(x[3:]).log_jacobian
    np.testing.assert_allclose(log_jacobian, expected)
    np.testing.assert_allclose(named.unconstrain(values), x, atol=1e-12)
