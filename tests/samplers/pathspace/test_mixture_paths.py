"""Paths of a bridge between mixtures through the core: weights, bounds, and the adjoint at their end."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from bridgemark.samplers.pathspace.chain import brownian
from bridgemark.samplers.pathspace.endpoints import BridgePoint, Endpoints
from bridgemark.samplers.pathspace.path_measure import NO_GUIDANCE, PathMeasure, with_control
from bridgemark.samplers.pathspace.paths import run, simulate
from bridgemark.samplers.pathspace.replay import adjoint_matching_loss

from oracles.mixture_bridge import BACK, THERE, Mixture, euler_paths, marginal, phi, phi_hat
from support.linear_paths import LOG_Z
from support.monte_carlo import LIMIT, assert_mean

pytestmark = pytest.mark.usefixtures("x64")

PATHS = 20_000


def direction(potential, times):
    """The control grad log potential."""
    features = jax.tree.map(lambda *parts: jnp.stack(parts), *(potential(t) for t in times))
    return with_control(lambda parts, x, guidance: Mixture(*parts).score(x[0])[None], features)


def bridge_measure(ends, steps):
    """Euler steps of the bridge's drifts, in the core."""
    chain = brownian(1.0, steps)
    forward, backward = direction(ends.forward, chain.times), direction(ends.backward, chain.times)
    return PathMeasure(chain, NO_GUIDANCE, forward, backward, lambda x: ends.source.log(x[0]))


def simulated(ends, steps, log_z):
    """Starts, ends and log weights of PATHS paths of the core."""
    measure, rng = bridge_measure(ends, steps), np.random.default_rng(steps)

    def end_and_weight(start, noise):
        path = simulate(measure, start, noise)
        return path.x[-1, 0], run(measure, lambda x: log_z + ends.target.log(x[0]), start, noise)[1]

    start, noise = ends.source.sample(rng, PATHS)[:, None], rng.standard_normal((PATHS, steps, 1))
    end, weights = jax.jit(jax.vmap(end_and_weight))(jnp.asarray(start), jnp.asarray(noise))
    return start[:, 0], np.asarray(end), np.asarray(weights)


@pytest.mark.parametrize("steps", [8, 32, 128])
def test_paths_have_the_exact_gap_variance_and_coupling(steps):
    """Against the exact numbers of these very Euler paths; log weights have all moments.

    Three comparisons each: a false alarm of 2e-6.
    """
    exact = euler_paths(THERE, steps)
    start, end, weights = simulated(THERE, steps, LOG_Z)
    assert_mean(LOG_Z - weights, exact.gap)
    assert_mean((LOG_Z - weights - exact.gap) ** 2, exact.variance)
    assert_mean(start * end, exact.cross_moment)


def test_paths_have_the_exact_normaliser_and_effective_size():
    """At 128 steps; with fewer the population's E[w^2] sits in paths that no simulation meets.

    Two comparisons: a false alarm of 1.2e-6.
    """
    exact = euler_paths(THERE, 128)
    weights = np.exp(simulated(THERE, 128, LOG_Z)[2] - LOG_Z)
    assert_mean(weights, 1.0)
    mean, square = np.mean(weights), np.mean(weights**2)
    influence = mean**2 / square * (2 * weights / mean - weights**2 / square)
    assert abs(mean**2 / square - exact.ess_fraction) < LIMIT * np.std(influence) / np.sqrt(len(weights))
    np.testing.assert_allclose(exact.ess_fraction, 0.978, atol=1e-3)


def test_log_z_lies_between_the_bounds_and_their_distance_is_the_jeffreys_divergence():
    """The upper bound averages the same log w over paths drawn from the target.

    Through the core these are paths of the bridge with its ends swapped, whose own log weight is -log w.
    Two comparisons: a false alarm of 1.2e-6.
    """
    there, back = euler_paths(THERE, 32), euler_paths(BACK, 32)
    below = simulated(THERE, 32, LOG_Z)[2]
    above = -simulated(BACK, 32, -LOG_Z)[2]
    assert np.mean(below) < LOG_Z < np.mean(above)
    assert_mean(above - LOG_Z, back.gap)
    assert_mean(above - below, there.gap + back.gap)


@pytest.mark.parametrize(("index", "x"), [(1, -2.0), (5, 0.3), (5, 1.9), (9, 2.5)])
def test_adjoint_matching_is_least_at_the_exact_control(index, x):
    """Its derivative in the control vanishes, averaged over the bridge's own X_1 given X_t = x.

    By the trapezoidal rule, which is exact to rounding for smooth functions that vanish at the ends.
    """
    measure = bridge_measure(THERE, 10)
    t, grid = measure.chain.times[index], jnp.linspace(-12.0, 12.0, 4001)
    log_density = scipy.stats.norm.logpdf(grid, x, np.sqrt(1 - t)) + jax.vmap(phi(1.0).log)(grid)
    end_scores = jax.vmap(marginal(1.0).score)(grid)

    def mean_loss(control):
        constant = with_control(lambda features, x, guidance: control[None], None)

        def loss(end, end_score):
            endpoints = Endpoints(jnp.zeros(1), None, end[None], end_score[None], jnp.zeros(()))
            point = BridgePoint(endpoints, jnp.asarray(index), jnp.array([x]))
            return adjoint_matching_loss(measure._replace(forward=constant), measure.backward, point)

        return jax.nn.softmax(log_density) @ jax.vmap(loss)(grid, end_scores)

    slope = jax.grad(mean_loss)
    np.testing.assert_allclose(slope(phi(t).score(x)), 0.0, atol=1e-12)
    np.testing.assert_allclose(slope(phi(t).score(x) + 0.1), 0.1, atol=1e-12)
    assert abs(phi_hat(1.0).score(1.0)) > 0.1  # the backward control at the end is not nothing
