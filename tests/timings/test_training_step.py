"""How fast a training step of the path core is: ratios within one run, and what it stores."""

from time import perf_counter

import pytest
from race import LOSSES, OURS, memory, on_cores, race

from bridgemark.benchmarks.rows.environment import available_cores

TURNS = 30
FASTER_THAN_PLAIN, TIMES_THE_FLOOR, GAIN_OF_A_SECOND_CORE = 1.8, 3.5, 1.5
PATH_BYTES = 256 * 10 * 4  # of one array of a batch's points at one time


def test_a_training_step_against_the_plain_reference_and_the_floor(benchmark):
    """Funnel, batch 256, 128 steps, two hidden layers of 64, on one core; the same losses on both sides."""
    with on_cores(1) as process:
        seconds = benchmark.pedantic(lambda: process.submit(race, TURNS).result(), rounds=1)
    benchmark.extra_info.update(milliseconds({name: seconds[name] for name in sorted(seconds)}))
    for loss in LOSSES:
        assert seconds[f"plain, {loss}"] >= FASTER_THAN_PLAIN * seconds[f"dds, {loss}"]
    for loss in OURS:
        assert seconds[f"dds, {loss}"] <= TIMES_THE_FLOOR * seconds["floor"]


@pytest.mark.skipif(len(available_cores()) < 2, reason="needs two cores")
def test_a_second_core_shares_the_batch(benchmark):
    """One process on one core and one on two take turns."""
    best = {}
    with on_cores(1) as single, on_cores(2) as double:

        def turn():
            for cores, process in ((1, single), (2, double)):
                times = process.submit(race, 5, others=False, clock=perf_counter).result()
                for name, seconds in times.items():
                    best[name, cores] = min(best.get((name, cores), seconds), seconds)

        benchmark.pedantic(turn, rounds=8)
    benchmark.extra_info.update(milliseconds({f"{name}, {cores}": best[name, cores] for name, cores in best}))
    for loss in OURS:
        assert best[f"dds, {loss}", 1] >= GAIN_OF_A_SECOND_CORE * best[f"dds, {loss}", 2]


def test_a_log_variance_step_stores_the_path_and_nothing_else(benchmark):
    """An additional step needs memory for less than eight arrays of points, whatever the width.

    Points, displacements, guidance and noise are four; copies in another order are the rest. The hidden
    layers of one step would be thirteen arrays if they were stored.
    """

    def growth(width):
        with on_cores(1) as process:
            few, many = (process.submit(memory, "log-variance", k, width).result() for k in (256, 512))
        return (many - few) / 256 / PATH_BYTES

    narrow, wide = benchmark.pedantic(lambda: [growth(64), growth(128)], rounds=1)
    benchmark.extra_info.update(arrays_per_step=narrow, arrays_per_step_at_twice_the_width=wide)
    assert 3 < narrow < 8
    assert wide == pytest.approx(narrow, rel=0.05)


def milliseconds(seconds):
    return {name: round(1_000 * value, 1) for name, value in seconds.items()}
