"""Gaussian bridges, reversals and posteriors in several dimensions, in closed form and through the core."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from bridgemark.samplers.pathspace.chain import Chain, Kernels, brownian, ornstein_uhlenbeck

from oracles.closed_forms import Kernel, bridge, cross_covariance, kl, path_weights, reversal, transition
from oracles.linear_paths import LOG_Z, both_kernels, gaussian, log_weights, stacked

LIMIT = 5.0  # standard errors: a false alarm of 6e-7 a comparison under the normal law
DIM, HORIZON = 3, 0.8
CHAINS = [brownian, ornstein_uhlenbeck]  # at the index of their `stationary`
both_references = pytest.mark.parametrize("stationary", [0, 1], ids=["brownian", "ornstein-uhlenbeck"])


def gaussian_pair():
    """Two laws in three dimensions, the second wide in one direction: the potentials are indefinite."""
    rng = np.random.default_rng(0)
    (m0, m1), halves = rng.standard_normal((2, DIM)), rng.standard_normal((2, DIM, DIM))
    S0, S1 = (size * half @ half.T + 0.3 * np.eye(DIM) for size, half in zip((0.3, 0.9), halves, strict=True))
    return (m0, S0), (m1, S1)


SOURCE, TARGET = gaussian_pair()


def flow(velocity, start, horizon, noise=1.0):
    """Mean, covariance and Cov(X_0, X_t) of dX = (slope X + intercept) dt + noise dW at the end."""
    dim = len(start[0])
    shapes = np.cumsum([dim, dim**2])

    def rate(t, state):
        mean, variance, cross = np.split(state, shapes)
        variance, cross = variance.reshape(dim, dim), cross.reshape(dim, dim)
        slope, intercept = velocity(t)
        spread = slope @ variance + variance @ slope.T + noise * np.eye(dim)
        return np.concatenate([slope @ mean + intercept, spread.ravel(), (cross @ slope.T).ravel()])

    state = np.concatenate([start[0], start[1].ravel(), start[1].ravel()])
    solved = scipy.integrate.solve_ivp(rate, (0, horizon), state, "DOP853", rtol=1e-12, atol=1e-13)
    mean, variance, cross = np.split(solved.y[:, -1], shapes)
    return mean, variance.reshape(dim, dim), cross.reshape(dim, dim)


def forward_drift(exact, t):
    slope, intercept = exact.forward_control(t)
    return slope - 0.5 * exact.stationary * np.eye(len(slope)), intercept


def backward_drift(exact, t):
    slope, intercept = exact.backward_control(t)
    return slope - 0.5 * exact.stationary * np.eye(len(slope)), intercept


@both_references
def test_the_forward_drift_carries_the_source_to_the_target_with_the_coupling(stationary):
    exact = bridge(SOURCE, TARGET, stationary, HORIZON)
    assert np.linalg.eigvalsh(exact.A)[0] < 0 < np.linalg.eigvalsh(exact.A)[-1]
    coupling = cross_covariance(SOURCE[1], TARGET[1], *transition(stationary, HORIZON))
    found = flow(lambda t: forward_drift(exact, t), SOURCE, HORIZON)
    for part, truth in zip(found, (*TARGET, coupling), strict=True):
        np.testing.assert_allclose(part, truth, atol=1e-10)
    for part, truth in zip(
        flow(lambda t: forward_drift(exact, t), SOURCE, 0.5), exact.marginal(0.5), strict=False
    ):
        np.testing.assert_allclose(part, truth, atol=1e-10)


@both_references
def test_the_backward_drift_carries_the_target_to_the_source_with_the_coupling(stationary):
    exact = bridge(SOURCE, TARGET, stationary, HORIZON)
    found = flow(lambda t: backward_drift(exact, HORIZON - t), TARGET, HORIZON)
    coupling = cross_covariance(SOURCE[1], TARGET[1], *transition(stationary, HORIZON))
    for part, truth in zip(found, (*SOURCE, coupling.T), strict=True):
        np.testing.assert_allclose(part, truth, atol=1e-10)


@both_references
def test_the_joint_law_of_the_simulated_ends_has_the_certificate_of_a_bridge(stationary):
    """The joint precision's off-diagonal block must be the reference's, for the drift's own coupling."""
    exact = bridge(SOURCE, TARGET, stationary, HORIZON)
    _, variance, cross = flow(lambda t: forward_drift(exact, t), SOURCE, HORIZON)
    a, s2 = transition(stationary, HORIZON)
    joint = np.linalg.inv(np.block([[SOURCE[1], cross], [cross.T, variance]]))
    np.testing.assert_allclose(joint[:DIM, DIM:], -(a / s2) * np.eye(DIM), atol=1e-9)


@both_references
def test_the_probability_flow_keeps_the_marginals(stationary):
    """dx/dt = (f - b) / 2 without noise ends on the target (identity 5)."""
    exact = bridge(SOURCE, TARGET, stationary, HORIZON)

    def velocity(t):
        return [0.5 * (f - b) for f, b in zip(forward_drift(exact, t), backward_drift(exact, t), strict=True)]

    for part, truth in zip(flow(velocity, SOURCE, HORIZON, noise=0.0), TARGET, strict=False):
        np.testing.assert_allclose(part, truth, atol=1e-10)


def test_the_brownian_drift_by_potentials_is_the_one_by_interpolation():
    """f* = K_t' Sigma_t^-1 (x - m_t) + m1 - m0 of the interpolated marginals, at T = 1."""
    exact = bridge(SOURCE, TARGET, 0, 1.0)
    (m0, S0), (m1, S1) = SOURCE, TARGET
    C = cross_covariance(S0, S1, 1.0, 1.0)
    for t in (0.0, 0.3, 0.9):
        variance = (1 - t) ** 2 * S0 + t**2 * S1 + t * (1 - t) * (C + C.T + np.eye(DIM))
        K = t * S1 + (1 - t) * C - ((1 - t) * S0 + t * C).T - t * np.eye(DIM)
        slope, mean = K.T @ np.linalg.inv(variance), (1 - t) * m0 + t * m1
        found_slope, found_intercept = exact.forward_control(t)
        np.testing.assert_allclose(found_slope, slope, atol=1e-10)
        np.testing.assert_allclose(found_intercept, m1 - m0 - slope @ mean, atol=1e-10)


def exact_kernels(exact, times):
    """The bridge's own transitions between the times, and their reversals along its marginals."""
    forward = [exact.exact_kernel(*pair) for pair in pairwise(times)]
    backward = [reversal(kernel, *exact.marginal(t)) for kernel, t in zip(forward, times[:-1], strict=True)]
    return forward, backward


@both_references
@pytest.mark.parametrize("steps", [1, 3, 7])
def test_exact_kernels_have_constant_weights(stationary, steps):
    exact = bridge(SOURCE, TARGET, stationary, HORIZON)
    kernels = exact_kernels(exact, HORIZON * np.linspace(0, 1, steps + 1) ** 2)
    weights = path_weights(SOURCE, TARGET, LOG_Z, *kernels)
    assert weights.variance() < 1e-10
    np.testing.assert_allclose(weights.mean(), LOG_Z, atol=1e-10)


def as_steps(kernels):
    """Scalar kernels as steps of a chain without their intercepts, and the controls that restore these."""
    slopes, intercepts, variances = np.array(kernels).T
    return Kernels(1 - slopes, variances, variances), intercepts / variances


@both_references
@pytest.mark.parametrize("steps", [1, 4])
def test_exact_kernels_have_constant_weights_through_the_core(stationary, steps, x64):
    """Isotropic laws, so that variances are numbers; the reference is the bridge between centred laws."""
    source, target, times = (0.7, 1.5), (-1.0, 0.3), np.linspace(0, 1, steps + 1)
    exact = exact_kernels(bridge(source, target, stationary, 1.0), times)
    (ahead, up), (behind, down) = map(as_steps, exact)
    centred = [gaussian(np.zeros(2), S * np.eye(2)) for _, S in (source, target)]
    chain, still = Chain(times, ahead, behind, *centred), np.zeros((steps + 1, 2, 2))
    forward, backward = ((still, np.outer(v, np.ones(2))) for v in (np.append(up, 0), np.append(0, down)))
    laws = [(np.full(2, m), S * np.eye(2)) for m, S in (source, target)]
    noise = np.random.default_rng(4).standard_normal((200, steps + 1, 2))
    found = log_weights(chain, forward, backward, laws[0], gaussian(*laws[1], LOG_Z), noise)
    assert np.var(found) < 1e-10
    np.testing.assert_allclose(found, LOG_Z, atol=1e-9)


def bridge_paths(stationary, steps, power=1.5):
    """A chain with the bridge's exact drifts, and both controls."""
    exact = bridge(SOURCE, TARGET, stationary, HORIZON)
    chain = CHAINS[stationary](HORIZON, steps, power)
    return chain, stacked(exact.forward_control, chain.times), stacked(exact.backward_control, chain.times)


@both_references
def test_matrix_paths_through_the_core_have_the_exact_weights(stationary, x64):
    chain, forward, backward = bridge_paths(stationary, 6)
    exact = path_weights(SOURCE, TARGET, LOG_Z, *both_kernels(chain, forward, backward))
    noise = np.random.default_rng(5).standard_normal((20, 7, DIM))
    found = log_weights(chain, forward, backward, SOURCE, gaussian(*TARGET, LOG_Z), noise)
    np.testing.assert_allclose(found, [exact.at(drawn.ravel()) for drawn in noise], atol=1e-9)
    np.testing.assert_allclose(exact.log_moment(1), LOG_Z, atol=1e-9)


def assert_agree(found, exact):
    """Mean, variance and effective fraction of simulated log weights with their exact values."""
    n, weights = len(found), np.exp(found - exact.log_moment(1))
    assert np.isfinite(exact.log_moment(4))  # what a standard error of the effective fraction needs
    centred = found - exact.mean()
    fraction = np.mean(weights) ** 2 / np.mean(weights**2)
    influence = fraction * (2 * weights / np.mean(weights) - weights**2 / np.mean(weights**2))
    for error, spread in [
        (centred, centred),
        (centred**2 - exact.variance(), centred**2),
        (weights - 1, weights),
        (fraction - exact.ess_fraction(), influence),
    ]:
        assert abs(np.mean(error)) < LIMIT * np.std(spread) / np.sqrt(n)


@both_references
def test_simulated_weights_have_the_exact_statistics(stationary, x64):
    chain, forward, backward = bridge_paths(stationary, 12)
    exact = path_weights(SOURCE, TARGET, LOG_Z, *both_kernels(chain, forward, backward))
    noise = np.random.default_rng(6).standard_normal((20_000, 13, DIM))
    assert 0.4 < exact.ess_fraction() < 0.95
    assert_agree(log_weights(chain, forward, backward, SOURCE, gaussian(*TARGET, LOG_Z), noise), exact)


@both_references
def test_the_variance_of_euler_paths_halves_with_the_step(stationary):
    """Within 15 % a doubling from 32 steps on (identity 4)."""
    variances = []
    for steps in (32, 64, 128):
        chain, forward, backward = bridge_paths(stationary, steps, power=1.0)
        kernels = both_kernels(chain, forward, backward)
        variances.append(path_weights(SOURCE, TARGET, LOG_Z, *kernels).variance())
    np.testing.assert_allclose(np.divide(variances[:-1], variances[1:]), 2.0, rtol=0.15)


def noised(law, tau):
    """The law after a time tau of the Ornstein-Uhlenbeck process."""
    a, s2 = transition(1, tau)
    return a * law[0], a**2 * law[1] + s2 * np.eye(len(law[0]))


def denoising_kernels(law, taus):
    """Exact reversal and noising kernels along decreasing noising times."""
    forward, backward = [], []
    for tau, after in pairwise(taus):
        a, s2 = transition(1, tau - after)
        noising = Kernel(a * np.eye(DIM), np.zeros(DIM), s2 * np.eye(DIM))
        forward.append(reversal(noising, *noised(law, after)))
        backward.append(noising)
    return forward, backward


@pytest.mark.parametrize("steps", [1, 5])
def test_the_reversal_of_noising_has_the_closed_form(steps):
    """G = a V_{tau - delta} V_tau^-1 and its variance, against the reversal by precisions."""
    tau, delta = 0.9, 0.9 / steps
    a, _ = transition(1, delta)
    (mean, before), (late_mean, late) = noised(TARGET, tau - delta), noised(TARGET, tau)
    G = a * before @ np.linalg.inv(late)
    kernel = denoising_kernels(TARGET, [tau, tau - delta])[0][0]
    np.testing.assert_allclose(kernel.slope, G, atol=1e-12)
    np.testing.assert_allclose(kernel.variance, before - a * G @ before, atol=1e-12)
    np.testing.assert_allclose(kernel.intercept, mean - G @ late_mean, atol=1e-12)


@pytest.mark.parametrize("steps", [1, 5])
@pytest.mark.parametrize("horizon", [0.5, 2.0])
def test_exact_denoising_misses_only_by_where_it_starts(steps, horizon):
    """No gap from p_T; from N(0, I) exactly KL(N(0, I) || p_T), for any number of steps (identity 3)."""
    kernels = denoising_kernels(TARGET, horizon * np.linspace(1, 0, steps + 1))
    standard, late = (np.zeros(DIM), np.eye(DIM)), noised(TARGET, horizon)
    exact = path_weights(late, TARGET, LOG_Z, *kernels)
    assert exact.variance() < 1e-10
    np.testing.assert_allclose(exact.mean(), LOG_Z, atol=1e-9)
    started = path_weights(standard, TARGET, LOG_Z, *kernels)
    np.testing.assert_allclose(LOG_Z - started.mean(), kl(standard, late), atol=1e-9)
    np.testing.assert_allclose(started.log_moment(1), LOG_Z, atol=1e-9)


def denoising_paths(horizon, steps, power):
    """The Ornstein-Uhlenbeck chain, the exact score's control and no backward control."""
    chain = ornstein_uhlenbeck(horizon, steps, power)

    def control(t):
        mean, variance = noised(TARGET, horizon - t)
        return np.eye(DIM) - np.linalg.inv(variance), np.linalg.solve(variance, mean)

    forward = stacked(control, chain.times)
    return chain, forward, tuple(np.zeros_like(part) for part in forward)


def test_the_variance_of_denoising_halves_with_the_step_from_where_noise_ends():
    """From p_T; from N(0, I) the start is a floor (identity 4)."""
    floor = kl((np.zeros(DIM), np.eye(DIM)), noised(TARGET, 1.5))
    found = {True: [], False: []}
    for exact in found:
        start = noised(TARGET, 1.5) if exact else (np.zeros(DIM), np.eye(DIM))
        for steps in (32, 64, 128):
            kernels = both_kernels(*denoising_paths(1.5, steps, 1.0))
            found[exact].append(path_weights(start, TARGET, LOG_Z, *kernels))
    variances = [weights.variance() for weights in found[True]]
    np.testing.assert_allclose(np.divide(variances[:-1], variances[1:]), 2.0, rtol=0.15)
    assert all(LOG_Z - weights.mean() > floor for weights in found[False])


def test_simulated_denoising_has_the_exact_statistics(x64):
    """From N(0, I) with the exact score and the exponential integrator, 12 steps."""
    standard = np.zeros(DIM), np.eye(DIM)
    chain, forward, backward = denoising_paths(3.0, 12, 1.5)
    exact = path_weights(standard, TARGET, LOG_Z, *both_kernels(chain, forward, backward))
    noise = np.random.default_rng(7).standard_normal((20_000, 13, DIM))
    assert_agree(log_weights(chain, forward, backward, standard, gaussian(*TARGET, LOG_Z), noise), exact)


def linear_model():
    """x ~ N(0, Sx), y = H x + N(0, Rn): the model, the gain of the posterior mean and its covariance."""
    rng = np.random.default_rng(8)
    H, half = rng.standard_normal((3, 2)), rng.standard_normal((2, 2))
    Sx, Rn = half @ half.T + 0.5 * np.eye(2), np.diag([0.3, 0.5, 1.0])
    gain = Sx @ H.T @ np.linalg.inv(H @ Sx @ H.T + Rn)
    return H, Sx, Rn, gain, Sx - gain @ H @ Sx


@pytest.mark.parametrize("tau", [0.05, 0.5, 3.0])
def test_least_squares_on_the_denoising_loss_returns_the_posterior_score(tau):
    """Linear in (x, y). The noise has exactly its population moments: no sampling error is left."""
    H, Sx, Rn, gain, V = linear_model()
    drawn = np.random.default_rng(9).standard_normal((200, 7))
    noise = np.linalg.qr(drawn - drawn.mean(0))[0] * np.sqrt(200)
    x = noise[:, :2] @ np.linalg.cholesky(Sx).T
    y = x @ H.T + noise[:, 2:5] @ np.sqrt(Rn)
    a, s2 = transition(1, tau)
    inputs = np.hstack([a * x + np.sqrt(s2) * noise[:, 5:], y, np.ones((200, 1))])
    fitted = np.linalg.lstsq(inputs, -noise[:, 5:] / np.sqrt(s2))[0].T
    precision = np.linalg.inv(a**2 * V + s2 * np.eye(2))
    np.testing.assert_allclose(
        fitted, np.hstack([-precision, a * precision @ gain, np.zeros((2, 1))]), atol=1e-10
    )


def test_the_posterior_and_the_evidence_of_the_linear_model():
    """prior likelihood = evidence posterior at any x, and one conditional bridge serves every y."""
    H, Sx, Rn, gain, V = linear_model()
    log_normal: Any = scipy.stats.multivariate_normal.logpdf
    rng = np.random.default_rng(10)
    for y, x in zip(rng.standard_normal((5, 3)), rng.standard_normal((5, 2)), strict=True):
        joint = log_normal(x, np.zeros(2), Sx) + log_normal(y, H @ x, Rn)
        evidence = log_normal(y, np.zeros(3), H @ Sx @ H.T + Rn)
        np.testing.assert_allclose(joint, evidence + log_normal(x, gain @ y, V), atol=1e-10)
    observed = np.array([[1, 0, 0], [0, 2, 1], [1, 2, 1]])
    one, other, both = (bridge((np.zeros(2), np.eye(2)), (gain @ y, V), 1, 1.0) for y in observed)
    np.testing.assert_allclose(one.A, other.A, atol=1e-12)
    np.testing.assert_allclose(one.l + other.l, both.l, atol=1e-12)


@both_references
def test_swapping_the_laws_swaps_the_drifts(stationary):
    """The bridge from target to source, run backwards (identity 7)."""
    there, back = bridge(SOURCE, TARGET, stationary, HORIZON), bridge(TARGET, SOURCE, stationary, HORIZON)
    for t in (0.0, 0.3, HORIZON):
        for one, other in [(there, back), (back, there)]:
            for found, truth in zip(one.forward_control(t), other.backward_control(HORIZON - t), strict=True):
                np.testing.assert_allclose(found, truth, atol=1e-10)
