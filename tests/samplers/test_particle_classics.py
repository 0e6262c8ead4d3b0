"""The particle, variational and nested classics, each against something known in closed form."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.special import logsumexp
from scipy import stats
from test_samplers import COVARIANCE, LIMIT, LOG_Z, MEAN, correlated, fit_and_draw, make

from bridgemark.samplers.ais import AIS
from bridgemark.samplers.base import Unsupported
from bridgemark.samplers.nested_slice import NestedSlice
from bridgemark.samplers.pathfinder import Curvature, Mixture, Normal, Pathfinder, normal_at
from bridgemark.samplers.persistent_smc import PersistentSMC
from bridgemark.samplers.variational import FullRankVI, MeanFieldVI
from bridgemark.samplers.waste_free_smc import WasteFreeSMC

SHORT = {"fit_particles": 64, "transitions": 1, "leapfrog_steps": 2, "largest_rise": 0.2}


def assert_mean_is_z(ratios):
    """E[Z-hat] = Z, in standard errors of independent estimates."""
    error = np.std(ratios) / np.sqrt(len(ratios))
    assert 0 < error < 0.1
    assert abs(np.mean(ratios) - 1) < LIMIT * error


def test_ais_is_unbiased_forwards_and_on_paths_retraced_from_exact_draws():
    """E[w] = Z of 4000 draws, and E[1 / w] = 1 / Z of as many paths that end in exact draws."""
    sampler = AIS(fit_particles=64, leapfrog_steps=2, ess_fraction=0.9, largest_rise=0.2)
    target = correlated()
    exact = np.random.default_rng(0).multivariate_normal(MEAN, COVARIANCE, 4_000)

    def both(key):
        keys = jax.random.split(key, 3)
        state = sampler.fit(keys[0], target.density).state
        _, draws = sampler.sample(keys[1], target.density, state, 4_000)
        return draws.log_weights, sampler.retrace(
            keys[2], target.density, state, jnp.asarray(exact, jnp.float32)
        )

    forward, back = (np.asarray(logs, float).ravel() - LOG_Z for logs in jax.jit(both)(jax.random.key(1)))
    assert_mean_is_z(np.exp(forward))
    assert_mean_is_z(np.exp(-back))


@pytest.mark.slow  # `certify` looks at the same from afar
def test_waste_free_smc_estimates_z_without_bias():
    """400 runs of 20 particles, four chains of five states."""
    sampler = WasteFreeSMC(runs=400, kept_states=5, **SHORT)
    _, draws = fit_and_draw(sampler, correlated(), 400 * 20)(jax.random.key(2))
    assert_mean_is_z(np.exp(np.asarray(draws.log_z, float) - LOG_Z))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sampler", "draws"),
    [(PersistentSMC(runs=16, max_temperatures=40, **SHORT), 16 * 512), (NestedSlice(runs=16), 16 * 512)],
    ids=["persistent", "nested"],
)
def test_log_z_and_means_of_runs(sampler, draws):
    """Of 16 runs, in standard errors by their spread; the bias that Z-hat may have is far below them."""
    _, drawn = fit_and_draw(sampler, correlated(), draws)(jax.random.key(3))
    runs = np.asarray(jnp.mean(drawn.x, axis=1), float) - MEAN
    values = np.column_stack([runs, np.asarray(drawn.log_z, float) - LOG_Z])
    errors = np.std(values, axis=0, ddof=1) / 4
    assert np.all(errors < 0.2)
    # Student's t with 15 degrees of freedom: beyond 6.5 once in 10^5.
    assert np.all(np.abs(np.mean(values, axis=0)) < 6.5 * errors)


def test_full_rank_vi_becomes_a_gaussian_target_and_mean_field_its_conditionals():
    """Sticking to the landing there is no noise at the end: all weights are Z; mean field has 1/precision."""
    _, draws = fit_and_draw(FullRankVI(updates=1_500), correlated(), 500)(jax.random.key(4))
    np.testing.assert_allclose(draws.log_weights, LOG_Z, atol=0.05)
    _, draws = fit_and_draw(MeanFieldVI(updates=1_500), correlated(), 20_000)(jax.random.key(5))
    spreads = 1 / np.sqrt(np.diag(np.linalg.inv(COVARIANCE)))
    np.testing.assert_allclose(np.std(draws.x[:, 0], axis=0), spreads, rtol=0.05)


def test_a_quasi_newton_normal_has_the_density_of_its_draws():
    """Against scipy, with the covariance that the map from noise implies."""
    keys = jax.random.split(jax.random.key(6), 4)
    moves = jax.random.normal(keys[0], (5, 2))
    turns = jnp.linalg.inv(jnp.diag(jnp.arange(1.0, 6.0))) @ moves
    normal = jax.jit(normal_at)(jnp.ones(5), jnp.zeros(5), Curvature(jnp.full(5, 2.0), moves, turns))
    jacobian = np.asarray(jax.vmap(normal.draw)(jnp.eye(5)) - normal.draw(jnp.zeros(5)), float).T
    points = np.asarray(jax.random.normal(keys[1], (10, 5)), float)
    expected = stats.multivariate_normal(np.asarray(normal.mean), jacobian @ jacobian.T).logpdf(points)
    np.testing.assert_allclose(jax.vmap(normal.log_prob)(jnp.asarray(points)), expected, rtol=1e-4, atol=1e-3)
    shifted = Normal(normal.mean + 1.0, *normal[1:])
    both = Mixture(
        jax.tree.map(lambda *leaves: jnp.stack(leaves), normal, shifted), jnp.log(jnp.array([0.3, 0.7]))
    )
    apart = logsumexp(
        jnp.stack([normal.log_prob(points[0]), shifted.density.log_prob(points[0])]), b=jnp.array([0.3, 0.7])
    )
    np.testing.assert_allclose(both.density.log_prob(points[0]), apart, rtol=1e-5)


def test_pathfinder_finds_a_gaussian_exactly():
    """A few line searches learn three dimensions: weights are nearly constant, and about Z."""
    fit, draws = fit_and_draw(Pathfinder(runs=4), correlated(), 1_000)(jax.random.key(7))
    assert np.max(fit.info["steps"]) < 30
    weights = np.exp(np.asarray(draws.log_weights, float) - LOG_Z)
    assert np.mean(weights) ** 2 / np.mean(weights**2) > 0.8
    assert_mean_is_z(weights.ravel())


def test_nested_sampling_refuses_what_would_take_too_long():
    target = replace(
        make(2, lambda x: -0.5 * jnp.sum(x**2)),
        density=replace(make(2, lambda x: -0.5 * jnp.sum(x**2)).density, dim=200),
    )
    with pytest.raises(Unsupported, match="200 dimensions"):
        NestedSlice().sample(jax.random.key(8), target.density, (), 10)
