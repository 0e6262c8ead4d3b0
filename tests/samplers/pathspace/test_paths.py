"""Log weights of paths against naive densities and dense Gaussian algebra, and their promise E[w] = Z."""

from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.chain import Chain, brownian, ornstein_uhlenbeck, pinned
from bridgemark.samplers.pathspace.control import Network, free, guided, score_hint
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, NO_HINT, Hint, Law, reverse, steered
from bridgemark.samplers.pathspace.paths import retraced, run, simulate

from oracles.closed_forms import Kernel, bridge, path_weights, reversal

LIMIT = 5.0  # standard errors: a false alarm of 6e-7 a comparison under the normal law
LOG_Z = 1.234
SOURCE, TARGET = (0.0, 1.0), (2.0, 0.25)
CHAINS = {"ornstein-uhlenbeck": ornstein_uhlenbeck, "brownian": brownian}


every_chain = pytest.mark.parametrize("make", CHAINS.values(), ids=CHAINS)


def gaussian(mean, variance, log_z=LOG_Z):
    """log of exp(log_z) N(mean, variance I)."""

    def log_gamma(x):
        constant = log_z - 0.5 * x.shape[0] * np.log(2 * np.pi * variance)
        return constant - 0.5 * jnp.sum((x - mean) ** 2) / variance

    return log_gamma


def linear(slopes, intercepts):
    """The control slope x + intercept."""
    return steered(lambda at, x, hint: at[0] * x + at[1], (jnp.asarray(slopes), jnp.asarray(intercepts)))


def random_network(key, dim):
    """A network whose last layers are not zero."""
    network = Network(key, dim, 8)
    keys = jax.random.split(key, 2)
    return eqx.tree_at(
        lambda n: (n.last.weight, n.scale.weight),
        network,
        tuple(
            0.3 * jax.random.normal(k, layer.weight.shape)
            for k, layer in zip(keys, (network.last, network.scale), strict=True)
        ),
    )


def network_side(key, dim, chain):
    network = random_network(key, dim)
    return steered(lambda at, x, hint: network(at, x).control, network.features(chain.times))


def unhinted(chain, forward, backward, log_mu=log_standard_normal):
    return Law(chain, NO_HINT, forward, backward, log_mu)


def log_weights(law, log_gamma, dim, n):
    drawn = jax.random.normal(jax.random.key(11), (n, len(law.chain.times), dim))

    def one(noise):
        return run(law, log_gamma, noise[0], noise[1:])[1]

    return np.asarray(jax.jit(jax.vmap(one))(drawn), float)


def assert_mean_is_one(weights):
    error = np.std(weights) / np.sqrt(len(weights))
    assert 0 < error < 0.02
    assert abs(np.mean(weights) - 1) < LIMIT * error


@every_chain
@pytest.mark.parametrize("power", [1.0, 2.0])
@pytest.mark.parametrize("dim", [1, 2])
def test_the_mean_weight_is_z_for_any_controls(make, power, dim):
    """The target is narrow, so that backward paths stay where forward paths go: the variance is finite."""
    chain = make(0.8, 4, power)
    forward, backward = (network_side(jax.random.key(seed), dim, chain) for seed in (1, 2))
    weights = log_weights(unhinted(chain, forward, backward), gaussian(0.0, 0.5), dim, 30_000)
    assert_mean_is_one(np.exp(weights - LOG_Z))


def test_the_mean_weight_is_z_for_controls_that_lean_on_the_score():
    chain, log_gamma = ornstein_uhlenbeck(0.8, 4), gaussian(0.3, 0.5)
    forward = guided(random_network(jax.random.key(3), 2), chain)
    backward = free(random_network(jax.random.key(4), 2), chain)
    law = Law(chain, score_hint(chain, log_gamma, 1.0), forward, backward, log_standard_normal)
    assert_mean_is_one(np.exp(log_weights(law, log_gamma, 2, 30_000) - LOG_Z))


def test_the_mean_weight_is_z_for_paths_that_all_start_at_zero():
    chain, log_gamma = pinned(0.8, 4), gaussian(0.3, 0.3)
    law = unhinted(chain, network_side(jax.random.key(5), 2, chain), NO_CONTROL, lambda x: 0.0)
    noise = jax.random.normal(jax.random.key(12), (30_000, 4, 2))
    weights = jax.vmap(lambda xi: run(law, log_gamma, jnp.zeros(2), xi)[1])(noise)
    assert_mean_is_one(np.exp(np.asarray(weights, float) - LOG_Z))


def weight_from_zero(chain, control, points):
    """The reference form: log gamma(x_K) - log N(x_K; 0, T) + sum log R - log F, in full."""
    end = np.sqrt(chain.times[-1])
    weight = gaussian(*TARGET)(points[-1]) - np.sum(scipy.stats.norm.logpdf(points[-1], 0, end))
    for k, (x, after) in enumerate(pairwise(np.asarray(points))):
        step = chain.times[k + 1] - chain.times[k]
        slope, intercept = (part[k] for part in control.features)
        weight += np.sum(scipy.stats.norm.logpdf(after, x, np.sqrt(step)))
        weight -= np.sum(scipy.stats.norm.logpdf(after, x + step * (slope * x + intercept), np.sqrt(step)))
    return weight


def from_zero():
    """A chain from zero with a linear control, and noise for a path of it."""
    chain, control = pinned(1.3, 4, 1.5), linear(np.linspace(-1, 1, 5), np.linspace(0.5, -0.2, 5))
    noise = jnp.asarray(np.random.default_rng(4).standard_normal((4, 2)))
    return unhinted(chain, control, NO_CONTROL, lambda x: 0.0), noise


def test_a_path_from_zero_weighs_what_its_densities_say(x64):
    law, noise = from_zero()
    path, found = run(law, gaussian(*TARGET), jnp.zeros(2), noise)
    np.testing.assert_allclose(found, weight_from_zero(law.chain, law.forward, path.x), rtol=1e-11)


def test_a_path_back_to_zero_ends_there_and_weighs_what_its_densities_say(x64):
    law, noise = from_zero()
    end = jnp.array([0.4, -1.0])
    back = simulate(reverse(law), end, noise).x
    np.testing.assert_allclose(back[-1], 0.0, atol=1e-15)
    found = retraced(law, gaussian(*TARGET), end, noise)
    np.testing.assert_allclose(found, weight_from_zero(law.chain, law.forward, back[::-1]), rtol=1e-11)


@every_chain
def test_hints_are_seen_at_every_point_by_both_sides(make, x64):
    chain = make(1.0, 3, 1.0)
    hint = Hint(lambda at, x: at * x**2, jnp.arange(4.0))
    lean = steered(lambda features, x, seen: seen, None)
    noise = jnp.asarray(np.random.default_rng(5).standard_normal((3, 2)))
    path = simulate(Law(chain, hint, lean, lean, log_standard_normal), jnp.ones(2), noise)
    np.testing.assert_allclose(path.hints, jnp.arange(4.0)[:, None] * path.x**2)
    moved = path.displacement - np.sqrt(chain.ahead.variance)[:, None] * noise
    np.testing.assert_allclose(moved, chain.ahead.gain[:, None] * path.hints[:-1], atol=1e-12)


@every_chain
def test_the_log_weight_is_the_naive_sum_of_log_densities(make, x64):
    chain, dim = make(1.5, 5, 2.0), 3
    sides = [network_side(jax.random.key(seed), dim, chain) for seed in (5, 6)]
    start, noise = np.array([0.5, -1.0, 2.0]), np.random.default_rng(0).standard_normal((5, dim))
    log_gamma = gaussian(0.7, 0.3)
    law = unhinted(chain, *sides, gaussian(1.0, 4.0, 0.0))
    path, found = run(law, log_gamma, jnp.asarray(start), jnp.asarray(noise))

    controls = [jax.jit(lambda at, x, side=side: side.control(at, x, None)) for side in sides]
    decay = 1.0 - chain.ahead.lost
    features = [[jax.tree.map(lambda leaf: leaf[k], s.features) for k in range(6)] for s in sides]  # noqa: B023
    x, expected = start, -np.sum(scipy.stats.norm.logpdf(start, 1.0, 2.0))
    for k in range(5):
        scale = np.sqrt(chain.ahead.variance[k])
        mean = decay[k] * x + chain.ahead.gain[k] * controls[0](features[0][k], x)
        after = mean + scale * noise[k]
        pulled = decay[k] * after + chain.ahead.gain[k] * controls[1](features[1][k + 1], after)
        expected += np.sum(scipy.stats.norm.logpdf(x, pulled, scale))
        expected -= np.sum(scipy.stats.norm.logpdf(after, mean, scale))
        x = after
    np.testing.assert_allclose(path.x[-1], x, rtol=1e-12)
    np.testing.assert_allclose(found, expected + log_gamma(x), rtol=1e-11)


def denoising_controls(times):
    """Exact grad log(p_t / N(0, 1)) of the noised target, and no backward control."""
    a = np.exp(-0.5 * (times[-1] - times))
    variance = a**2 * TARGET[1] + 1 - a**2
    return (1 - 1 / variance, a * TARGET[0] / variance), (np.zeros_like(a), np.zeros_like(a))


def bridge_controls(times, stationary):
    exact = bridge(SOURCE, TARGET, stationary, times[-1])
    pairs = [(exact.forward_control(t), exact.backward_control(t)) for t in times]
    return tuple(tuple(np.array(side).T) for side in zip(*pairs, strict=True))


def kernels(chain, control, shift):
    """The Gaussian kernels of a linear control, taken `shift` points along the grid."""
    return [
        Kernel(1.0 - lost + gain * slope, gain * intercept, variance)
        for lost, gain, variance, slope, intercept in zip(
            *chain.ahead, *(part[shift:] for part in control), strict=False
        )
    ]


CASES = {  # gap, Var(log w) and ESS / N with exact drifts, computed apart from this project
    "denoising-16": (ornstein_uhlenbeck(5.0, 16), denoising_controls, (0.17546, 0.49490, 0.80954)),
    "denoising-64": (ornstein_uhlenbeck(5.0, 64), denoising_controls, (0.04741, 0.10175, 0.91964)),
    "bridge-16": (brownian(1.0, 16), lambda t: bridge_controls(t, 0.0), (0.04143, 0.09116, 0.93274)),
    "bridge-64": (brownian(1.0, 64), lambda t: bridge_controls(t, 0.0), (0.00989, 0.02025, 0.98128)),
}


@pytest.mark.parametrize("case", CASES)
def test_exact_drifts_give_the_tabulated_weights(case, x64):
    chain, controls, table = CASES[case]
    forward, backward = controls(chain.times)
    exact = path_weights(SOURCE, TARGET, LOG_Z, kernels(chain, forward, 0), kernels(chain, backward, 1))
    found = LOG_Z - exact.mean(), exact.variance(), exact.ess_fraction()
    np.testing.assert_allclose(found, table, atol=6e-6)
    np.testing.assert_allclose(exact.log_moment(1), LOG_Z, atol=1e-9)
    for drawn in np.random.default_rng(1).standard_normal((5, len(chain.times), 1)):
        law = unhinted(chain, linear(*forward), linear(*backward))
        _, log_weight = run(law, gaussian(*TARGET), jnp.asarray(drawn[0]), jnp.asarray(drawn[1:]))
        np.testing.assert_allclose(log_weight, exact.at(drawn[:, 0]), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("stationary", [0.0, 1.0])
@pytest.mark.parametrize("steps", [1, 4, 16])
def test_the_exact_kernels_of_the_closed_form_have_constant_weights(stationary, steps):
    exact, times = bridge(SOURCE, TARGET, stationary, 1.0), np.linspace(0, 1, steps + 1)
    forward = [exact.exact_kernel(*pair) for pair in pairwise(times)]
    backward = [reversal(kernel, *exact.marginal(t)) for kernel, t in zip(forward, times[:-1], strict=True)]
    weights = path_weights(SOURCE, TARGET, LOG_Z, forward, backward)
    assert weights.variance() < 1e-10
    np.testing.assert_allclose(weights.mean(), LOG_Z, atol=1e-9)


def shifted(chain: Chain):
    """Constant controls whose kernels carry N(0, I) exactly to a shifted N(m, I) and back.

    The Ornstein-Uhlenbeck chain keeps the variance at one, so that kernels of the reference's own variance
    are exact; forward shifts may be any, and backward ones undo them: gain v = m_k - decay m_{k+1}.
    """
    shifts = np.random.default_rng(2).standard_normal(len(chain.times))
    decay, gain, means = 1.0 - chain.ahead.lost, chain.ahead.gain, [0.0]
    for k in range(len(decay)):
        means.append(decay[k] * means[-1] + gain[k] * shifts[k])
    back = (np.array(means[:-1]) - decay * np.array(means[1:])) / gain
    return shifts, np.append(0.0, back), means[-1]


def test_exact_kernels_give_every_path_the_weight_z(x64):
    chain = ornstein_uhlenbeck(1.5, 6, 2.0)
    shifts, back, mean = shifted(chain)
    law = unhinted(chain, linear(0 * shifts, shifts), linear(0 * back, back))
    weights = log_weights(law, gaussian(mean, 1.0), 2, 200)
    assert np.var(weights) < 1e-10
    np.testing.assert_allclose(weights, LOG_Z, atol=1e-10)


def test_a_detached_judge_has_no_gradient_at_the_optimum_on_any_path(x64):
    chain = ornstein_uhlenbeck(1.5, 6)
    shifts, back, mean = shifted(chain)
    backward = linear(0 * back, back)
    noise = jax.random.normal(jax.random.key(7), (20, 7, 2))

    def gradients(stick):
        def log_weight(parameters, noise):
            law = unhinted(chain, linear(*parameters), backward)
            return run(law, gaussian(mean, 1.0), noise[0], noise[1:], stick)[1]

        found = jax.vmap(jax.grad(log_weight), (None, 0))((0 * shifts, jnp.asarray(shifts)), noise)
        return np.concatenate(found, axis=1)

    assert np.max(np.abs(gradients(stick=True))) < 1e-10
    assert np.all(np.std(gradients(stick=False)[:, :6], axis=0) > 0.01)


def test_a_constant_factor_of_gamma_is_a_factor_of_every_weight(x64):
    chain = brownian(1.0, 4)
    sides = [network_side(jax.random.key(seed), 2, chain) for seed in (8, 9)]
    law = unhinted(chain, *sides)
    before, after = (log_weights(law, gaussian(0.0, 0.5, c), 2, 50) for c in (0.0, 3.5))
    np.testing.assert_allclose(after, before + 3.5, rtol=1e-12)


@every_chain
def test_single_precision_is_enough_for_tiny_steps_in_many_dimensions(make):
    """Differences of log-densities, each near 1e4 here, would be wrong by 1e-3 a step."""
    chain, dim = make(1.6e-5, 16), 1600
    rng = np.random.default_rng(3)
    start, noise = rng.standard_normal(dim), rng.standard_normal((16, dim))
    found = []
    for wide in (False, True):
        with jax.enable_x64(wide):
            side = linear(np.full(17, -0.7, "f8" if wide else "f4"), np.full(17, 0.3, "f8" if wide else "f4"))
            back = linear(np.full(17, 0.4, "f8" if wide else "f4"), np.full(17, 0.1, "f8" if wide else "f4"))
            law = unhinted(chain, side, back, chain.log_start)
            inputs = jnp.asarray(start, float), jnp.asarray(noise, float)
            found.append(float(run(law, chain.log_end, *inputs)[1]))
    assert abs(found[1]) > 0.01
    np.testing.assert_allclose(*found, atol=1e-4)


def test_an_uncontrolled_path_weighs_the_ratio_of_its_ends(x64):
    chain = ornstein_uhlenbeck(2.0, 3)
    start, noise = jnp.array([0.4]), jnp.array([[1.0], [-2.0], [0.3]])
    path, found = run(unhinted(chain, NO_CONTROL, NO_CONTROL), gaussian(*TARGET), start, noise)
    end = path.x[-1]
    np.testing.assert_allclose(found, gaussian(*TARGET)(end) - log_standard_normal(end), rtol=1e-12)
