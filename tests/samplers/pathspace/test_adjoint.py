"""Samplers that regress on stored end points: their half bridges, their weights, and what they learn."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.samplers.adjoint import Adjoint
from bridgemark.samplers.asbs import (
    ASBS,
    corrector_matching_loss,
    reference_score_target,
    reversed_adjoint_target,
)
from bridgemark.samplers.pathspace.chain import brownian, ornstein_uhlenbeck, pinned
from bridgemark.samplers.pathspace.endpoints import (
    BridgePoint,
    Endpoints,
    draw_bridge_point,
    tempered_probabilities,
)
from bridgemark.samplers.pathspace.path_measure import (
    NO_CONTROL,
    NO_GUIDANCE,
    PathMeasure,
    features_at,
    with_control,
)
from bridgemark.samplers.pathspace.replay import adjoint_matching_loss
from bridgemark.targets.base import About, Density, Target, gaussian_base

from oracles.closed_forms import Kernel, bridge, fitting_rounds, potential_after, potential_before, transition
from support.linear_paths import LOG_Z, gaussian, kernels

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
    for k, kernel in enumerate(kernels(chain.forward, np.zeros((STEPS, 1, 1)), np.zeros((STEPS, 1)))):
        rows[k + 1], offsets[k + 1] = kernel.slope * rows[k], kernel.slope[0, 0] * offsets[k]
        rows[k + 1, k] = np.sqrt(kernel.variance[0, 0])
    covariance = rows @ rows.T
    pull = covariance[:, -1] / covariance[-1, -1]
    endpoints = Endpoints(jnp.array([start]), None, jnp.array([end]), jnp.zeros(1), jnp.zeros(()))

    def point_of_noise(k, noise):
        return draw_bridge_point(chain, endpoints, k, jnp.array([noise])).x[0]

    for k in range(STEPS + 1):
        centre = point_of_noise(k, 0.0)
        np.testing.assert_allclose(centre, offsets[k] + pull[k] * (end - offsets[-1]), atol=1e-12)
        variance = covariance[k, k] - pull[k] * covariance[k, -1]
        np.testing.assert_allclose((point_of_noise(k, 1.0) - centre) ** 2, variance, atol=1e-12)


def linear(parameters):
    """The control slope x + intercept, a pair (slope, intercept) per time."""

    def control(pair, x, guidance):
        slope, intercept = pair
        return slope * x + intercept

    return with_control(control, parameters)


def moment_points(chain, source, forward):
    """Points between X_0 ~ source and X_K ~ forward(X_0): six per time, with exact means and covariances."""
    mean, variance = source
    axes = np.concatenate([np.eye(3), -np.eye(3)]) * np.sqrt(3.0)
    start = mean + np.sqrt(variance) * axes[:, :1]
    end = forward.slope * start + forward.intercept + np.sqrt(forward.variance) * axes[:, 1:2]
    score = jax.vmap(jax.grad(LOG_TARGET))(jnp.asarray(end))
    endpoints = Endpoints(jnp.asarray(start), None, jnp.asarray(end), score, jnp.zeros(6))

    def points(k):
        draw = jax.vmap(lambda endpoints, noise: draw_bridge_point(chain, endpoints, k, noise))
        return draw(endpoints, jnp.asarray(axes[:, 2:]))

    by_time = jax.vmap(points)(jnp.arange(len(chain.times)))
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), by_time)


LOG_TARGET = gaussian([TARGET[0]], np.array([[TARGET[1]]]), LOG_Z)


def minimiser(loss, points):
    """(slopes, intercepts) at which a quadratic loss of linear controls is least: one step of Newton's."""

    def flat_loss(parameters):
        return loss((parameters[:points], parameters[points:]))

    origin = jnp.zeros(2 * points)
    least = jnp.linalg.lstsq(jax.hessian(flat_loss)(origin), -jax.grad(flat_loss)(origin))[0]
    return least[:points], least[points:]


@both_references
@pytest.mark.parametrize("target", [reference_score_target, reversed_adjoint_target])
def test_both_regressions_are_the_half_bridges_of_iterative_proportional_fitting(stationary, target, x64):
    """On the exact ends of each round the least squares of adjoint matching are grad log phi, and those of
    corrector matching grad log phi-hat, at every time; from h = 0, which on Lebesgue measure is A-hat = 0.
    """
    chain = CHAINS[stationary](HORIZON, STEPS, 1.5)
    a, s2 = transition(stationary, HORIZON)
    zeros = (jnp.zeros(STEPS + 1), jnp.zeros(STEPS + 1))
    backward = zeros
    for fitted in fitting_rounds(SOURCE, TARGET, a, s2, 4, start=(float(stationary), 0.0)):
        drawn = moment_points(chain, SOURCE, fitted.forward)
        forward = minimiser(adjoint_loss(chain, drawn, backward, zeros), STEPS + 1)
        A = 1.0 / fitted.forward.variance - 1.0 / s2
        l = fitted.forward.intercept / fitted.forward.variance  # noqa: E741
        remaining = [transition(stationary, HORIZON - t) for t in chain.times[:-1]]
        expected = [potential_before(A, l, *kernel) for kernel in remaining]
        np.testing.assert_allclose(np.transpose(forward)[:-1] * [-1.0, 1.0], expected, atol=1e-9)

        backward = minimiser(corrector_loss(chain, drawn, forward, target), STEPS + 1)
        A_hat = 1.0 / fitted.backward.variance - a**2 / s2
        l_hat = fitted.backward.intercept / fitted.backward.variance
        elapsed = [transition(stationary, t) for t in chain.times[1:]]
        expected = [potential_after(A_hat, l_hat, *kernel) for kernel in elapsed]
        controls = np.transpose(backward)[1:] * [-1.0, 1.0] + [float(stationary), 0.0]
        np.testing.assert_allclose(controls, expected, atol=1e-9)


def linear_measure(chain, forward, backward):
    """Paths with linear controls from the source."""
    source = gaussian([SOURCE[0]], np.array([[SOURCE[1]]]))
    return PathMeasure(chain, NO_GUIDANCE, linear(forward), linear(backward), source)


def adjoint_loss(chain, drawn, frozen_backward, zeros):
    """The loss of adjoint matching as a function of the forward control, at all times but the last."""

    def loss(forward):
        measure = linear_measure(chain, forward, zeros)
        losses = jax.vmap(lambda point: adjoint_matching_loss(measure, linear(frozen_backward), point))(drawn)
        return jnp.sum(jnp.where(drawn.index < STEPS, losses, 0.0))

    return loss


def corrector_loss(chain, drawn, forward, target):
    """The loss of corrector matching as a function of the backward control, at all times but the first."""

    def loss(backward):
        measure = linear_measure(chain, forward, backward)
        later = drawn._replace(index=jnp.maximum(drawn.index, 1))
        losses = jax.vmap(lambda point: corrector_matching_loss(measure, target, point))(later)
        return jnp.sum(jnp.where(drawn.index > 0, losses, 0.0))

    return loss


def test_adjoint_matching_from_a_point_is_the_exact_bridge(x64):
    chain = pinned(HORIZON, STEPS, 1.5)
    drawn = moment_points(chain, (0.0, 0.0), Kernel(0.0, *TARGET))

    def loss(forward):
        measure = PathMeasure(chain, NO_GUIDANCE, linear(forward), NO_CONTROL, chain.log_start)
        losses = jax.vmap(lambda point: adjoint_matching_loss(measure, NO_CONTROL, point))(drawn)
        return jnp.sum(jnp.where((drawn.index > 0) & (drawn.index < STEPS), losses, 0.0))

    A, l = 1.0 / TARGET[1] - 1.0 / HORIZON, TARGET[0] / TARGET[1]  # noqa: E741
    expected = [potential_before(A, l, 1.0, HORIZON - t) for t in chain.times[1:-1]]
    controls = np.transpose(minimiser(loss, STEPS + 1))[1:-1]
    np.testing.assert_allclose(controls * [-1.0, 1.0], expected, atol=1e-9)


@every_chain
def test_the_adjoint_is_the_optimal_control_of_a_linear_potential(make, x64):
    """phi_T = exp(l x): the control a l at every point, at which adjoint matching has no loss at all."""
    chain, tilt = make(1.0, STEPS), jnp.array([0.7, -0.4])
    exact = jnp.asarray(chain.decay_to_end())[:, None] * tilt[None]
    start, end, x = jax.random.normal(jax.random.key(4), (3, 2))
    score = jax.grad(chain.log_end)(end) + tilt
    point = BridgePoint(Endpoints(start, None, end, score, jnp.zeros(())), jnp.asarray(2), x)

    def loss(controls):
        direction = with_control(lambda control, x, guidance: control, controls)
        measure = PathMeasure(chain, NO_GUIDANCE, direction, NO_CONTROL, chain.log_start)
        return adjoint_matching_loss(measure, NO_CONTROL, point)

    np.testing.assert_allclose(loss(exact), 0.0, atol=1e-12)
    assert loss(exact + 0.1) > 1e-3


def test_probabilities_are_as_uneven_as_their_effective_share_allows():
    log_weights = 3.0 * jax.random.normal(jax.random.key(0), (1_000,))

    def effective_share(probabilities):
        return 1.0 / jnp.sum(probabilities**2) / 1_000

    assert effective_share(jax.nn.softmax(log_weights)) < 0.1
    tempered = tempered_probabilities(log_weights, 0.3)
    assert effective_share(tempered) == pytest.approx(0.3, abs=1e-3)
    powers = jnp.diff(jnp.log(tempered)) / jnp.diff(log_weights)
    np.testing.assert_allclose(powers, jnp.median(powers), rtol=1e-2)
    even = tempered_probabilities(0.1 * log_weights, 0.3)
    np.testing.assert_allclose(even, jax.nn.softmax(0.1 * log_weights), rtol=1e-5)
    np.testing.assert_allclose(tempered_probabilities(log_weights, 1.0), 1e-3, rtol=1e-2)
    with_nan = tempered_probabilities(log_weights.at[:5].set(jnp.nan), 0.3)
    np.testing.assert_array_equal(with_nan[:5], 0.0)
    assert jnp.sum(with_nan) == pytest.approx(1.0, abs=1e-5)


def target(mean, variance):
    """exp(LOG_Z) N(mean, variance) on the line; the base is N(0, 1)."""
    log_prob = gaussian([mean], np.array([[variance]]), LOG_Z)
    base = gaussian_base(np.zeros(1), np.ones(1))
    return Target(
        name="line", version=1, density=Density(dim=1, log_prob=log_prob, base=base), about=About("", "")
    )


def shaken(networks):
    """The same networks with last layers that are not zero."""

    def last_layers(networks):
        present = [network for network in networks if network]
        return [weight for network in present for weight in (network.last.weight, network.guidance.weight)]

    keys = iter(jax.random.split(jax.random.key(1), 4))
    random = [0.3 * jax.random.normal(next(keys), weight.shape) for weight in last_layers(networks)]
    return eqx.tree_at(last_layers, networks, random)


SMALL = {"steps": 4, "pilot": 0, "batch_coordinates": 16}


@pytest.mark.parametrize(
    "sampler", [Adjoint(**SMALL, use_score=False), ASBS(**SMALL, refills=1)], ids=["adjoint", "asbs"]
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
    [Adjoint(**LEARNT, **QUICKLY, use_score=False), ASBS(**LEARNT, **QUICKLY)],
    ids=["adjoint", "asbs"],
)
def test_a_gaussian_is_learnt(sampler):
    """Exact drifts have gaps of .037 (from a point) and .039 (the bridge)."""
    fit, log_weights = fit_and_draw(sampler, target(*TARGET))
    assert LOG_Z - fit.info["elbo"][0] > 1.0
    assert LOG_Z - np.mean(log_weights) < 0.1


def distance(measure, exact, direction, control):
    """Root mean square difference of a control from a closed form, along the exact bridge's marginals."""
    nodes = np.linspace(-2.0, 2.0, 41)
    squares = []
    for k, t in enumerate(measure.chain.times):
        (mean, variance), (slope, intercept) = exact.marginal(t), control(t)
        x = mean + np.sqrt(variance) * nodes
        learnt = control_on_grid(direction, features_at(direction.features, k), x)
        squares.append(np.average((learnt - slope * x - intercept) ** 2, weights=np.exp(-0.5 * nodes**2)))
    return np.sqrt(squares)


def control_on_grid(direction, features, x):
    """A control on the line, at all of x (n,)."""
    control = jax.vmap(lambda x: direction.control(features, x[None], None)[0])
    return control(jnp.asarray(x, jnp.float32))


@pytest.mark.slow
def test_the_learnt_bridge_is_the_schrodinger_bridge():
    """Both controls, in mean square; one round alone, the diffusion sampler's, has another control."""
    exact = bridge((0.0, 1.0), TARGET, 1, LEARNT["horizon"])
    errors = {}
    for rounds in (1, 8):
        sampler = ASBS(**LEARNT, updates=400, rounds=rounds, use_score=False)
        fit, _ = fit_and_draw(sampler, target(*TARGET))
        measure = sampler.path_measure(fit.state.trained.parameters, None)
        forward = distance(measure, exact, measure.forward, exact.forward_control)[:-1]
        backward = distance(measure, exact, measure.backward, exact.backward_control)[1:]
        errors[rounds] = np.sqrt(np.mean(forward**2)), np.sqrt(np.mean(backward**2))
    assert errors[8][0] < 0.15
    assert errors[8][1] < 0.15
    assert errors[1][0] > 2.0 * errors[8][0]
