"""Amortised posterior samplers: proper weights, one fit for every y, and nothing of y or density in `fit`."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from bridgemark.samplers.base import Unsupported
from bridgemark.samplers.bridge_posterior import BridgePosterior
from bridgemark.samplers.dds_posterior import DDSPosterior
from bridgemark.samplers.pathspace.path_measure import features_at, reverse
from bridgemark.samplers.pathspace.paths import backward_log_likelihood, simulate
from bridgemark.targets import funnel
from bridgemark.targets.base import About, Joint, gaussian_base
from bridgemark.targets.linear_gaussian import JOINT, TARGETS
from bridgemark.targets.posteriors import PosteriorFamily, PosteriorTruths

LIMIT = 5.0  # standard errors: a false alarm of 6e-7 a comparison under the normal law
SAMPLERS = {"dds": DDSPosterior(horizon=5.0), "bridge": BridgePosterior()}

both_samplers = pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)


def draw(sampler, target, state, n):
    sample = jax.jit(lambda key, state: sampler.sample(key, target.density, state, n))
    return sample(jax.random.key(2), state)[1]


def faint():
    """y = x / 2 + noise: a posterior so wide that untrained paths cover it."""

    joint = Joint(
        dim=1,
        dim_y=1,
        prior=gaussian_base(np.array([0.5]), np.array([1.5])),
        simulate=lambda key, x: 0.5 * x + jax.random.normal(key, x.shape, x.dtype),
        log_likelihood=lambda x, y: -0.5 * jnp.sum((y - 0.5 * x) ** 2 + np.log(2 * np.pi)),
    )
    return PosteriorFamily("faint", joint, lambda name, y: PosteriorTruths(), {}, About("", ""))


@both_samplers
def test_the_mean_weight_is_the_evidence_for_any_networks(sampler):
    """Random networks, a prior that is not N(0, I), and y ~ N(mean / 2, variance / 4 + 1)."""
    target = faint().condition(np.array([1.2]))
    small = replace(sampler, updates=2, steps=4, batch=8, pilot=50, horizon=1.0)
    state = small.fit(jax.random.key(0), target.density).state
    rough = jax.tree.map(
        lambda leaf: leaf + 0.1 * jnp.cos(jnp.arange(leaf.size)).reshape(leaf.shape),
        eqx.filter(state.forward.parameters, eqx.is_inexact_array),
    )
    rough = eqx.combine(rough, state.forward.parameters)
    state = state._replace(forward=state.forward._replace(parameters=rough))
    weights = np.exp(np.asarray(draw(small, target, state, 40_000).log_weights, float))
    variance = 1.5**2 / 4 + 1
    evidence = np.exp(-0.5 * (1.2 - 0.25) ** 2 / variance) / np.sqrt(2 * np.pi * variance)
    error = np.std(weights) / np.sqrt(weights.size)
    assert 0 < error < 0.05 * evidence
    assert abs(np.mean(weights) - evidence) < LIMIT * error


@both_samplers
def test_fit_looks_at_neither_the_observation_nor_the_density(sampler):
    def refuse(x):
        raise AssertionError("the density was evaluated")

    small = replace(sampler, updates=2, steps=3, batch=4, pilot=10)
    target = TARGETS[next(iter(TARGETS))]()
    blind_joint = replace(JOINT, log_likelihood=lambda x, y: refuse(x))
    blind = replace(target.density, log_prob=refuse, y=None, joint=blind_joint)
    found, expected = (small.fit(jax.random.key(0), t).state for t in (blind, target.density))
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@both_samplers
def test_a_target_without_a_joint_is_unsupported(sampler):
    with pytest.raises(Unsupported, match="joint"):
        sampler.fit(jax.random.key(0), funnel.TARGETS["funnel-10"]().density)


def test_a_reversed_path_measure_has_the_forward_kernels_as_backward_ones():
    """The ratio F/R of a path, taken as the backward likelihood of the reversed measure, by hand."""
    sampler = BridgePosterior(steps=5, width=8)
    keys = jax.random.split(jax.random.key(1), 2)
    networks = [
        jax.tree.map(lambda leaf: leaf + 0.1, sampler.network(key, JOINT), is_leaf=eqx.is_array)
        for key in keys
    ]
    y = jnp.linspace(-1, 1, JOINT.dim_y)
    measure = sampler.conditional_measure(*networks, y)
    noise = jax.random.normal(keys[0], (5, JOINT.dim))
    path = simulate(reverse(measure), jnp.ones(JOINT.dim), noise)
    x, expected = path.x[::-1], 0.0
    decay, gain, variance = measure.chain.forward
    for k in range(5):
        control, log_scale = measure.forward.shift(features_at(measure.forward.features, k), x[k], None)
        displacement, deviation = x[k + 1] - (1 - decay[k]) * x[k], np.sqrt(variance[k])
        shifted = scipy.stats.norm.logpdf(displacement, gain[k] * control, deviation * np.exp(log_scale))
        expected += np.sum(shifted - scipy.stats.norm.logpdf(displacement, 0, deviation))
    likelihood = backward_log_likelihood(reverse(measure), path)
    np.testing.assert_allclose(likelihood, expected, rtol=1e-3)
    twice_reversed = reverse(reverse(measure)).chain
    leaves = zip(jax.tree.leaves(twice_reversed[:3]), jax.tree.leaves(measure.chain[:3]), strict=True)
    for ours, theirs in leaves:
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.slow
@both_samplers
def test_one_fit_serves_every_observation(sampler):
    """Every registered y of the linear-Gaussian joint, against its exact evidence and posterior."""
    targets = [build() for build in TARGETS.values()]
    state = jax.jit(lambda key: sampler.fit(key, targets[0].density))(jax.random.key(0)).state
    for target in targets:
        draws = draw(sampler, target, state, 8_192)
        log_weights = np.asarray(draws.log_weights, float).ravel()
        weights = np.exp(log_weights - log_weights.max())
        log_z = np.log(np.mean(weights)) + log_weights.max()
        assert abs(log_z - target.log_z.value) < 0.1
        assert np.sum(weights) ** 2 / np.sum(weights**2) > 0.4 * weights.size
        known = next(statistic for statistic in target.statistics if statistic.name == "x")
        means = weights @ np.asarray(draws.x[:, 0], float) / np.sum(weights)
        assert np.all(np.abs(means - known.mean) < 0.1 * known.sd)
