"""The yardstick: built once per target and number of draws, with the exact draws of a row made once."""

import dataclasses

import jax
import numpy as np

from bridgemark.benchmarks.scores import distances, floors
from bridgemark.benchmarks.scores.metrics import evaluate
from bridgemark.benchmarks.scores.yardstick import yardstick_of

from support.scored import KEY, draws_of, gaussian, normal


def test_a_row_draws_exactly_once_and_builds_nothing_again(monkeypatch):
    target, draws = gaussian(name="test-once"), draws_of(normal(300))
    sizes = []

    def counted(sampler, key, n):
        sizes.append(n)
        return np.random.default_rng(len(sizes)).normal(size=(n, 2))

    monkeypatch.setattr(distances, "draw_exactly", counted)
    monkeypatch.setattr(floors, "draw_exactly", counted)
    evaluate(target, draws, 1, 1, 1.0, 1.0, KEY)
    assert sizes == [300] * (2 * floors.REPEATS + 1)
    evaluate(target, draws, 1, 1, 1.0, 1.0, KEY)
    assert sizes == [300] * (2 * floors.REPEATS + 2)


def test_a_yardstick_belongs_to_a_target_and_a_number_of_draws():
    yardstick = yardstick_of(gaussian(), 200)
    assert yardstick_of(gaussian(), 200) is yardstick
    assert yardstick_of(gaussian(), 100) is not yardstick
    assert yardstick_of(gaussian(), 100).constants is yardstick.constants
    assert yardstick_of(gaussian(version=2), 200) is not yardstick


def test_an_exact_sample_is_a_function_of_its_key_and_no_larger_than_the_sample():
    yardstick = yardstick_of(gaussian(), 200)
    first, again, second = (yardstick.exact_sample(jax.random.key(seed)).draws for seed in (1, 1, 2))
    assert first.shape == (200, 2)
    assert np.array_equal(first, again)
    assert not np.isin(first, second).any()
    large = dataclasses.replace(yardstick, n=20_000)
    assert large.exact_sample(KEY).draws.shape == (distances.MAX_POINTS, 2)


def test_without_exact_draws_there_is_no_exact_sample():
    yardstick = yardstick_of(gaussian(exact=False), 50)
    assert yardstick.constants is None
    assert yardstick.exact_sample(KEY) is None
    assert yardstick.floors["bias2_x_mean"] == 1 / 50
