"""Samplers that regress on stored ends: the half bridges that they make, their weights, what they learn."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.samplers.adjoint import Adjoint
from bridgemark.samplers.asbs import ASBS, corrector_miss, start_adjoint, start_pull
from bridgemark.samplers.pathspace.chain import brownian, ornstein_uhlenbeck, pinned
from bridgemark.samplers.pathspace.endpoints import Ends, between, chances
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, NO_HINT, Law, steered
from bridgemark.samplers.pathspace.replay import adjoint_miss, at
from bridgemark.targets.base import About, Density, Target, gaussian_base

from oracles.closed_forms import Kernel, bridge, fitting_rounds, potential_after, potential_before, transition
from oracles.linear_paths import LOG_Z, gaussian, kernels

LIMIT = 5.0  # standard errors: a false alarm of 6e-7 a comparison under the normal law
HORIZON, STEPS = 1.3, 4
SOURCE, TARGET = (0.3, 1.4), (2.0, 0.25)
CHAINS = [brownian, ornstein_uhlenbeck]  # at the index of their `stationary`

both_references = pytest.mark.parametrize("stationary", [0, 1], ids=["brownian", "ornstein-uhlenbeck"])
every_chain = pytest.mark.parametrize("make", [*CHAINS, pinned])


@every_chain
def test_points_between_two_ends_have_the_law_of_the_reference_given_both(make, x64):
    """Against dense conditioning of the chain's kernels on its last point."""
    chain, start, end = make(HORIZON, STEPS, 1.5), 0.0 if make is pinned else 0.7, -0.4
    rows, offsets, covariance = np.zeros((STEPS + 1, STEPS)), np.full(STEPS + 1, start), None
    for k, kernel in enumerate(kernels(chain.ahead, np.zeros((STEPS, 1, 1)), np.zeros((STEPS, 1)))):
        rows[k + 1], offsets[k + 1] = kernel.slope * rows[k], kernel.slope[0, 0] * offsets[k]
        rows[k + 1, k] = np.sqrt(kernel.variance[0, 0])
    covariance = rows @ rows.T
    pull = covariance[:, -1] / covariance[-1, -1]
    ends = Ends(jnp.array([start]), None, jnp.array([end]), jnp.zeros(1), jnp.zeros(()))
    at_noise = lambda k, noise: between(chain, ends, k, jnp.array([noise])).x[0]  # noqa: E731
    for k in range(STEPS + 1):
        centre = at_noise(k, 0.0)
        np.testing.assert_allclose(centre, offsets[k] + pull[k] * (end - offsets[-1]), atol=1e-12)
        variance = covariance[k, k] - pull[k] * covariance[k, -1]
        np.testing.assert_allclose((at_noise(k, 1.0) - centre) ** 2, variance, atol=1e-12)


def linear(parameters):
    """The control slope x + intercept, a pair (slope, intercept) a time."""
    return steered(lambda pair, x, hint: pair[0] * x + pair[1], parameters)


def moment_points(chain, source, forward):
    """Points between X_0 ~ source and X_K ~ forward(X_0): six a time, with exact means and covariances."""
    mean, variance = source
    axes = np.concatenate([np.eye(3), -np.eye(3)]) * np.sqrt(3.0)
    start = mean + np.sqrt(variance) * axes[:, :1]
    end = forward.slope * start + forward.intercept + np.sqrt(forward.variance) * axes[:, 1:2]
    score = jax.vmap(jax.grad(LOG_TARGET))(jnp.asarray(end))
    ends = Ends(jnp.asarray(start), None, jnp.asarray(end), score, jnp.zeros(6))
    times = jnp.arange(len(chain.times))

    def points(k):
        return jax.vmap(lambda one, noise: between(chain, one, k, noise))(ends, jnp.asarray(axes[:, 2:]))

    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), jax.vmap(points)(times))


LOG_TARGET = gaussian([TARGET[0]], np.array([[TARGET[1]]]), LOG_Z)


def minimiser(loss, points):
    """(slopes, intercepts) at which a quadratic loss of linear controls is least: one step of Newton's."""
    flat = lambda both: loss((both[:points], both[points:]))  # noqa: E731
    origin = jnp.zeros(2 * points)
    found = jnp.linalg.lstsq(jax.hessian(flat)(origin), -jax.grad(flat)(origin))[0]
    return found[:points], found[points:]


@both_references
@pytest.mark.parametrize("pull", [start_pull, start_adjoint])
def test_both_regressions_are_the_half_bridges_of_iterative_proportional_fitting(stationary, pull, x64):
    """On the exact ends of each round the least squares of adjoint matching are grad log phi, and those of
    corrector matching grad log phi-hat, at every time; from h = 0, which on Lebesgue measure is A-hat = 0.
    """
    chain = CHAINS[stationary](HORIZON, STEPS, 1.5)
    a, s2 = transition(stationary, HORIZON)
    source = gaussian([SOURCE[0]], np.array([[SOURCE[1]]]))
    zeros = (jnp.zeros(STEPS + 1), jnp.zeros(STEPS + 1))
    backward = zeros
    for fitted in fitting_rounds(SOURCE, TARGET, a, s2, 4, start=(float(stationary), 0.0)):
        drawn = moment_points(chain, SOURCE, fitted.forward)
        judge = linear(backward)

        def law(forward, backward):
            return Law(chain, NO_HINT, linear(forward), linear(backward), source)

        def adjoint(forward):
            one = lambda each: adjoint_miss(law(forward, zeros), judge, each)  # noqa: B023, E731
            return jnp.sum(jnp.where(drawn.k < STEPS, jax.vmap(one)(drawn), 0.0))  # noqa: B023

        forward = minimiser(adjoint, STEPS + 1)
        A = 1.0 / fitted.forward.variance - 1.0 / s2
        l = fitted.forward.intercept / fitted.forward.variance  # noqa: E741
        rests = [transition(stationary, HORIZON - t) for t in chain.times[:-1]]
        expected = [potential_before(A, l, *rest) for rest in rests]
        np.testing.assert_allclose(np.transpose(forward)[:-1] * [-1.0, 1.0], expected, atol=1e-9)

        def corrector(backward):
            later = drawn._replace(k=jnp.maximum(drawn.k, 1))  # noqa: B023
            one = lambda each: corrector_miss(law(forward, backward), pull, each)  # noqa: B023, E731
            return jnp.sum(jnp.where(drawn.k > 0, jax.vmap(one)(later), 0.0))  # noqa: B023

        backward = minimiser(corrector, STEPS + 1)
        A_hat = 1.0 / fitted.backward.variance - a**2 / s2
        l_hat = fitted.backward.intercept / fitted.backward.variance
        gone = [transition(stationary, t) for t in chain.times[1:]]
        expected = [potential_after(A_hat, l_hat, *part) for part in gone]
        found = np.transpose(backward)[1:] * [-1.0, 1.0] + [float(stationary), 0.0]
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_adjoint_matching_from_a_point_is_the_exact_bridge(x64):
    chain = pinned(HORIZON, STEPS, 1.5)
    drawn = moment_points(chain, (0.0, 0.0), Kernel(0.0, *TARGET))

    def loss(forward):
        law = Law(chain, NO_HINT, linear(forward), NO_CONTROL, chain.log_start)
        misses = jax.vmap(lambda one: adjoint_miss(law, NO_CONTROL, one))(drawn)
        return jnp.sum(jnp.where((drawn.k > 0) & (drawn.k < STEPS), misses, 0.0))

    A, l = 1.0 / TARGET[1] - 1.0 / HORIZON, TARGET[0] / TARGET[1]  # noqa: E741
    expected = [potential_before(A, l, 1.0, HORIZON - t) for t in chain.times[1:-1]]
    found = np.transpose(minimiser(loss, STEPS + 1))[1:-1]
    np.testing.assert_allclose(found * [-1.0, 1.0], expected, atol=1e-9)


def test_chances_are_as_uneven_as_their_effective_share_allows():
    log_weights = 3.0 * jax.random.normal(jax.random.key(0), (1_000,))
    share = lambda chances: 1.0 / jnp.sum(chances**2) / 1_000  # noqa: E731
    assert share(jax.nn.softmax(log_weights)) < 0.1
    softened = chances(log_weights, 0.3)
    assert share(softened) == pytest.approx(0.3, abs=1e-3)
    powers = jnp.diff(jnp.log(softened)) / jnp.diff(log_weights)
    np.testing.assert_allclose(powers, jnp.median(powers), rtol=1e-2)
    np.testing.assert_allclose(chances(0.1 * log_weights, 0.3), jax.nn.softmax(0.1 * log_weights), rtol=1e-5)
    np.testing.assert_allclose(chances(log_weights, 1.0), 1e-3, rtol=1e-2)
    broken = chances(log_weights.at[:5].set(jnp.nan), 0.3)
    np.testing.assert_array_equal(broken[:5], 0.0)
    assert jnp.sum(broken) == pytest.approx(1.0, abs=1e-5)


def target(mean, variance):
    """exp(LOG_Z) N(mean, variance) on the line; the base is N(0, 1)."""
    log_prob = gaussian([mean], np.array([[variance]]), LOG_Z)
    base = gaussian_base(np.zeros(1), np.ones(1))
    return Target(
        name="line", version=1, density=Density(dim=1, log_prob=log_prob, base=base), about=About("", "")
    )


def shaken(networks):
    """The same networks with last layers that are not zero."""
    layers = lambda tree: [n for net in tree if net for n in (net.last.weight, net.scale.weight)]  # noqa: E731
    keys = iter(jax.random.split(jax.random.key(1), 4))
    return eqx.tree_at(
        layers, networks, [0.3 * jax.random.normal(next(keys), w.shape) for w in layers(networks)]
    )


SMALL = {"steps": 4, "pilot": 0, "batch_coordinates": 16}


@pytest.mark.parametrize(
    "sampler", [Adjoint(**SMALL, lean=False), ASBS(**SMALL, refills=1)], ids=["adjoint", "asbs"]
)
def test_the_mean_weight_is_z_for_untrained_networks(sampler):
    """The target is narrow, so that backward paths stay where forward paths go: the variance is finite."""
    narrow = target(0.2, 0.3)

    def draw(key):
        state, _ = sampler.init(key, narrow.density)
        trained = state.trained._replace(parameters=shaken(state.trained.parameters))
        return sampler.sample(key, narrow.density, state._replace(trained=trained), 30_000)[1].log_weights

    weights = np.exp(np.asarray(jax.jit(draw)(jax.random.key(2)), float) - LOG_Z)
    error = np.std(weights) / np.sqrt(weights.size)
    assert 0.0 < error < 0.02
    assert abs(np.mean(weights) - 1.0) < LIMIT * error


def fit_and_draw(sampler, target):
    """The fit, and log weights of 4,000 paths."""

    def both(key):
        fit = sampler.fit(key, target.density)
        return fit, sampler.sample(key, target.density, fit.state, 4_000)[1].log_weights

    return jax.jit(both)(jax.random.key(3))


LEARNT = {"steps": 16, "power": 1.0, "horizon": 1.0, "pilot": 0, "width": 32, "points": 128}
QUICKLY = {"updates": 40, "refills": 4, "batch_coordinates": 64}


@pytest.mark.parametrize(
    "sampler",
    [Adjoint(**LEARNT, **QUICKLY, lean=False), ASBS(**LEARNT, **QUICKLY)],
    ids=["adjoint", "asbs"],
)
def test_a_gaussian_is_learnt(sampler):
    """Exact drifts have gaps of .037 (from a point) and .039 (the bridge)."""
    fit, log_weights = fit_and_draw(sampler, target(*TARGET))
    assert LOG_Z - fit.info["elbo"][0] > 1.0
    assert LOG_Z - np.mean(log_weights) < 0.1


def distance(law, exact, side, control):
    """Root mean square difference of a control from a closed form, along the exact bridge's marginals."""
    squares = []
    for k, t in enumerate(law.chain.times):
        (mean, variance), (slope, intercept) = exact.marginal(t), control(t)
        x = mean + np.sqrt(variance) * np.linspace(-2.0, 2.0, 41)
        features = at(k, side.features)
        found = jax.vmap(lambda x: side.control(features, x[None], None)[0])(jnp.asarray(x, jnp.float32))  # noqa: B023
        density = np.exp(-0.5 * np.linspace(-2.0, 2.0, 41) ** 2)
        squares.append(np.average((found - slope * x - intercept) ** 2, weights=density))
    return np.sqrt(squares)


@pytest.mark.slow
def test_the_learnt_bridge_is_the_schrodinger_bridge():
    """Both controls, in mean square; one round alone, the diffusion sampler's, has another control."""
    exact = bridge((0.0, 1.0), TARGET, 1, LEARNT["horizon"])
    found = {}
    for rounds in (1, 8):
        sampler = ASBS(**LEARNT, updates=400, rounds=rounds, lean=False)
        fit, _ = fit_and_draw(sampler, target(*TARGET))
        law = sampler.law(fit.state.trained.parameters, None)
        forward = distance(law, exact, law.forward, exact.forward_control)[:-1]
        backward = distance(law, exact, law.backward, exact.backward_control)[1:]
        found[rounds] = np.sqrt(np.mean(forward**2)), np.sqrt(np.mean(backward**2))
    assert found[8][0] < 0.15
    assert found[8][1] < 0.15
    assert found[1][0] > 2.0 * found[8][0]
