"""Training and drawing on two devices give the numbers of one, up to rounding."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import jax
import numpy as np
import pytest

from bridgemark.samplers.base import Limits, Sampler
from bridgemark.samplers.common.parallel import over_devices
from bridgemark.samplers.pathspace.losses import LogVariance, ReverseKL
from bridgemark.targets.funnel import funnel

from support.processes import configure_quickly
from support.sampler_runs import SAMPLERS

SMALL = Limits(steps=4, updates=3, batch=32, pilot=0, warm_up=20)


def with_loss(name, loss):
    """A narrow path sampler with this loss."""
    return replace(SAMPLERS[name], width=8, loss=loss, loss_one_basin=loss)


CASES = {
    "dds": with_loss("dds", ReverseKL()),
    "bridge": with_loss("bridge", LogVariance()),
    "hmc": replace(SAMPLERS["hmc"], leapfrog_steps=2),  # few: rounding grows along a trajectory
}


def numbers(sampler: Sampler):
    """The number of devices, and traces, draws and weights of a small run."""
    sampler, density = sampler.at_most(SMALL), funnel("funnel-2", 2).density

    def both(key):
        fit = sampler.fit(key, density)
        return fit.info, sampler.sample(key, density, fit.state, 24)[1][:2]

    return len(jax.devices()), jax.tree.map(np.asarray, jax.jit(both)(jax.random.key(0)))


@pytest.fixture(scope="module")
def two_devices():
    """A process with two devices, on two cores where there are, in double precision."""
    settings = {"initializer": configure_quickly, "initargs": ((0, 1), "float64")}
    with ProcessPoolExecutor(1, get_context("spawn"), **settings) as process:
        yield process


@pytest.mark.parametrize("name", CASES)
def test_two_devices_give_the_numbers_of_one(two_devices, name):
    pending = two_devices.submit(numbers, CASES[name])
    with jax.enable_x64(True):
        devices, expected = numbers(CASES[name])
    devices_there, there = pending.result()
    assert (devices, devices_there) == (1, 2)
    assert all(map(np.any, jax.tree.leaves(expected[1])))
    for leaf, leaf_there in zip(jax.tree.leaves(expected), jax.tree.leaves(there), strict=True):
        np.testing.assert_allclose(leaf_there, leaf, rtol=1e-8, atol=1e-10)


def members_per_device(count):
    """How many members of a batch of `count` the function is given at once."""
    lengths = []

    def function(shared, batch):
        lengths.append(len(batch))
        return shared * batch

    np.testing.assert_array_equal(over_devices(function, 2.0, np.arange(count)), 2.0 * np.arange(count))
    return lengths[0]


def test_a_batch_is_cut_only_where_devices_can_share_it(two_devices):
    assert [members_per_device(count) for count in (6, 7)] == [6, 7]
    assert [two_devices.submit(members_per_device, count).result() for count in (6, 7)] == [3, 7]
