"""Trainings and sets of draws as two components of a number's spread, by hand and on simulated levels."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bridgemark.benchmarks.analysis import components, tables
from bridgemark.benchmarks.pages import leaderboard

from support.synthetic_rows import failed, row


def repeated(seed, *values, name="log_z_error"):
    made = row(seed=seed)
    return replace(made, metrics={**made.metrics, name: values[0]}, repeats={name: list(values)})


def line(*records):
    return tables.summary(tables.frame(records)).iloc[0]


def simulated(noise, trainings, draws, training_sd, evaluation_sd):
    """Means, sds and counts of trainings (trainings,), in groups of two sizes."""
    y = training_sd * noise.normal(size=(trainings, 1)) + evaluation_sd * noise.normal(
        size=(trainings, draws)
    )
    return y.mean(axis=1), y.std(axis=1, ddof=1), np.full(trainings, float(draws))


def test_by_hand():
    """Means 2 and 6 of (1, 3) and (5, 7): within 2, between 8, so trainings have 8 - 2 / 2 = 7, in all 9."""
    found = line(repeated(0, 1.0, 3.0), repeated(1, 5.0, 7.0))
    assert found["evaluation_sd.log_z_error"] == pytest.approx(math.sqrt(2))
    assert found["training_sd.log_z_error"] == pytest.approx(math.sqrt(7))
    assert found["total_sd.log_z_error"] == pytest.approx(3)


def test_unequal_numbers_of_draws_by_hand():
    """Within: (2 + 0) / (1 + 0) = 2; means 2 and 6 vary by 8, of which 2 · (1/2 + 1) / 2 is evaluation."""
    found = components.split(
        np.array([2.0, 6.0]), np.array([math.sqrt(2), np.nan]), np.array([2.0, 1.0]), np.array([0, 0]), 1
    )
    assert found.training == pytest.approx([math.sqrt(6.5)])
    assert found.total == pytest.approx([math.sqrt(8.5)])


@pytest.mark.parametrize(("training_sd", "evaluation_sd"), [(1.0, 0.3), (0.3, 1.0), (0.0, 1.0), (1.0, 0.0)])
def test_two_simulated_levels_are_told_apart(training_sd, evaluation_sd):
    noise = np.random.default_rng(0)
    found = components.split(
        *simulated(noise, 4_000, 4, training_sd, evaluation_sd), np.zeros(4_000, dtype=int), 1
    )
    assert found.evaluation == pytest.approx([evaluation_sd], abs=0.02)
    assert found.training == pytest.approx([training_sd], abs=0.08 if training_sd == 0 else 0.03)
    assert found.total**2 == pytest.approx(found.training**2 + found.evaluation**2)


def test_the_difference_is_unbiased_but_for_its_floor():
    """Over many groups of five trainings, before the floor at 0 takes the negative ones."""
    noise, groups = np.random.default_rng(1), 4_000
    means, sds, counts = simulated(noise, 5 * groups, 3, 1.0, 0.5)
    found = components.split(means, sds, counts, np.arange(5 * groups) // 5, groups)
    assert np.mean(found.training**2) == pytest.approx(1, rel=0.03)
    assert np.min(components.split(*simulated(noise, 500, 3, 0, 1), np.arange(500) // 5, 100).training) == 0


def test_one_training_one_set_and_failures():
    lonely = line(repeated(0, 1.0, 3.0))
    assert lonely["evaluation_sd.log_z_error"] == pytest.approx(math.sqrt(2))
    assert "training_sd.log_z_error" not in lonely
    single = line(*(replace(row(seed=seed), metrics={"mode_tv": float(seed)}) for seed in range(3)))
    assert single["total_sd.mode_tv"] == pytest.approx(1)
    assert "training_sd.mode_tv" not in single
    lost = line(repeated(0, 1.0, math.nan, 2.0), repeated(1, 1.0, 2.0))
    assert math.isnan(lost["evaluation_sd.log_z_error"])
    assert math.isnan(lost["training_sd.log_z_error"])
    dead = line(repeated(0, 1.0, 3.0), repeated(1, 5.0, 7.0), failed(seed=2))
    assert dead["total_sd.log_z_error"] == pytest.approx(3)


def test_a_row_says_how_its_sets_of_draws_vary():
    table = tables.frame([repeated(0, 1.0, 2.0, 3.0), row(seed=1)])
    assert list(table["evaluation_sd.log_z_error"]) == [1.0, None]
    assert list(table["evaluations"]) == [3, None]
    assert components.of_repeats({"elbo": [None, None], "log_z": [1.0], "mode_tv": [0.1, math.nan]}) == {}


def test_the_page_shows_both(tmp_path):
    page = leaderboard.write([repeated(0, 1.0, 3.0), repeated(1, 5.0, 7.0)], tmp_path).read_text()
    assert "sd of log Z trainings / draws" in page
    assert "| 2.6 / 1.4 " in page
    assert "trainings / draws" not in leaderboard.write([row()], tmp_path).read_text()
