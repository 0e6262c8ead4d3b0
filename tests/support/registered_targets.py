"""The registered targets, each built once, with points and exact draws to evaluate them at."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from bridgemark.benchmarks import registry
from bridgemark.targets.base import Target

BUILDERS = registry.targets()
KEY = jax.random.key(20240607)
LIMIT = 6.0  # standard errors: 2e-9 a comparison under the normal law, 1e-6 over the few hundred of a test

every_target = pytest.mark.parametrize("name", BUILDERS)


@cache
def build(name: str) -> Target:
    """The target of this name."""
    return BUILDERS[name]()


@cache
def exact_draws(name: str) -> Array:
    """20,000 exact draws of the target in single precision, always the same."""
    with jax.enable_x64(False):  # whichever test asks first
        return jax.jit(build(name).sample, static_argnums=1)(KEY, 20_000)


def base_points(target: Target, n: int) -> Array:
    """n draws of the target's base, in the precision in force."""
    return target.density.base.sample(jax.random.key(1), n)


def assert_expectation(samples, expected, sd=None):
    """The mean of (n, k) samples is `expected` to LIMIT standard errors, from a known or the measured sd."""
    samples = np.asarray(samples, dtype=float)
    error = (samples.std(axis=0) if sd is None else sd) / np.sqrt(len(samples))
    np.testing.assert_array_less(np.abs(samples.mean(axis=0) - expected), LIMIT * error + 1e-12)


def flops_of_value_and_gradient(target: Target) -> float:
    """Floating-point operations of the compiled log density with its gradient, as XLA counts them."""
    both = jax.jit(jax.value_and_grad(target.density.log_prob))
    return both.lower(jnp.zeros(target.density.dim)).compile().cost_analysis()["flops"]
