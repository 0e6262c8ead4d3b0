"""Paths of trained samplers: their shapes, coordinates and weights, with samplers of almost no training."""

import numpy as np
import pytest

from bridgemark.benchmarks.studies.learnt import learn, normal_starts
from bridgemark.samplers.dds import DDS
from bridgemark.targets.base import About
from bridgemark.targets.mixtures import mixture

from support.monte_carlo import LIMIT

SD = 3.0
STEPS, N = 4, 4_000


@pytest.fixture(scope="module")
def learnt():
    """On N(0, 9) the reference itself is exact in the working coordinates, and zero controls are its."""
    target = mixture("made-up", np.ones(1), np.zeros((1, 1)), np.full(1, SD), SD, About("", ""))
    return learn(
        DDS(horizon=2.0, steps=STEPS, updates=1, learning_rate=0.0, width=4, pilot=0), target.density
    )


def test_forward_paths_end_at_the_target_with_proper_weights(learnt):
    """Five standard errors: a false alarm in two million runs for each of the two numbers."""
    paths = learnt.forward(normal_starts(N, 1, seed=1), seed=2)
    assert paths.x.shape == (N, STEPS + 1, 1)
    assert len(learnt.times) == STEPS + 1
    assert abs(paths.x[:, -1].var() / SD**2 - 1) < LIMIT * np.sqrt(2 / N)
    weights = np.exp(paths.log_weights)
    assert abs(weights.mean() - 1) <= LIMIT * weights.std() / np.sqrt(N) + 1e-5


def test_backward_paths_start_where_they_are_told_to(learnt):
    """The reference forgets by exp(-horizon / 2); five standard errors: a false alarm in two million runs."""
    ends = np.linspace(-3.0, 3.0, N)[:, None]
    noising = learnt.backward(ends, seed=3)
    np.testing.assert_allclose(noising[:, 0], ends, atol=1e-5)
    slope = (ends.T @ noising[:, -1])[0, 0] / (ends.T @ ends)[0, 0]
    deviation = SD * np.sqrt(1 - np.exp(-2)) / np.sqrt((ends.T @ ends)[0, 0])
    assert abs(slope - np.exp(-1)) < LIMIT * deviation
