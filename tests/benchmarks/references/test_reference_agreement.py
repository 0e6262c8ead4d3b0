"""The rule of agreement: its false alarms, what it finds, and what is too imprecise to tell."""

import numpy as np
import pytest

from bridgemark.benchmarks.references import agreement
from bridgemark.benchmarks.references.agreement import Stored, compare, difference_limit
from bridgemark.benchmarks.references.second_method import Moments, SecondMethod
from bridgemark.benchmarks.scores.evidence import Estimate

RUNS, DRAWS = 64, 10_000


def moments(mean=0.0, sd=1.0, error=0.01, k=4):
    return Moments(*(np.full(k, value) for value in (mean, sd, error, error)))


def stored(mean=0.0, sd=1.0, error=0.01, k=4):
    return Stored(*(np.full(k, value) for value in (mean, sd, error)), DRAWS)


def test_of_correct_references_one_in_a_hundred_is_accused(monkeypatch):
    """With FALSE_ALARM at 1e-2, of 20,000 references of ten differences each: 200, within five deviations.

    Bonferroni's rule is exact to one part in a hundred here, because the differences are independent.
    """
    monkeypatch.setattr(agreement, "FALSE_ALARM", 1e-2)
    largest = np.max(np.abs(np.random.default_rng(0).standard_t(RUNS - 1, (20_000, 10))), axis=1)
    accused = int(np.sum(largest > difference_limit(10, RUNS)))
    assert abs(accused - 200) < 5 * np.sqrt(200)


def compared(reference, second, log_z=0.0):
    exact = Estimate(0.0, 0.0)
    return compare({"f": reference}, exact, SecondMethod({"f": second}, Estimate(log_z, 0.01), RUNS, {}))


@pytest.mark.parametrize(
    ("reference", "second", "agree"),
    [
        (stored(), moments(), True),
        (stored(mean=0.05), moments(), True),  # 3.5 standard errors of the difference, of eight differences
        (stored(mean=0.08), moments(), False),
        (stored(sd=0.92), moments(), False),  # as where the tails are cut
        (stored(sd=1.05), moments(), True),
        (stored(mean=np.nan), moments(), False),
        (stored(error=0.2), moments(), None),
        (stored(), moments(error=0.2), None),
        (stored(mean=3.0), moments(error=0.2), False),  # however imprecise
        (stored(sd=0.0, error=0.0), moments(mean=1e-15, sd=0.0, error=0.0), True),  # a constant
        (stored(mean=1.0, sd=0.0, error=0.0), moments(sd=0.0, error=0.0), False),
    ],
)
def test_what_agrees(reference, second, agree):
    result = compared(reference, second)
    assert result["agree"] is agree
    assert result["differences"] == 9


@pytest.mark.parametrize(
    ("log_z", "agree"), [(0.03, True), (-0.03, True), (-np.log(2), False), (np.nan, False)]
)
def test_runs_that_miss_a_mode_have_another_log_z(log_z, agree):
    assert compared(stored(), moments(), log_z)["agree"] is agree


def test_the_worst_coordinate_is_stored_with_both_values():
    reference = stored()._replace(mean=np.array([0.0, 0.0, -0.5, 0.1]))
    statistic = compared(reference, moments(mean=0.01))["statistics"]["f"]
    assert statistic["mean"] == {
        "largest": pytest.approx(0.51 / np.hypot(0.01, 0.01), abs=0.01),
        "coordinate": 2,
        "reference": -0.5,
        "second": 0.01,
        "root_mean_square": pytest.approx(np.sqrt((2 * 0.01**2 + 0.51**2 + 0.09**2) / 4 / 2e-4), abs=0.01),
        "largest_error": pytest.approx(0.014),
    }
    assert statistic["sd"]["largest"] == 0.0


def test_negative_correlation_makes_no_deviation_more_precise():
    """The reference's mean has the error of a million draws; its deviation has that of the 10,000 it has."""
    reference = stored(error=0.001, sd=1.1)
    sd = compared(reference, moments(error=0.02))["statistics"]["f"]["sd"]
    assert sd["largest"] == pytest.approx(0.1 / np.hypot(0.02, 0.011), abs=0.01)
