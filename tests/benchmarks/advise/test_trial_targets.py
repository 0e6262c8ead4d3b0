"""Answers on registered targets are compared with the truth: by hand for a normal of known mean and log Z."""

import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.advise.log_z import LogZ
from bridgemark.benchmarks.advise.trial_target_run import largest_gap, log_z_gap
from bridgemark.benchmarks.advise.trial_targets import HEADINGS, TARGETS, table
from bridgemark.targets.base import About, Density, Statistic, Target, Truth, gaussian_base

from support.family_draws import chains


def log_normal(x):
    return -0.5 * jnp.sum(x**2)


def target(mean):
    statistic = Statistic("x", lambda x: x, mean, np.ones(2), np.zeros(2))
    density = Density(2, log_normal, gaussian_base(np.zeros(2), np.ones(2)))
    truth = Truth(2.0, 0.3, "by hand")
    return Target("normal", 1, density, About(source="", definition=""), log_z=truth, statistics=(statistic,))


def test_a_mean_that_is_off_is_counted_in_errors():
    """Of 4,000 draws a mean has an error of 0.016, and of 0.02 and more by the least error."""
    family = chains(log_normal, np.random.default_rng(0).standard_normal((4, 1_000, 2)))
    assert largest_gap(target(np.zeros(2)), family) < 4
    assert largest_gap(target(np.array([0.0, 0.5])), family) > 10


def test_log_z_counts_where_it_is_trusted():
    trusted = LogZ(2.5, 0.4, True, False, "")
    assert log_z_gap(target(np.zeros(2)), trusted) == pytest.approx(1.0)
    assert log_z_gap(target(np.zeros(2)), trusted._replace(trusted=False)) is None


def test_the_targets_are_registered_and_have_lines():
    assert set(TARGETS) <= set(registry.targets())
    item = {
        "target": "a",
        "trusted": False,
        "reasons": ["a funnel"],
        "log_z": [1.0, 0.1],
        "log_z_trusted": True,
        "true_log_z": None,
        "log_z_gap": None,
        "mean_gap": 3.14159,
        "right": None,
    }
    lines = table([item])
    assert lines[2] == "| a | not trusted: a funnel | 1 ± 0.1 |  |  | 3.1 |  |"
    assert {line.count("|") for line in lines} == {len(HEADINGS) + 1}
