"""Densities that break, and sizes at the edge: a clear result or a clear failed row, whoever samples."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.sweep.measure import run_seed
from bridgemark.benchmarks.sweep.plausible import require_moved, require_plausible_density, require_recovered
from bridgemark.benchmarks.sweep.programs import compile_phases
from bridgemark.samplers.base import Draws, Fit, Unsupported, evals
from bridgemark.targets.base import gaussian_base

from support.sampler_runs import SAMPLERS, SMALL, every_class, small_sampler
from support.small_targets import density_only, mixture, with_joint, with_log_prob

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


def cut_to_the_quadrant():
    """N(0, I) where both coordinates are positive, with the base N(0, I): a start is outside with P = 3/4."""
    target = density_only(
        lambda x: jnp.where(jnp.all(x > 0), -0.5 * jnp.sum(x**2), -jnp.inf),
        gaussian_base(np.zeros(2), np.ones(2)),
    )
    return replace(target, name="quadrant")


@pytest.mark.parametrize("name", ["hmc", "nuts", "random-walk"])
def test_chains_outside_the_support_make_a_failed_row(name):
    """With 16 chains, all of them start inside with P = 2e-10."""
    row = result(name, cut_to_the_quadrant(), draws=160, limits=replace(SMALL, chains=16))
    assert row.status == "failed"
    assert "draws have zero density: chains that start where it is zero never leave" in row.reason


def test_draws_of_weight_zero_may_be_outside_the_support():
    x = np.array([[[1.0, 1.0]], [[1.0, -1.0]]], np.float32)
    log_prob = np.array([-1.0, -np.inf], np.float32)
    require_plausible_density(log_prob, Draws(x, np.array([[0.0], [-np.inf]]), None, evals(), {}))
    with pytest.raises(ValueError, match="1 of 2 draws have zero density"):
        require_plausible_density(log_prob, Draws(x, np.zeros((2, 1)), None, evals(), {}))
    with pytest.raises(ValueError, match="1 of 2 draws have zero density"):
        require_plausible_density(log_prob, Draws(x, None, None, evals(), {}))


def test_chains_that_never_move_are_refused():
    still = np.broadcast_to(np.arange(3.0)[:, None, None], (3, 50, 2))
    with pytest.raises(ValueError, match="none of the 3 chains moved in 50 draws"):
        require_moved(Draws(still, None, None, evals(), {}))
    require_moved(Draws(still, np.zeros((3, 50)), None, evals(), {}))  # weights say what it is worth
    require_moved(Draws(still[:, :1], None, None, evals(), {}))  # independent draws
    moving = still.copy()
    moving[0, 1:] += 1
    require_moved(Draws(moving, None, None, evals(), {}))


@pytest.mark.parametrize(("constant", "status"), [(1e5, "ok"), (1e8, "failed")])
def test_a_constant_too_large_for_single_precision_makes_a_failed_row(constant, status):
    target = mixture(2)
    log_prob = target.density.log_prob
    row = result("hmc", with_log_prob(target, lambda x: log_prob(x) + constant))
    assert row.status == status
    if status == "failed":
        assert "log densities are about 1e+08 at the draws, where float32 numbers are 8 apart" in row.reason
