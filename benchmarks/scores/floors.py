"""Noise floors: the mean metrics of exact draws, as many as a sampler's."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from bridgemark.benchmarks.scores.bias import bias_metrics
from bridgemark.benchmarks.scores.distance_constants import DistanceConstants
from bridgemark.benchmarks.scores.distances import costly_distances, distances, draw_exact_sample
from bridgemark.benchmarks.scores.weighted_sample import MetricValues, draw_exactly, equally_weighted
from bridgemark.targets.base import Sample, Statistic, Target

REPEATS = 8
COSTLY_REPEATS = 2  # the first of the repeats, in which the costly distances are computed too
SEED = 271828  # the floors of a target and a number of draws are the same for every sampler and seed


def expected_floors(statistics: Sequence[Statistic], n: int) -> MetricValues:
    """Floors of a target without an exact sampler: E[bias2] = 1 / n for the mean over coordinates."""
    floors: MetricValues = {f"bias2_{statistic.name}_mean": 1 / n for statistic in statistics}
    return floors | {f"bias2_{statistic.name}_max": None for statistic in statistics}


def simulated_floors(
    target: Target, exact_sampler: Sample, constants: DistanceConstants, n: int, with_costly: bool
) -> MetricValues:
    """Mean biases, mode errors and distances of n exact draws, over REPEATS sets of them."""
    repeats: list[MetricValues] = []
    for key_sample, key_exact in jax.random.split(jax.random.key(SEED), (REPEATS, 2)):
        sample = equally_weighted(draw_exactly(exact_sampler, key_sample, n))
        exact = draw_exact_sample(exact_sampler, constants, key_exact, n)
        values = distances(sample, exact) | bias_metrics(target, sample)
        if with_costly and len(repeats) < COSTLY_REPEATS:
            values |= costly_distances(sample, exact)
        repeats.append(values)
    return {name: _mean([repeat.get(name) for repeat in repeats]) for name in repeats[0]}


def _mean(values: list[Any]) -> float | None:
    """Mean of the values that are not None; None where all are."""
    numbers = [value for value in values if value is not None]
    return float(np.mean(numbers)) if numbers else None
