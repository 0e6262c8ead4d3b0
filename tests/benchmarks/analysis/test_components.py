"""Trainings and sets of draws as two components of a number's variance, by hand and on simulated levels."""

import math

import numpy as np
import pytest

from bridgemark.benchmarks.analysis.components import Trainings, estimate_components, repeat_columns
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.analysis.summary_table import summary_table

from support.synthetic_rows import failed, repeated, row


def summary_of(*stored):
    return summary_table(row_table(stored)).iloc[0]


def simulated(noise, group, draws, training_sd, evaluation_sd):
    """Trainings of the groups (trainings,), each with the same number of sets of draws."""
    trainings = len(group)
    y = training_sd * noise.normal(size=(trainings, 1))
    y = y + evaluation_sd * noise.normal(size=(trainings, draws))
    return Trainings(y.mean(axis=1), y.std(axis=1, ddof=1), np.full(trainings, float(draws)), group)


def test_by_hand():
    """Means 2 and 6 of (1, 3) and (5, 7): within 2, between 8, so trainings have 8 - 2 / 2 = 7, in all 9."""
    summary = summary_of(repeated(0, 1.0, 3.0), repeated(1, 5.0, 7.0))
    assert summary["evaluation_sd.log_z_error"] == pytest.approx(math.sqrt(2))
    assert summary["training_sd.log_z_error"] == pytest.approx(math.sqrt(7))
    assert summary["total_sd.log_z_error"] == pytest.approx(3)


def test_unequal_numbers_of_draws_by_hand():
    """Within: (2 + 0) / (1 + 0) = 2; means 2 and 6 vary by 8, of which 2 · (1/2 + 1) / 2 is evaluation."""
    trainings = Trainings(
        means=np.array([2.0, 6.0]),
        sds=np.array([math.sqrt(2), np.nan]),
        counts=np.array([2.0, 1.0]),
        group=np.array([0, 0]),
    )
    components = estimate_components(trainings, 1)
    assert components.training == pytest.approx([math.sqrt(6.5)])
    assert components.total == pytest.approx([math.sqrt(8.5)])


@pytest.mark.parametrize(("training_sd", "evaluation_sd"), [(1.0, 0.3), (0.3, 1.0), (0.0, 1.0), (1.0, 0.0)])
def test_two_simulated_levels_are_separated(training_sd, evaluation_sd):
    group = np.zeros(4_000, dtype=int)
    trainings = simulated(np.random.default_rng(0), group, 4, training_sd, evaluation_sd)
    components = estimate_components(trainings, 1)
    assert components.evaluation == pytest.approx([evaluation_sd], abs=0.02)
    assert components.training == pytest.approx([training_sd], abs=0.08 if training_sd == 0 else 0.03)
    assert components.total**2 == pytest.approx(components.training**2 + components.evaluation**2)


def test_the_difference_is_unbiased_but_for_its_floor():
    """The floor at 0 hardly acts on groups of five trainings that differ, but on equal trainings it does."""
    noise, groups = np.random.default_rng(1), 4_000
    group = np.arange(5 * groups) // 5
    components = estimate_components(simulated(noise, group, 3, 1.0, 0.5), groups)
    assert np.mean(components.training**2) == pytest.approx(1, rel=0.03)
    few = simulated(noise, np.arange(500) // 5, 3, 0, 1)
    assert np.min(estimate_components(few, 100).training) == 0


def test_a_single_training_has_no_component_of_trainings():
    summary = summary_of(repeated(0, 1.0, 3.0))
    assert summary["evaluation_sd.log_z_error"] == pytest.approx(math.sqrt(2))
    assert "training_sd.log_z_error" not in summary


def test_single_sets_of_draws_have_a_total_only():
    summary = summary_of(*(row(seed=seed, metrics={"mode_tv": float(seed)}) for seed in range(3)))
    assert summary["total_sd.mode_tv"] == pytest.approx(1)
    assert "training_sd.mode_tv" not in summary
    assert "evaluation_sd.mode_tv" not in summary


def test_a_failed_set_of_draws_fails_the_components_and_a_failed_seed_is_left_out():
    summary = summary_of(repeated(0, 1.0, math.nan, 2.0), repeated(1, 1.0, 2.0))
    assert math.isnan(summary["evaluation_sd.log_z_error"])
    assert math.isnan(summary["training_sd.log_z_error"])
    summary = summary_of(repeated(0, 1.0, 3.0), repeated(1, 5.0, 7.0), failed(seed=2))
    assert summary["total_sd.log_z_error"] == pytest.approx(3)


def test_repeats_without_two_finite_values_or_without_a_meaning_have_no_columns():
    repeats = {
        "elbo": [None, None],
        "log_z": [1.0],
        "mode_tv": [0.1, math.nan],
        "elbo_gap": [0.1, 0.2, None],
    }
    assert repeat_columns(repeats) == {}
