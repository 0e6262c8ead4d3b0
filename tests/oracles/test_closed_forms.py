"""The closed forms themselves: printed tables, an ordinary differential equation, and each other."""

import numpy as np
import pytest
import scipy.integrate

from oracles.closed_forms import bridge, cross_covariance, fitting_laws, fitting_rounds, kl, transition
from oracles.gaussian_pair import DIM, SOURCE, TARGET
from oracles.printed import assert_printed

HORIZON = 0.8
LINE_SOURCE, LINE_TARGET = (0.0, 1.0), (2.0, 0.25)
both_references = pytest.mark.parametrize("stationary", [0, 1], ids=["brownian", "ornstein-uhlenbeck"])


def canonical_correlation(source, target, a, s2):
    """Largest canonical correlation of the two ends of the bridge."""
    S0, S1 = (np.atleast_2d(variance) for _, variance in (source, target))
    whitened = np.linalg.solve(np.linalg.cholesky(S0), cross_covariance(S0, S1, a, s2))
    return np.linalg.svd(whitened @ np.linalg.inv(np.linalg.cholesky(S1)).T)[1].max()


RATES = {0.1: ".90495 .81893 .67065", 0.2: ".81954 .67164 .45110", 0.5: ".61516 .37842 .14320"}
RATES |= {1: ".40216 .16174 .02616", 2: ".20389 .04157 .00173", 5: ".04125 .00170 3e-6"}
DIVERGENCES = {  # of the terminal law of rounds 0, 1, 2, 3, 5 and 10; round 0 is denoising
    0.1: "4.251 2.334 1.378 .8508 .3495 .04454",
    0.2: "2.366 .8675 .3578 .1551 .03075 5.707e-4",
    0.5: ".6307 .08252 .01167 1.667e-3 3.418e-5 2.058e-9",
    1: ".1296 3.339e-3 8.730e-5 2.284e-6 1.563e-9 0",
    2: ".01135 1.960e-5 3.386e-8 5.852e-11 0 0",
    5: "2.293e-5 6.640e-11 0 0 0 0",
}


@pytest.mark.parametrize("horizon", DIVERGENCES)
def test_iterative_fitting_has_the_printed_divergences_and_rates(horizon):
    reference = transition(1, horizon)
    laws = list(fitting_laws(LINE_SOURCE, LINE_TARGET, *reference, rounds=11))
    assert_printed([kl(laws[n], LINE_TARGET) for n in (0, 1, 2, 3, 5, 10)], DIVERGENCES[horizon])
    rho = canonical_correlation(LINE_SOURCE, LINE_TARGET, *reference)
    assert_printed([rho, rho**2, rho**4], RATES[horizon])


@both_references
@pytest.mark.parametrize("flat", [False, True], ids=["from-noising", "from-no-corrector"])
def test_iterative_fitting_converges_to_the_bridge_at_its_canonical_correlation(stationary, flat):
    """Errors of covariances shrink by rho^4 per round, those of means by rho^2, in matrices."""
    start = (np.zeros((DIM, DIM)), np.zeros(DIM)) if flat else None
    reference = transition(stationary, HORIZON)
    exact = bridge(SOURCE, TARGET, stationary, HORIZON).exact_kernel(0.0, HORIZON)
    rounds = [r.forward for r in fitting_rounds(SOURCE, TARGET, *reference, rounds=100, start=start)]
    np.testing.assert_allclose(rounds[-1].slope, exact.slope, atol=1e-9)
    np.testing.assert_allclose(rounds[-1].intercept, exact.intercept, atol=1e-9)
    rho = canonical_correlation(SOURCE, TARGET, *reference)
    variance_errors = [np.linalg.norm(kernel.variance - exact.variance) for kernel in rounds]
    intercept_errors = [np.linalg.norm(kernel.intercept - exact.intercept) for kernel in rounds]
    late = next(n for n, error in enumerate(variance_errors) if error < 1e-7)
    np.testing.assert_allclose(variance_errors[late + 1] / variance_errors[late], rho**4, rtol=1e-3)
    np.testing.assert_allclose(intercept_errors[late + 1] / intercept_errors[late], rho**2, rtol=1e-3)


def solve_moments(velocity, start, horizon):
    """Mean, covariance and Cov(X_0, X_t) of dX = (slope X + intercept) dt + dW at the end."""
    shapes = np.cumsum([DIM, DIM**2])

    def rate(t, state):
        mean, variance, cross = np.split(state, shapes)
        variance, cross = variance.reshape(DIM, DIM), cross.reshape(DIM, DIM)
        slope, intercept = velocity(t)
        growth = slope @ variance + variance @ slope.T + np.eye(DIM)
        return np.concatenate([slope @ mean + intercept, growth.ravel(), (cross @ slope.T).ravel()])

    state = np.concatenate([start[0], start[1].ravel(), start[1].ravel()])
    solved = scipy.integrate.solve_ivp(rate, (0, horizon), state, "DOP853", rtol=1e-12, atol=1e-13)
    mean, variance, cross = np.split(solved.y[:, -1], shapes)
    return mean, variance.reshape(DIM, DIM), cross.reshape(DIM, DIM)


@both_references
def test_the_bridges_drifts_carry_each_end_to_the_other_with_the_coupling(stationary):
    """Moments by an ordinary differential equation, from the source and back from the target."""
    exact = bridge(SOURCE, TARGET, stationary, HORIZON)
    assert np.linalg.eigvalsh(exact.A)[0] < 0 < np.linalg.eigvalsh(exact.A)[-1]
    coupling = cross_covariance(SOURCE[1], TARGET[1], *transition(stationary, HORIZON))

    def drift(control, t):
        slope, intercept = control(t)
        return slope - 0.5 * stationary * np.eye(DIM), intercept

    forwards = solve_moments(lambda t: drift(exact.forward_control, t), SOURCE, HORIZON)
    backwards = solve_moments(lambda t: drift(exact.backward_control, HORIZON - t), TARGET, HORIZON)
    midway = solve_moments(lambda t: drift(exact.forward_control, t), SOURCE, 0.5)
    for moments, truth in [
        (forwards, (*TARGET, coupling)),
        (backwards, (*SOURCE, coupling.T)),
        (midway[:2], exact.marginal(0.5)),
    ]:
        for moment, value in zip(moments, truth, strict=True):
            np.testing.assert_allclose(moment, value, atol=1e-10)
