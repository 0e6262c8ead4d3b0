"""Densities that break, and sizes at the edge: a clear result or a clear failed row, whoever samples."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.sweep.measure import require_recovered, run_seed
from bridgemark.benchmarks.sweep.programs import compile_phases
from bridgemark.samplers.base import Fit, Unsupported, evals

from support.sampler_runs import SAMPLERS, SMALL, every_class, small_sampler
from support.small_targets import mixture, with_joint

SMALLEST = replace(SMALL, chains=1, runs=1, steps=1, batch=1)


def result(name, target, draws=20, limits=SMALL):
    """The row of one small cell."""
    sampler = small_sampler(name, limits)
    planned = Row(
        identity="", sampler=name, config="", source="", target="t", target_version=1, fingerprint="",
        dim=target.density.dim, seed=0, draws=draws, status="ok",
    )  # fmt: skip
    try:
        return run_seed(compile_phases(sampler, target, draws), target, planned, lambda **progress: None)[0]
    except Unsupported as error:
        return replace(planned, status="unsupported", reason=str(error))


def everywhere_nan():
    return with_joint(2, lambda x: jnp.sum(x) * jnp.nan)


def nan_on_half():
    return with_joint(2, lambda x: -0.5 * jnp.sum(x**2) + jnp.where(x[0] > 0, jnp.nan, 0.0))


def zero_on_half():
    """A Gaussian cut to a half space: log 0 outside."""
    return with_joint(2, lambda x: jnp.where(x[0] > 0, -0.5 * jnp.sum(x**2), -jnp.inf))


def assert_clear(row):
    """Either finite numbers, or a reason; never a NaN that passes for a result."""
    if row.status == "ok":
        assert all(value is None or not np.isnan(value) for value in row.metrics.values())
    else:
        assert row.status in ("failed", "unsupported")
        assert len(row.reason) > 20


@pytest.mark.parametrize(
    "name", ["dds", *(pytest.param(name, marks=pytest.mark.slow) for name in ("bridge", "pis"))]
)
def test_a_density_that_is_nan_fails_with_a_reason(name):
    row = result(name, everywhere_nan())
    assert row.status == "failed"
    assert "never recovered" in row.reason or "not finite" in row.reason


@pytest.mark.slow
@every_class
@pytest.mark.parametrize("build", [everywhere_nan, nan_on_half, zero_on_half])
def test_a_broken_density_gives_a_clear_row(name, build):
    assert_clear(result(name, build()))


@pytest.mark.slow
@every_class
@pytest.mark.parametrize("pilot", [0, 2])
def test_one_dimension_and_sizes_of_one(name, pilot):
    assert_clear(result(name, mixture(1), draws=1, limits=replace(SMALLEST, pilot=pilot)))


def test_a_pilot_of_one_particle_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        replace(SAMPLERS["dds"], pilot=1)


def fit(skipped):
    return Fit((), evals(), {"skipped": np.array(skipped, bool)})


def test_training_that_ends_in_skipped_updates_is_refused():
    with pytest.raises(ValueError, match="the last 3 of 5"):
        require_recovered(fit([0, 0, 1, 1, 1]))
    with pytest.raises(ValueError, match="the last 4 of 4"):
        require_recovered(fit([1, 1, 1, 1]))
    require_recovered(fit([1, 1, 1, 0]))
    require_recovered(fit([0] * 99 + [1]))  # one update in a hundred is no run
    require_recovered(Fit((), evals(), {}))
