"""The measured difficulty of targets, against Gaussians, operations counted by hand, and stored numbers."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.studies import difficulty, stored
from bridgemark.benchmarks.studies.difficulty import Difficulty
from bridgemark.benchmarks.studies.study import Study, run
from bridgemark.targets.base import gaussian_base

from support.project import ROOT

RESULTS = ROOT / "results"


def target(name):
    return registry.build(name, registry.targets()[name])


def test_operations_are_those_of_a_product():
    """Of x' A x: a product of d x d, another for its gradient, each with d² multiplications and additions."""
    matrix = np.random.default_rng(0).normal(size=(50, 50)).astype(np.float32)
    counted = difficulty.gradient_operations(lambda x: x @ (matrix @ x), 50)
    assert counted == pytest.approx(2 * 2 * 50**2, rel=0.05)
    assert difficulty.gradient_operations(lambda x: jnp.sum(jnp.exp(x)), 7) >= 7  # transcendental


def test_coordinates_of_the_base_make_it_standard():
    factor = np.array([[2.0, 0.0], [1.0, 0.5]])
    draws = np.array([1.0, -1.0]) + np.random.default_rng(1).normal(size=(4, 2)) @ factor.T
    for scale in (factor, np.array([2.0, 0.5])):
        back = difficulty.to_base(draws, gaussian_base(np.array([1.0, -1.0]), scale))
        matrix = np.diag(scale) if scale.ndim == 1 else scale
        np.testing.assert_allclose(back @ matrix.T + np.array([1.0, -1.0]), draws)
    np.testing.assert_array_equal(
        difficulty.to_base(draws, replace(gaussian_base(np.zeros(2), factor), scale=None)), draws
    )


def test_a_gaussian_has_its_condition_number_and_no_tails():
    """100,000 draws: both numbers lie within 5 %, more than 8 of their standard errors."""
    draws = np.random.default_rng(2).normal(size=(100_000, 3)) * [1.0, 3.0, 10.0]
    assert difficulty.condition_number(draws) == pytest.approx(100, rel=0.05)
    assert difficulty.tail_ratio(draws) == pytest.approx(1, rel=0.05)
    cauchy = draws / np.random.default_rng(3).normal(size=(100_000, 1))
    assert difficulty.tail_ratio(cauchy) > 50


def test_what_cannot_be_measured_is_not_known():
    funnel, mixture = (difficulty.difficulty(target(name)) for name in ("funnel-10", "mos10-2"))
    assert funnel.condition is None, "the variance of its coordinates is that of a few draws"
    assert mixture.condition is None, "it has no variance"
    assert mixture.modes == 10
    whitened = difficulty.difficulty(target("lgcp-256-white"))
    assert whitened.least_condition is None, "its statistics are of the field, which is not the point"
    assert whitened.tails is None
    assert whitened.operations > 0


def test_without_draws_variances_bound_the_conditioning():
    sonar = target("sonar-61")
    (sd,) = (statistic.sd for statistic in sonar.statistics if statistic.name == "x")
    measured = difficulty.difficulty(sonar)
    variances = (sd / sonar.density.base.scale) ** 2
    assert measured.least_condition == pytest.approx(variances.max() / variances.min())
    assert measured.condition is None


def test_every_target_has_a_stored_difficulty_that_is_current():
    """What is counted and not drawn is computed again."""
    read = difficulty.read([RESULTS])
    assert set(read) == set(registry.targets())
    for name in ("gmm9", "banana-2", "eight-schools-10"):
        now = difficulty.difficulty(target(name))
        assert read[name].operations == pytest.approx(now.operations, rel=1e-3)
        assert read[name].modes == now.modes
        assert (read[name].condition is None) == (now.condition is None)


def test_without_a_study_nothing_is_known(tmp_path):
    assert difficulty.read([tmp_path]) == {}
    numbers = {"a, modes": np.array(9.0), "a, tails": np.array(1.25)}
    stored.write(run(Study({}, lambda: numbers)), stored.path_of(tmp_path, difficulty.NAME))
    assert difficulty.read([tmp_path]) == {"a": Difficulty(modes=9.0, tails=1.25)}
