"""What the pilot saw decides which families run, from where, and how large they are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks.advise.families import FAMILIES
from bridgemark.benchmarks.advise.plan import GRADIENTS, covering_moments, lanes_for, sized, working_density
from bridgemark.benchmarks.rows.cost import total
from bridgemark.targets.base import Density, gaussian_base

from support.family_draws import pilot, unit_mode

FAR = np.array([30.0, 0.0])
TWO = pilot(unit_mode(np.zeros(2)), unit_mode(FAR))
ONE = pilot(unit_mode(np.zeros(2)), unit_mode(FAR, log_prob=-20.0))


def test_tempering_takes_the_place_of_the_gaussian_fit_where_there_are_two_basins():
    assert {name for lane in lanes_for(TWO) for name in lane} == {"nuts", "dds", "smc", "parallel-tempering"}
    for seen in (ONE, None, pilot()):
        assert {name for lane in lanes_for(seen) for name in lane} == {"nuts", "dds", "smc", "pathfinder"}


def test_the_base_covers_all_basins():
    """Two normals with covariance I at 0 and FAR: mean FAR / 2, and a variance of 1 + 15^2 between them."""
    mean, factor = covering_moments(TWO.modes)
    np.testing.assert_allclose(mean, FAR / 2)
    np.testing.assert_allclose(factor @ factor.T, np.diag([1 + 15.0**2, 1.0]))


def test_a_new_base_changes_the_start_alone():
    density = Density(2, lambda x: -0.5 * jnp.sum(x**2), gaussian_base(np.zeros(2), np.ones(2)))
    assert working_density(ONE, density) is density
    assert working_density(None, density) is density
    moved = working_density(TWO, density)
    assert (moved.dim, moved.log_prob) == (density.dim, density.log_prob)
    np.testing.assert_allclose(moved.base.loc, FAR / 2)


@pytest.mark.parametrize("name", FAMILIES)
def test_what_takes_too_long_is_smaller(name):
    family = FAMILIES[name]
    assert sized(name, pilot(), 1.0) == family
    assert sized(name, None, 1.0) == family
    slow = sized(name, pilot()._replace(batched_gradient_seconds=1e-3), 10.0)
    assert slow.draws < family.draws
    assert slow.sampler == family.sampler.scaled(max(0.5 * 10 / (1e-3 * GRADIENTS[name]), 0.05))


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_gradients_of_a_full_size_are_what_a_normal_takes_or_more(name):
    """Chains and optimisers need more where a density is less round; the others about as many anywhere."""
    family = FAMILIES[name]
    density = Density(5, lambda x: -2 * jnp.sum((x - 1) ** 2), gaussian_base(np.zeros(5), np.ones(5)))
    fit = jax.jit(lambda key: family.sampler.fit(key, density))(jax.random.key(0))
    draw = jax.jit(lambda key, state: family.sampler.sample(key, density, state, family.draws)[1])
    drawn = draw(jax.random.key(1), fit.state)
    spent = total(fit.evals).gradients + family.rounds * total(drawn.evals).gradients
    assert spent <= 1.1 * GRADIENTS[name]
    if name not in ("nuts", "pathfinder"):
        assert spent >= 0.9 * GRADIENTS[name]
