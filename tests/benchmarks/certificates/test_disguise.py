"""A target in disguise is the same density, and samplers that know targets by sight are seen."""

import jax
import numpy as np
import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.certificates.disguise import draw_disguise, put_on
from bridgemark.benchmarks.certificates.recognition import compare
from bridgemark.benchmarks.certificates.small_runs import TINY

from support.cheats import Recognises
from support.mutants import CORRECT

# Samplers are written as plug-ins are: they leave it to JAX to add axes.
pytestmark = pytest.mark.implicit_broadcasting

TARGETS = ("gmm9", "funnel-10", "ionosphere-35", "smooth-moons-2-a")


def build(name):
    return registry.build(name, registry.load_target(name))


@pytest.mark.parametrize("name", TARGETS)
def test_it_is_the_same_density_in_other_coordinates(name, x64):
    target = build(name)
    disguise = draw_disguise(np.random.default_rng(0), target)
    disguised, own = put_on(disguise, target).density, target.density
    x = own.base.sample(jax.random.key(0), 50)
    hidden = jax.vmap(disguise.forward)(x)
    np.testing.assert_allclose(jax.vmap(disguise.inverse)(hidden), x)
    assert not np.allclose(hidden, x)

    def values(density, points):
        return [np.asarray(jax.vmap(f)(points)) for f in (density.log_prob, density.base.log_prob)]

    log_prob, log_base = values(own, x)
    log_prob_hidden, log_base_hidden = values(disguised, hidden)
    np.testing.assert_allclose(log_prob_hidden - disguise.log_constant, log_prob)
    np.testing.assert_allclose(log_base_hidden, log_base)
    z = np.asarray((hidden - disguised.base.loc) / disguised.base.scale)
    expected = -0.5 * np.sum(z**2, axis=1) - np.sum(np.log(disguised.base.scale))
    np.testing.assert_allclose(np.ptp(log_base_hidden - expected), 0, atol=1e-6)
    drawn = jax.vmap(disguise.inverse)(disguised.base.sample(jax.random.key(0), 50))
    np.testing.assert_allclose(drawn, x)


def test_a_joint_is_disguised_with_its_prior_and_simulator(x64):
    target = build("smooth-moons-2-a")
    disguise = draw_disguise(np.random.default_rng(1), target)
    hidden, own = put_on(disguise, target).density, target.density
    x = own.base.sample(jax.random.key(0), 1)[0]
    there, key = disguise.forward(x), jax.random.key(1)
    np.testing.assert_allclose(hidden.joint.log_prob(there, own.y), own.joint.log_prob(x, own.y))
    np.testing.assert_allclose(hidden.joint.simulate(key, there), own.joint.simulate(key, x))
    np.testing.assert_allclose(hidden.log_likelihood(there), own.log_likelihood(x))


@pytest.mark.parametrize("sampler", CORRECT)
def test_correct_samplers_are_the_same_in_disguise(sampler):
    """Ten disguises at a level of 1e-4 each: a false alarm in one of a thousand tests."""
    target, noise = build("gmm9"), np.random.default_rng(0)
    for seed in range(10):
        complaint = compare(CORRECT[sampler].at_most(TINY), target, draw_disguise(noise, target), seed, 1e-4)
        assert complaint is None


def test_what_knows_a_target_is_seen():
    target = build("gmm9")
    disguise = draw_disguise(np.random.default_rng(0), target)
    sampler = Recognises(target=target)
    assert compare(sampler, target, disguise, 0, 1e-6) == "other answers"
    other = build("banana-2")
    assert compare(sampler, other, draw_disguise(np.random.default_rng(0), other), 0, 1e-4) is None
