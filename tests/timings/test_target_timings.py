"""Value and gradient of every registered target, a batch of 64 points, compiled."""

import jax
import pytest

from bridgemark.benchmarks import registry

BATCH = 64
BUILDERS = registry.targets()


@pytest.mark.parametrize("name", BUILDERS)
def test_value_and_gradient(benchmark, name):
    target = BUILDERS[name]()
    x = target.density.base.sample(jax.random.key(0), BATCH)
    compiled = jax.jit(jax.vmap(jax.value_and_grad(target.density.log_prob))).lower(x).compile()
    value, gradient = benchmark(lambda: jax.block_until_ready(compiled(x)))
    assert (value.shape, gradient.shape) == ((BATCH,), (BATCH, target.density.dim))
