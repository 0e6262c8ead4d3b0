"""Training and drawing on two devices give the numbers of one, up to rounding."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import jax
import numpy as np
import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.rows.environment import configure
from bridgemark.samplers.common.parallel import over_devices
from bridgemark.samplers.pathspace.losses import AdjointMatching, LogVariance, ReverseKL
from bridgemark.targets.funnel import funnel

SMALL = {"steps": 4, "updates": 3, "batch_coordinates": 32, "pilot": 0, "width": 8}
LOSSES = [("dds", ReverseKL()), ("dds", AdjointMatching()), ("bridge", LogVariance())]
CASES = [
    *((name, SMALL | {"loss": loss, "loss_one_basin": loss}) for name, loss in LOSSES),
    ("hmc", {"warm_up": 20, "leapfrog_steps": 2}),  # few: rounding grows along a trajectory
]
NAMES = ["dds-reverse", "dds-adjoint", "bridge", "hmc"]


def numbers(name, settings):
    """Devices, and traces, draws and weights of a small run."""
    sampler = replace(registry.samplers()[name], **settings)
    target = funnel("funnel-2", 2)

    def both(key):
        fit = sampler.fit(key, target.density)
        return fit.info, sampler.sample(key, target.density, fit.state, 24)[1][:2]

    run = jax.jit(both)
    return len(jax.devices()), jax.tree.map(np.asarray, run(jax.random.key(0)))


@pytest.fixture(scope="module")
def two_devices():
    """A process with two devices, on two cores where there are, in double precision."""
    settings = {"initializer": configure, "initargs": ((0, 1), "float64")}
    with ProcessPoolExecutor(1, get_context("spawn"), **settings) as process:
        yield process


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_two_devices_give_the_numbers_of_one(two_devices, case):
    pending = two_devices.submit(numbers, *case)
    with jax.enable_x64(True):
        devices, expected = numbers(*case)
    assert (devices, pending.result()[0]) == (1, 2)
    assert all(map(np.any, jax.tree.leaves(expected[1])))
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)  # noqa: E731
    jax.tree.map(close, expected, pending.result()[1])


def sizes_seen(count):
    """How many members of a batch of `count` the function sees."""
    seen = []

    def function(shared, batch):
        seen.append(len(batch))
        return shared * batch

    np.testing.assert_array_equal(over_devices(function, 2.0, np.arange(count)), 2.0 * np.arange(count))
    return seen[0]


def test_a_batch_is_cut_only_where_devices_can_share_it(two_devices):
    assert [sizes_seen(count) for count in (6, 7)] == [6, 7]
    assert [two_devices.submit(sizes_seen, count).result() for count in (6, 7)] == [3, 7]
