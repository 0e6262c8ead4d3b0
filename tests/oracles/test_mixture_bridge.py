"""The mixture bridge with everything known: identities by quadrature, Euler paths through the core."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats

from bridgemark.samplers.pathspace.chain import brownian
from bridgemark.samplers.pathspace.path_measure import NO_HINT, Law, steered
from bridgemark.samplers.pathspace.paths import run, simulate

from oracles.mixture_bridge import (
    BACK,
    MASS,
    PHI_HAT_0,
    THERE,
    Mixture,
    coupling,
    draw_tilted,
    euler_paths,
    log_tilted,
    marginal,
    phi,
    phi_hat,
)

pytestmark = pytest.mark.usefixtures("x64")

LIMIT = 5.0  # standard errors: a false alarm of 6e-7 a comparison under the normal law
LOG_Z = 1.234
GRID = np.linspace(-12.0, 12.0, 4001)
TIMES_AND_POINTS = [(0.1, -2.0), (0.5, 0.3), (0.5, 1.9), (0.9, 2.5)]


def on_grid(function):
    return np.asarray(jax.jit(jax.vmap(function))(jnp.asarray(GRID)))


def integral(values):
    """The trapezoidal rule, exact to rounding for smooth functions that vanish at the ends."""
    return np.sum(values, axis=-1) * (GRID[1] - GRID[0])


def conditional_mean(log_density, values):
    """E[values] under an unnormalised density on the grid."""
    density = np.exp(log_density - log_density.max())
    return integral(density * values) / integral(density)


def step(x, variance):
    return scipy.stats.norm.logpdf(GRID, x, np.sqrt(variance))


def test_the_constants_are_those_of_the_instance():
    np.testing.assert_allclose(MASS, 0.081608217505, atol=5e-13)
    np.testing.assert_allclose(marginal(0.0).mean_and_variance(), (0.419511, 1.363200), atol=5e-7)
    np.testing.assert_allclose(marginal(1.0).mean_and_variance(), (0.685130, 3.000892), atol=5e-7)
    printed = [0.123246, 0.323049, 0.045410, 0.003125, 0.278682, 0.226489]
    np.testing.assert_allclose(marginal(0.0).weights, printed, atol=5e-7)
    np.testing.assert_allclose(marginal(1.0).weights, marginal(0.0).weights, atol=1e-15)


def joint():
    """The density of (X_0, X_1) on the grid squared, from its definition."""
    start, end = on_grid(phi_hat(0.0).log)[::8], on_grid(phi(1.0).log)[::8]
    x = GRID[::8]
    density = np.exp(start[:, None] + scipy.stats.norm.logpdf(x, x[:, None], 1.0) + end) / MASS
    return x, density * (x[1] - x[0]) ** 2


def test_the_joint_law_has_the_ends_the_middle_and_the_coupling():
    x, density = joint()
    spacing = x[1] - x[0]
    for axis, t in ((1, 0.0), (0, 1.0)):
        truth = np.exp(jax.vmap(marginal(t).log)(jnp.asarray(x)))
        np.testing.assert_allclose(density.sum(axis) / spacing, truth, atol=1e-12)
    np.testing.assert_allclose(x @ density @ x, coupling(), atol=1e-12)
    t = 0.3  # X_t given both ends is a Brownian bridge
    between = scipy.stats.norm.pdf(0.4, (1 - t) * x[:, None] + t * x, np.sqrt(t * (1 - t)))
    np.testing.assert_allclose(np.sum(density * between), np.exp(marginal(t).log(0.4)), atol=1e-12)


@pytest.mark.parametrize(("t", "x"), TIMES_AND_POINTS)
def test_the_forward_control_is_a_conditional_mean(t, x):
    """Of the end's own control, and of the slope to the end."""
    law = step(x, 1 - t) + on_grid(phi(1.0).log)
    control = phi(t).score(x)
    np.testing.assert_allclose(conditional_mean(law, on_grid(phi(1.0).score)), control, atol=1e-12)
    np.testing.assert_allclose(conditional_mean(law, (GRID - x) / (1 - t)), control, atol=1e-12)


@pytest.mark.parametrize(("t", "x"), [*TIMES_AND_POINTS, (1.0, -1.3)])
def test_the_backward_control_and_the_corrector_are_conditional_means(t, x):
    """At t = 1 this is the corrector h."""
    law = step(x, t) + on_grid(PHI_HAT_0.log)
    np.testing.assert_allclose(conditional_mean(law, (GRID - x) / t), phi_hat(t).score(x), atol=1e-12)


@pytest.mark.parametrize(("t", "x"), TIMES_AND_POINTS)
def test_the_adjoint_matching_target_averages_to_the_control(t, x):
    """-(grad E + h)(X_1) over the bridge's X_1 given X_t, for E = -log pi (identity 10)."""
    bridge_law = step(x, 1 - t) + on_grid(phi(1.0).log)
    target = on_grid(jax.grad(lambda x: marginal(1.0).log(x))) - on_grid(phi_hat(1.0).score)
    np.testing.assert_allclose(conditional_mean(bridge_law, target), phi(t).score(x), atol=1e-12)


def test_both_drifts_and_the_flow_move_the_marginals():
    """Fokker-Planck of f ahead and of b behind, and continuity of (f - b) / 2, by autodiff (identity 5)."""

    def terms(t, x):
        p = lambda t, x: jnp.exp(marginal_log(t, x))  # noqa: E731
        diffusion = 0.5 * jax.grad(jax.grad(p, 1), 1)(t, x)
        flux = [jax.grad(lambda x, u=u: u(t).score(x) * p(t, x))(x) for u in (phi, phi_hat)]
        return jax.grad(p)(t, x), diffusion, *flux, jax.grad(marginal_log, 1)(t, x)

    t, x = jnp.array(TIMES_AND_POINTS).T
    growth, diffusion, ahead, behind, score = jax.jit(jax.vmap(terms))(t, x)
    np.testing.assert_allclose(growth, -ahead + diffusion, atol=1e-12)
    np.testing.assert_allclose(growth, behind - diffusion, atol=1e-12)
    np.testing.assert_allclose(growth, -0.5 * (ahead - behind), atol=1e-12)
    scores = [jax.vmap(lambda t, x, u=u: u(t).score(x))(t, x) for u in (phi, phi_hat)]
    np.testing.assert_allclose(sum(scores), score, atol=1e-12)


def marginal_log(t, x):
    return phi(t).log(x) + phi_hat(t).log(x) - jnp.log(MASS)


@pytest.mark.parametrize("x", [-2.0, 0.5, 2.0])
def test_the_probability_flow_carries_quantiles_to_quantiles(x):
    def velocity(t, x):
        return np.array([0.5 * float(phi(t).score(x[0]) - phi_hat(t).score(x[0]))])

    end = scipy.integrate.solve_ivp(velocity, (0, 1), [x], "DOP853", rtol=1e-9, atol=1e-10).y[0, -1]
    np.testing.assert_allclose(cdf(marginal(1.0), end), cdf(marginal(0.0), x), atol=1e-8)


def cdf(mixture, x):
    return mixture.weights @ scipy.stats.norm.cdf(x, mixture.means, np.sqrt(mixture.variances))


@pytest.mark.parametrize("steps", [1, 4])
def test_exact_mixture_kernels_have_constant_weights(steps):
    """Both kernels are explicit mixtures of Gaussians, drawn and evaluated as such."""
    rng, delta = np.random.default_rng(0), 1.0 / steps
    x = marginal(0.0).sample(rng, 1_000)
    log_weight = LOG_Z - np.asarray(jax.vmap(marginal(0.0).log)(x))
    for t in np.arange(steps) * delta:
        after = draw_tilted(rng, x, phi(t + delta), delta)
        log_weight += log_tilted(x, after, phi_hat(t), delta) - log_tilted(after, x, phi(t + delta), delta)
        x = after
    log_weight += np.asarray(jax.vmap(marginal(1.0).log)(x))
    assert np.var(log_weight) < 1e-10
    np.testing.assert_allclose(log_weight, LOG_Z, atol=1e-9)
    assert scipy.stats.kstest(x, lambda x: np.array([cdf(marginal(1.0), one) for one in x])).pvalue > 1e-6


TABLE = {8: (0.1989, 0.540), 32: (0.0459, 0.0975), 128: (0.01145, 0.0225)}  # of 200,000 simulated paths


@pytest.mark.parametrize("steps", TABLE)
def test_euler_paths_have_the_tabulated_gap_and_variance(steps):
    """Within five standard errors of the table's own run, and 3 % of its variance."""
    (gap, variance), exact = TABLE[steps], euler_paths(THERE, steps)
    assert abs(exact.gap - gap) < LIMIT * np.sqrt(exact.variance / 200_000)
    np.testing.assert_allclose(exact.variance, variance, rtol=0.03)


def side(potential, times):
    """The control grad log potential."""
    features = jax.tree.map(lambda *parts: jnp.stack(parts), *(potential(t) for t in times))
    return steered(lambda at, x, hint: Mixture(*at).score(x[0])[None], features)


def simulated(ends, steps, n, log_z):
    """Starts, ends and log weights of paths of the core, with Euler steps of the bridge's drifts."""
    chain, rng = brownian(1.0, steps), np.random.default_rng(steps)
    forward, backward = side(ends.forward, chain.times), side(ends.backward, chain.times)
    law = Law(chain, NO_HINT, forward, backward, lambda x: ends.source.log(x[0]))

    def one(start, noise):
        path = simulate(law, start, noise)
        return path.x[-1, 0], run(law, lambda x: log_z + ends.target.log(x[0]), start, noise)[1]

    start, noise = ends.source.sample(rng, n)[:, None], rng.standard_normal((n, steps, 1))
    end, weights = jax.jit(jax.vmap(one))(jnp.asarray(start), jnp.asarray(noise))
    return start[:, 0], np.asarray(end), np.asarray(weights)


def assert_zero_mean(errors):
    assert np.std(errors) > 0
    assert abs(np.mean(errors)) < LIMIT * np.std(errors) / np.sqrt(len(errors))


@pytest.mark.parametrize("steps", TABLE)
def test_simulated_paths_have_the_exact_gap_variance_and_coupling(steps):
    """Against the exact numbers of these very Euler paths; log weights have all moments."""
    exact = euler_paths(THERE, steps)
    start, end, weights = simulated(THERE, steps, 20_000, LOG_Z)
    assert_zero_mean(LOG_Z - weights - exact.gap)
    assert_zero_mean((LOG_Z - weights - exact.gap) ** 2 - exact.variance)
    assert_zero_mean(start * end - exact.cross_moment)


def test_simulated_paths_have_the_exact_normaliser_and_effective_size():
    """At 128 steps; with fewer the population's E[w^2] sits in paths that no simulation meets."""
    exact = euler_paths(THERE, 128)
    weights = np.exp(simulated(THERE, 128, 20_000, LOG_Z)[2] - LOG_Z)
    assert_zero_mean(weights - 1)
    mean, square = np.mean(weights), np.mean(weights**2)
    influence = mean**2 / square * (2 * weights / mean - weights**2 / square)
    assert abs(mean**2 / square - exact.ess_fraction) < LIMIT * np.std(influence) / np.sqrt(len(weights))
    np.testing.assert_allclose(exact.ess_fraction, 0.978, atol=1e-3)


def test_euler_paths_approach_the_bridge_as_steps_shrink():
    """Gap, variance and the error of the coupling halve with the step (identity 4)."""
    coarse, fine = euler_paths(THERE, 32), euler_paths(THERE, 64)
    for ratio in (coarse.gap / fine.gap, coarse.variance / fine.variance):
        np.testing.assert_allclose(ratio, 2.0, rtol=0.15)
    assert abs(fine.cross_moment - coupling()) < 0.55 * abs(coarse.cross_moment - coupling()) < 1e-3


def test_log_z_lies_between_the_bounds_and_their_distance_is_the_jeffreys_divergence():
    """The upper bound averages the same log w over paths drawn from the target (identities 2 and 7).

    Through the core these are paths of the bridge with its ends swapped, whose own log weight is -log w.
    """
    there, back = euler_paths(THERE, 32), euler_paths(BACK, 32)
    below = simulated(THERE, 32, 20_000, LOG_Z)[2]
    above = -simulated(BACK, 32, 20_000, -LOG_Z)[2]
    assert np.mean(below) < LOG_Z < np.mean(above)
    assert_zero_mean(above - LOG_Z - back.gap)
    assert_zero_mean(above - below - (there.gap + back.gap))
