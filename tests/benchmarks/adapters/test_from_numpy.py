"""Densities in NumPy: derivatives that JAX can use, one call per batch, and samplers of every kind."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import bridgemark
from bridgemark import Positive, Real, from_numpy, gaussian_base
from bridgemark.benchmarks.adapters.host_function import HostFunction, differentiable
from bridgemark.benchmarks.errors import BadInput
from bridgemark.samplers.base import Limits

from support import posteriors

# Not quadratic, so that central differences have an error: log p = -cosh(a . x) - x'x / 2.
DIRECTION = np.array([0.5, -1.0, 0.25])


def log_prob(x):
    return -np.cosh(DIRECTION @ x) - 0.5 * x @ x


def gradient(x):
    return -np.sinh(DIRECTION @ x) * DIRECTION - x


def hessian(x):
    return -np.cosh(DIRECTION @ x) * np.outer(DIRECTION, DIRECTION) - np.eye(3)


@pytest.fixture(params=["gradient", "differences", "batched"])
def density(request):
    """The same density, brought in each way."""
    ways = {
        "gradient": lambda: from_numpy(log_prob, gradient, 3),
        "differences": lambda: from_numpy(log_prob, dim=3),
        "batched": lambda: from_numpy(
            lambda x: np.array([log_prob(point) for point in x]),
            lambda x: np.array([gradient(point) for point in x]),
            3,
            batched=True,
        ),
    }
    return ways[request.param]().density


def test_values_and_both_derivatives(density, x64):
    vector = jnp.asarray([1.0, -2.0, 0.5])
    for x in posteriors.points(3):
        value, slope = jax.value_and_grad(density.log_prob)(jnp.asarray(x))
        np.testing.assert_allclose(value, log_prob(x), rtol=1e-12)
        np.testing.assert_allclose(slope, gradient(x), atol=1e-8)
        (product,) = jax.vjp(jax.grad(density.log_prob), jnp.asarray(x))[1](vector)
        np.testing.assert_allclose(product, hessian(x) @ np.asarray(vector), atol=1e-4)


def test_derivatives_in_forward_mode(density, x64):
    x, tangent = jnp.asarray([0.1, 0.2, 0.3]), jnp.asarray([1.0, 0.0, 2.0])
    _, derivative = jax.jvp(density.log_prob, (x,), (tangent,))
    np.testing.assert_allclose(derivative, gradient(np.asarray(x)) @ np.asarray(tangent), atol=1e-8)


def test_a_batch_is_one_call():
    calls = []

    def value(points):
        calls.append(points.shape)
        assert points.dtype == np.float64
        return -np.sum(points**2, axis=1)

    function = differentiable(HostFunction(value, lambda points: (value(points), -2 * points)))
    values = jax.jit(jax.vmap(jax.vmap(function)))(jnp.ones((5, 7, 2)))
    assert values.shape == (5, 7)
    assert values.dtype == jnp.float32
    slopes = jax.jit(jax.vmap(jax.grad(function)))(jnp.ones((7, 2)))
    np.testing.assert_allclose(slopes, -2)
    assert calls == [(35, 2), (7, 2)]


def test_named_parameters(x64):
    def log_prob(values):
        assert type(values["tau"]) is np.float64 or values["tau"].shape == ()
        return posteriors.schools(
            np.concatenate([[values["mu"], np.log(values["tau"])], values["z"]])
        ) - np.log(values["tau"])

    density = from_numpy(log_prob, parameters={"mu": Real(), "tau": Positive(), "z": Real((8,))}).density
    x = posteriors.points(10)
    expected = [posteriors.schools(point) for point in x]
    np.testing.assert_allclose(jax.vmap(density.log_prob)(jnp.asarray(x)), expected, rtol=1e-10)


def test_a_gradient_by_name(x64):
    model = from_numpy(
        lambda values: -values["s"] - values["a"] @ values["a"],
        lambda values: {"s": -1.0, "a": -2 * values["a"]},
        parameters={"a": Real((2,)), "s": Positive()},
    )
    slope = jax.grad(model.density.log_prob)(jnp.asarray([0.5, -1.0, 0.3]))
    np.testing.assert_allclose(slope, [-1.0, 2.0, 1 - np.exp(0.3)], rtol=1e-12)


def logistic_target():
    prior = gaussian_base(np.zeros(4), np.full(4, posteriors.PRIOR_SD))
    signed = (2 * posteriors.LABELS - 1)[:, None] * posteriors.PREDICTORS
    return from_numpy(
        lambda x: -np.sum(np.logaddexp(0, -x @ signed.T), axis=1),
        lambda x: (1 / (1 + np.exp(x @ signed.T))) @ signed,
        4,
        prior=prior,
        batched=True,
    ).target("logistic")


@pytest.mark.parametrize("name", ["nuts", "smc"])
def test_samplers_run_on_it(name):
    row = bridgemark.run(bridgemark.get_sampler(name).at_most(SMALL), logistic_target(), draws=200)
    assert (row.status, row.reason) == ("ok", None)


@pytest.mark.slow
def test_a_path_sampler_trains_on_it():
    sampler = bridgemark.get_sampler("dds").at_most(
        Limits(steps=8, updates=10, batch=32, particles=64, pilot=64)
    )
    row = bridgemark.run(sampler, logistic_target(), draws=64)
    assert (row.status, row.reason) == ("ok", None)


SMALL = Limits(chains=2, warm_up=100, runs=1, particles=128, temperatures=10)


@pytest.mark.parametrize(
    ("functions", "complaint"),
    [
        ((lambda x: x**2,), r"with 3 numbers.*log_prob returns an array of shape \(3,\)"),
        ((lambda x: -x @ x, lambda x: x[0]), r"gradient returns an array of shape \(\), .* \(3,\)"),
        ((lambda x: np.ones((2, 2)) @ x @ x,), "with 3 numbers: ValueError: matmul"),
        ((lambda x: np.nan * x[0],), r"NaN or \+inf at 64 of 64"),
    ],
)
def test_a_function_that_cannot_be_used_is_refused(functions, complaint):
    with pytest.raises(BadInput, match=complaint):
        from_numpy(*functions, dim=3)


def test_batched_functions_take_no_names():
    with pytest.raises(BadInput, match="give dim instead of parameters"):
        from_numpy(lambda x: 0.0, parameters={"a": Real()}, batched=True)
