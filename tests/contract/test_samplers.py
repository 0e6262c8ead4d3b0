"""Every sampler: its draws are a function of the key, and have the promised shape and precision."""

import jax
import numpy as np
import pytest

from bridgemark.benchmarks.sweep.phases import with_exact_draws
from bridgemark.samplers.base import Unsupported

from support.compilations import recorded_compilations
from support.sampler_runs import every_class, small_sampler
from support.small_targets import mixture

DRAWS = 40
EVALUATES_NOTHING = {"oracle"}
NEEDS_TWO_DIMENSIONS = {"mclmc", "adjusted-mclmc"}  # a direction on a line has no room to turn


def programs(name, dim):
    """`fit` and `sample` of a small sampler on two modes, to be compiled when they are first called."""
    target = mixture(dim)
    sampler = with_exact_draws(small_sampler(name), target.sample)
    fit = jax.jit(lambda key: sampler.fit(key, target.density))
    sample = jax.jit(lambda key, state: sampler.sample(key, target.density, state, DRAWS))
    return fit, sample


def check(name, fit, draws, dim, dtype):
    """Draws have their shapes and the precision in force, and are finite; evaluations are integers."""
    assert draws.x.dtype == dtype
    assert np.all(np.isfinite(draws.x))
    chains, length, width = draws.x.shape
    assert (chains * length, width) == (DRAWS, dim)
    if draws.log_weights is not None:
        assert draws.log_weights.shape == (chains, length)
        assert np.all(np.isfinite(draws.log_weights))
    if draws.log_z is not None:
        assert draws.log_z.ndim == 1
        assert np.all(np.isfinite(draws.log_z))
    for evals in (fit.evals, draws.evals):
        assert all(np.issubdtype(count.dtype, np.integer) for count in evals)
    assert sum(int(np.sum(count)) for count in draws.evals) >= (0 if name in EVALUATES_NOTHING else DRAWS)


@every_class
def test_draws_are_a_function_of_the_key_and_later_calls_compile_nothing(name):
    fit, sample = programs(name, 2)
    keys = [jax.random.split(jax.random.key(seed)) for seed in (1, 1, 2)]
    with recorded_compilations() as at_first:
        fitted = fit(keys[0][0])
        state, draws = sample(keys[0][1], fitted.state)
    check(name, fitted, draws, 2, np.float32)
    with recorded_compilations() as later:
        _, repeated = sample(keys[1][1], fit(keys[1][0]).state)
        _, different = sample(keys[2][1], fit(keys[2][0]).state)
        _, continued = sample(keys[2][1], state)  # from where the first draws ended
    assert at_first
    assert later == []
    np.testing.assert_array_equal(draws.x, repeated.x)
    assert not np.any(np.all(draws.x == different.x, axis=-1))
    assert not np.any(np.all(draws.x == continued.x, axis=-1))


@pytest.mark.slow  # every certificate says so, too
@every_class
def test_one_dimension_and_double_precision(name):
    with jax.enable_x64(True):
        fit, sample = programs(name, 1)
        keys = jax.random.split(jax.random.key(3))
        if name in NEEDS_TWO_DIMENSIONS:
            with pytest.raises(Unsupported, match="two dimensions"):
                sample(keys[1], fit(keys[0]).state)
            return
        fitted = fit(keys[0])
        check(name, fitted, sample(keys[1], fitted.state)[1], 1, np.float64)
