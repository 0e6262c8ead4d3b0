"""What cells are expected to take, by rows that have ended."""

from dataclasses import replace

import pytest

from bridgemark.benchmarks.sweep.forecast import forecast
from bridgemark.benchmarks.sweep.measure import REPEATS
from bridgemark.benchmarks.sweep.request import Cell

from support.synthetic_rows import failed, row


def timed(seed, fit, **changes):
    """A row of 2 s of compilation, this fit, 1 s for the first draws and half a second for each others."""
    seconds = {"compile_seconds": 2.0, "fit_seconds": fit, "sample_seconds": 1.0, "steady_seconds": 0.5}
    return row(seed=seed, **seconds, **changes)


def planned(seeds, **changes):
    return Cell(tuple(failed("failed", seed=seed, **changes) for seed in range(seeds)))


def test_one_compilation_and_the_mean_of_all_seeds():
    earlier = [timed(0, 4.0), timed(1, 6.0)]
    expected = forecast([planned(3)], earlier)
    assert expected.seconds == pytest.approx(2.0 + 3 * (5.0 + 1.0 + (REPEATS - 1) * 0.5))
    assert expected.unknown == 0


def test_rows_of_as_many_draws_count_where_there_are_any():
    earlier = [timed(0, 4.0), timed(0, 100.0, draws=50)]
    few = forecast([planned(1, draws=50)], earlier).seconds
    assert few - forecast([planned(1)], earlier).seconds == pytest.approx(96.0)
    mean = forecast([planned(1, draws=7)], earlier).seconds
    assert mean - forecast([planned(1)], earlier).seconds == pytest.approx(48.0)


def test_a_cell_without_an_earlier_row_that_ended_is_unknown():
    earlier = [timed(0, 4.0), failed("timeout", sampler="hmc")]
    cells = [planned(2), planned(2, sampler="hmc"), planned(2, target="gmm40-2")]
    expected = forecast(cells, earlier)
    assert expected.unknown == 2
    assert expected.seconds == forecast(cells[:1], earlier).seconds
    assert forecast([], earlier) == (0.0, 0)


def test_budgets_are_kinds_of_their_own():
    budget = {"budget": 1e4, "budget_unit": "gradients"}
    rows = [*planned(1, **budget).rows, *planned(1, budget=1e5, budget_unit="gradients").rows]
    earlier = [timed(0, 1.0, **budget), timed(0, 10.0, budget=1e5, budget_unit="gradients")]
    assert forecast([Cell(tuple(rows))], earlier).seconds == pytest.approx(2 * 4.0 + 11.0)
    assert forecast([Cell(tuple(rows))], earlier[:1]).unknown == 1


def test_what_is_not_supported_takes_no_time():
    earlier = [replace(failed("unsupported"), status="unsupported")]
    assert forecast([planned(2)], earlier) == (0.0, 0)
