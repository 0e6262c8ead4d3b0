"""Independent runs of particle methods: their estimates of Z, and their means."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.benchmarks.certificates.counting import Tally, count_evaluations
from bridgemark.benchmarks.rows.cost import total
from bridgemark.samplers.base import Unsupported
from bridgemark.samplers.nested_slice import NestedSlice
from bridgemark.samplers.persistent_smc import PersistentSMC
from bridgemark.samplers.waste_free_smc import WasteFreeSMC
from bridgemark.targets.base import gaussian_base

from support.monte_carlo import assert_mean
from support.sampler_runs import fit_and_draw
from support.small_targets import LOG_Z, MEAN, correlated_gaussian, density_only

SHORT = {"fit_particles": 64, "transitions": 1, "leapfrog_steps": 2, "max_temperature_step": 0.2}


@pytest.mark.slow  # a certificate looks at the same from afar
def test_waste_free_smc_estimates_z_without_bias():
    """400 runs of 20 particles, four chains of five states; false alarm: 6e-7."""
    sampler = WasteFreeSMC(runs=400, chain_length=5, **SHORT)
    _, draws = fit_and_draw(sampler, correlated_gaussian(), 400 * 20)(jax.random.key(2))
    assert_mean(np.exp(np.asarray(draws.log_z, float) - LOG_Z), 1.0, largest_error=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sampler", "draws"),
    [(PersistentSMC(runs=16, max_temperatures=40, **SHORT), 16 * 512), (NestedSlice(runs=16), 16 * 512)],
    ids=["persistent", "nested"],
)
def test_log_z_and_means_of_runs(sampler, draws):
    """Of 16 runs, in standard errors by their spread; the bias that Z-hat may have is far below them."""
    _, drawn = fit_and_draw(sampler, correlated_gaussian(), draws)(jax.random.key(3))
    runs = np.asarray(jnp.mean(drawn.x, axis=1), float) - MEAN
    values = np.column_stack([runs, np.asarray(drawn.log_z, float) - LOG_Z])
    errors = np.std(values, axis=0, ddof=1) / 4
    assert np.all(errors < 0.2)
    # Student's t with 15 degrees of freedom: beyond 6.5 once in 10^5.
    assert np.all(np.abs(np.mean(values, axis=0)) < 6.5 * errors)


@pytest.mark.parametrize("radius", [0.3, pytest.param(1.0, marks=pytest.mark.slow)])
def test_nested_sampling_where_the_likelihood_is_zero(radius):
    """Uniform on a disc, which holds 4 and 39 % of the base; the error by the spread of 16 runs, as above."""
    inside = density_only(
        lambda x: jnp.where(jnp.sum(x**2) < radius**2, 0.0, -jnp.inf),
        gaussian_base(np.zeros(2), np.ones(2)),
    )
    _, drawn = fit_and_draw(NestedSlice(runs=16), inside, 16 * 512)(jax.random.key(3))
    errors = np.asarray(drawn.log_z, float) - np.log(np.pi * radius**2)
    assert abs(np.mean(errors)) < 6.5 * np.std(errors, ddof=1) / 4
    assert np.std(errors) < 0.5
    assert np.all(np.linalg.norm(drawn.x, axis=-1) < radius)


def test_nested_sampling_counts_the_points_without_a_likelihood():
    """A disc of radius .5 holds 12 % of the base, so that the 20 live points take several batches."""
    inside = density_only(
        lambda x: jnp.where(jnp.sum(x**2) < 0.25, 0.0, -jnp.inf), gaussian_base(np.zeros(2), np.ones(2))
    )
    tally = Tally()
    counted = replace(inside, density=count_evaluations(inside.density, tally))
    with tally.lanes.followed():
        _, drawn = fit_and_draw(NestedSlice(runs=1, max_batches=2), counted, 16)(jax.random.key(3))
    spent = total(drawn.evals)
    assert tally.needed() == spent
    assert spent.values > 5 * 16


def test_nested_sampling_where_nothing_has_a_likelihood():
    nowhere = density_only(lambda x: -jnp.inf + jnp.sum(x), gaussian_base(np.zeros(2), np.ones(2)))
    _, drawn = fit_and_draw(NestedSlice(runs=1), nowhere, 16)(jax.random.key(3))
    assert np.isnan(drawn.log_z).all()


def test_nested_sampling_refuses_what_would_take_too_long():
    target = density_only(lambda x: -0.5 * jnp.sum(x**2), gaussian_base(np.zeros(200), np.ones(200)))
    with pytest.raises(Unsupported, match="200 dimensions"):
        NestedSlice().sample(jax.random.key(8), target.density, (), 10)
