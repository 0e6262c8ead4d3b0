"""The plain reference of the timing suite, against which the core is raced, computes the same losses."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from timings.plain import Network, Plain

from bridgemark.samplers.dds import DDS
from bridgemark.samplers.pathspace import control
from bridgemark.samplers.pathspace.losses import Batch, LogVariance, Parameters, Problem, ReverseKL
from bridgemark.targets.funnel import funnel

pytestmark = pytest.mark.usefixtures("x64")

DIM, STEPS, BATCH = 3, 6, 20


def network():
    """The plain network with last layers that are not zero."""
    fresh = Network(jax.random.key(0), DIM, 8)
    keys = jax.random.split(jax.random.key(1), 2)
    weights = [0.3 * jax.random.normal(key, (DIM, 8)) for key in keys]
    return eqx.tree_at(lambda n: (n.last.weight, n.scale.weight), fresh, weights)


def same_noise(key):
    """What the plain reference draws from this key."""
    key_start, key_steps = jax.random.split(key)
    keys = jax.random.split(key_steps, STEPS)
    noise = jnp.stack([jax.random.normal(key, (BATCH, DIM)) for key in keys], axis=1)
    return Batch(jax.random.normal(key_start, (BATCH, DIM)), noise)


@pytest.mark.parametrize("loss", [ReverseKL(sticking_the_landing=False), LogVariance()], ids=str)
def test_the_plain_reference_agrees_with_the_core_on_the_same_noise(loss):
    log_prob, plain, key = funnel("funnel-3", DIM).density.log_prob, network(), jax.random.key(2)
    reference = Plain(log_prob, DIM, STEPS, BATCH)
    plain_loss = {ReverseKL: reference.reverse_kl, LogVariance: reference.log_variance}[type(loss)]
    expected, gradient = jax.value_and_grad(plain_loss, has_aux=True)(plain, key)

    # The same leaves in the same order make the core's network.
    ours = jax.tree.structure(control.Network(key, DIM, 8)).unflatten(jax.tree.leaves(plain))
    sampler = DDS(steps=STEPS)
    given = Problem(lambda networks: sampler.path_measure(networks, log_prob), log_prob, same_noise(key))
    parameters = Parameters(ours, jnp.zeros(()))
    (value, outcome), slope = jax.value_and_grad(loss, has_aux=True)(parameters, given)
    np.testing.assert_allclose(outcome.log_weights, expected[1], rtol=1e-9)
    np.testing.assert_allclose(value, expected[0], rtol=1e-9)
    for found, plainly in zip(*map(jax.tree.leaves, (slope.networks, gradient)), strict=True):
        np.testing.assert_allclose(found, plainly, atol=1e-9 * np.max(np.abs(plainly)) + 1e-12)
