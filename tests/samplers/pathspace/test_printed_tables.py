"""Weights of paths against tables that were computed apart from this project, through the core.

A table has the gap log Z - E[log w], the variance of log w and the effective share of the draws, for exact
drifts or kernels between N(0, 1) and exp(1.234) N(2, 0.25). The core must give every path the weight of the
closed form, and the closed form must have the printed numbers to their last digit.
"""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest

from bridgemark.samplers.pathspace.chain import ornstein_uhlenbeck, pinned
from bridgemark.samplers.pathspace.path_measure import NO_CONTROL, NO_GUIDANCE, PathMeasure

from oracles.closed_forms import (
    Kernel,
    bridge,
    fitting_rounds,
    kl,
    path_weights,
    potential_before,
    reversal,
    transition,
)
from oracles.printed import assert_printed
from support.linear_paths import LOG_Z, gaussian, linear, path_log_weights, with_kernels

pytestmark = pytest.mark.usefixtures("x64")

SOURCE, TARGET = (0.0, 1.0), (2.0, 0.25)
LOG_TARGET = gaussian([TARGET[0]], [[TARGET[1]]], LOG_Z)
PATHS = 5


class GaussianPath(NamedTuple):
    """A start (mean, variance), and Gaussian kernels forwards and backwards, step by step."""

    source: Any
    forward: list[Kernel]
    backward: list[Kernel]

    def weights(self):
        """The exact weights of its paths."""
        return path_weights(self.source, TARGET, LOG_Z, self.forward, self.backward)


def assert_core_has_the_weights(measure, start, exact, noise):
    """The core's log weight of each path is the closed form's; noise is (n, steps + 1), the start first."""
    computed = path_log_weights(measure, start, LOG_TARGET, noise[..., None])
    scored = noise[:, noise.shape[1] - len(exact.linear) :]  # a start that is certain has no noise
    np.testing.assert_allclose(computed, [exact.at(row) for row in scored], rtol=1e-9, atol=1e-9)


def assert_row_is_printed(path, printed):
    """Through the core and in closed form; E[w] = Z throughout."""
    exact = path.weights()
    np.testing.assert_allclose(exact.log_moment(1), LOG_Z, atol=1e-9)
    assert_printed([LOG_Z - exact.mean(), exact.variance(), exact.ess_fraction()], printed)
    noise = np.random.default_rng(1).standard_normal((PATHS, len(path.forward) + 1))
    start = np.array([path.source[0]]), np.array([[path.source[1]]])
    assert_core_has_the_weights(with_kernels(*path), start, exact, noise)


def euler(control, times, stationary):
    """Euler kernels of the drift (control - stationary x / 2) of a (slope, intercept) at every time."""
    return [
        Kernel(1 + delta * (slope - 0.5 * stationary), delta * intercept, delta)
        for delta, (slope, intercept) in zip(np.diff(times), control, strict=True)
    ]


def integrated(control, times):
    """Exponential-integrator kernels of the Ornstein-Uhlenbeck process with a control."""
    return [
        Kernel(a + 2 * (1 - a) * slope, 2 * (1 - a) * intercept, 1 - a**2)
        for a, (slope, intercept) in zip(np.exp(-0.5 * np.diff(times)), control, strict=True)
    ]


def denoising_control(horizon, times):
    """(slope, intercept) of grad log(p_t / N(0, 1)) for the noised target, at every time."""
    laws = [(a * TARGET[0], a**2 * TARGET[1] + s2) for a, s2 in (transition(1, horizon - t) for t in times)]
    return [(1 - 1 / variance, mean / variance) for mean, variance in laws]


def denoising(horizon, steps, exact_noising, integrator):
    """Exact score of the noised target; Euler or the exponential integrator; either noising kernel."""
    times = np.linspace(0, horizon, steps + 1)
    control, zero = denoising_control(horizon, times[:-1]), [(0.0, 0.0)] * steps
    forward = integrated(control, times) if integrator else euler(control, times, 1)
    return GaussianPath(SOURCE, forward, integrated(zero, times) if exact_noising else euler(zero, times, 1))


def bridging(stationary, steps, exact_reversal):
    """Euler kernels of the bridge's forward drift against those of its backward drift, or its reversal."""
    exact, times = bridge(SOURCE, TARGET, stationary, 1.0), np.linspace(0, 1, steps + 1)
    forward = euler([exact.forward_control(t) for t in times[:-1]], times, stationary)
    if not exact_reversal:
        backward = euler([exact.backward_control(t) for t in times[1:]], times, stationary)
        return GaussianPath(SOURCE, forward, backward)
    steps_and_laws = [(exact.exact_kernel(*pair), exact.marginal(pair[0])) for pair in pairwise(times)]
    return GaussianPath(SOURCE, forward, [reversal(kernel, *law) for kernel, law in steps_and_laws])


PAIRS = {"euler": (False, False), "mismatched": (True, False), "integrator": (True, True)}
BY_STEPS = {  # gap, variance and effective share at 16, 64 and 256 steps
    "denoising-1-euler": "1.03283 2.77681 .29250  1.04159 2.85108 .30044  1.04428 2.87202 .30260",
    "denoising-1-mismatched": "1.09196 2.98147 .28022  1.05654 2.90235 .29683  1.04803 2.88484 .30166",
    "denoising-1-integrator": "1.07114 2.93630 .29027  1.05139 2.89185 .29977  1.04674 2.88226 .30243",
    "denoising-5-euler": ".19893 .59856 .80079  .04742 .10198 .91959  .02126 .04292 .95907",
    "denoising-5-mismatched": ".39777 1.13463 .61781  .09989 .21592 .84003  .03449 .07004 .93520",
    "denoising-5-integrator": ".17546 .49490 .80954  .04741 .10175 .91964  .02158 .04368 .95871",
    "denoising-10-euler": ".50672 2.19887 .69406  .07922 .19529 .89401  .01682 .03529 .96978",
    "denoising-10-mismatched": "1.07449 3.97970 .36657  .22959 .53601 .69928  .05472 .11355 .90289",
    "denoising-10-integrator": ".39117 1.49430 .72793  .07237 .17511 .90030  .01644 .03446 .97038",
    "bridge-brownian-euler": ".04143 .09116 .93274  .00989 .02025 .98128  .00244 .00492 .99518",
    "bridge-brownian-reversal": ".04970 .10968 .92028  .01200 .02459 .97737  .00297 .00598 .99414",
    "bridge-ou-euler": ".03858 .08420 .93639  .00924 .01888 .98243  .00229 .00459 .99549",
    "bridge-ou-reversal": ".04981 .10954 .91969  .01205 .02467 .97724  .00299 .00601 .99411",
}
COARSE = {  # the same at 1 and 4 steps
    "bridge-brownian-euler": "1.07893 6.82468 .60785  .19425 .57135 .80633",
    "bridge-ou-euler": "1.03304 6.33671 .60317  .18025 .51739 .81371",
    "bridge-brownian-reversal": "1.12695 7.32843 .60936  .22364 .66210 .78246",
    "bridge-ou-reversal": "1.13954 7.44926 .60751  .22320 .65317 .78032",
}


def path_of(name, steps):
    """The path of a row of the tables."""
    kind, setting, pair = name.split("-")
    if kind == "denoising":
        return denoising(int(setting), steps, *PAIRS[pair])
    return bridging(["brownian", "ou"].index(setting), steps, pair == "reversal")


@pytest.mark.parametrize(("name", "steps"), [(name, (16, 64, 256)) for name in BY_STEPS])
def test_exact_drifts_on_fine_grids(name, steps):
    for count, printed in zip(steps, BY_STEPS[name].split("  "), strict=True):
        assert_row_is_printed(path_of(name, count), printed)


@pytest.mark.parametrize("name", COARSE)
def test_exact_drifts_of_bridges_on_coarse_grids(name):
    for count, printed in zip((1, 4), COARSE[name].split("  "), strict=True):
        assert_row_is_printed(path_of(name, count), printed)


# Gap and effective share of rounds 0, 0, 1, 1, 2, with the backward kernel old, new, old, new, new.
FITTING = {
    0.2: "4.562 .104  2.366 .167  1.430 .242  .8675 .3445  .3578 .568",
    0.5: "2.339 .168  .6307 .422  .2274 .678  .0825 .856  .0117 .977",
    1: "1.0452 .3033  .1296 .7895  .0208 .960  .00334 .9934  8.7e-5 .9998",
    2: ".3042 .609  .01135 .978  4.7e-4 .9991  2.0e-5 1.0000  3e-8 1.0000",
}


@pytest.mark.parametrize("horizon", FITTING)
def test_which_backward_kernel_of_iterative_fitting_is_in_the_weights(horizon):
    """One exact kernel over the whole time; the weights of a path of many are the same."""
    first, second, third = fitting_rounds(SOURCE, TARGET, *transition(1, horizon), rounds=3)
    pairs = [
        (first.forward, first.frozen_backward),
        (first.forward, first.backward),
        (second.forward, second.frozen_backward),
        (second.forward, second.backward),
        (third.forward, third.backward),
    ]
    noise = np.random.default_rng(2).standard_normal((PATHS, 2))
    start = np.array([SOURCE[0]]), np.array([[SOURCE[1]]])
    for (forward, backward), printed in zip(pairs, FITTING[horizon].split("  "), strict=True):
        path = GaussianPath(SOURCE, [forward], [backward])
        exact = path.weights()
        assert_printed([LOG_Z - exact.mean(), exact.ess_fraction()], printed)
        assert_core_has_the_weights(with_kernels(*path), start, exact, noise)


@pytest.mark.parametrize(
    ("horizon", "printed"), [(1.0, "1.045217 2.879193 .303341"), (5.0, ".013551 .027239 .973528")]
)
def test_exact_denoising_kernels_leave_the_error_of_the_start(horizon, printed):
    """The floor of the denoising rows, whatever the number of steps."""
    first = next(fitting_rounds(SOURCE, TARGET, *transition(1, horizon), rounds=1))
    assert_row_is_printed(GaussianPath(SOURCE, [first.forward], [first.frozen_backward]), printed)


@pytest.mark.parametrize("steps", [1, 5])
@pytest.mark.parametrize("horizon", [0.5, 2.0])
def test_exact_denoising_misses_only_by_where_it_starts(steps, horizon):
    """From p_T weights are constant; from N(0, 1) the gap is KL(N(0, 1) || p_T), for any number of steps."""

    def noised(tau):
        a, s2 = transition(1, tau)
        return a * TARGET[0], a**2 * TARGET[1] + s2

    a, s2 = transition(1, horizon / steps)
    noising = [Kernel(a, 0.0, s2)] * steps
    times = np.linspace(horizon, 0, steps + 1)
    denoising_steps = [reversal(noising[0], *noised(tau)) for tau in times[1:]]
    late = noised(horizon)
    noise = np.random.default_rng(3).standard_normal((PATHS, steps + 1))
    start = np.array([late[0]]), np.array([[late[1]]])
    weights = path_log_weights(
        with_kernels(late, denoising_steps, noising), start, LOG_TARGET, noise[..., None]
    )
    np.testing.assert_allclose(weights, LOG_Z, atol=1e-9)
    exact = GaussianPath(SOURCE, denoising_steps, noising).weights()
    np.testing.assert_allclose(LOG_Z - exact.mean(), kl(SOURCE, late), atol=1e-9)
    unit = np.zeros(1), np.eye(1)
    assert_core_has_the_weights(with_kernels(SOURCE, denoising_steps, noising), unit, exact, noise)


def column(controls, steps):
    """Slopes (points, 1, 1) and intercepts (points, 1) of a control at all points but the last."""
    slopes, intercepts = np.array([*controls, (0.0, 0.0)]).T
    return slopes.reshape(steps + 1, 1, 1), intercepts.reshape(steps + 1, 1)


@pytest.mark.parametrize("horizon", [1, 5, 10])
@pytest.mark.parametrize("steps", [16, 64])
def test_the_ornstein_uhlenbeck_chain_has_the_kernels_of_the_exponential_integrator(horizon, steps):
    """The same rows with the core's own chain and a control alone."""
    path = denoising(horizon, steps, *PAIRS["integrator"])
    chain = ornstein_uhlenbeck(float(horizon), steps)
    control = linear(*column(denoising_control(horizon, chain.times[:-1]), steps))
    standard = np.zeros(1), np.eye(1)
    measure = PathMeasure(chain, NO_GUIDANCE, control, NO_CONTROL, gaussian(*standard))
    noise = np.random.default_rng(4).standard_normal((PATHS, steps + 1))
    assert_core_has_the_weights(measure, standard, path.weights(), noise)


FROM_A_POINT = {  # gap, variance and effective share at 16 and 64 steps
    1: ".03652 .07909 .93892  .00888 .01810 .98307",
    5: ".33505 1.03226 .69591  .07414 .16514 .88461",
}


@pytest.mark.parametrize("horizon", FROM_A_POINT)
@pytest.mark.parametrize("steps", [16, 64])
def test_paths_from_a_point_with_the_exact_control(horizon, steps):
    """Euler paths from 0 against Brownian bridges to 0, from their first step on."""
    chain, times = pinned(float(horizon), steps), np.linspace(0, horizon, steps + 1)
    A, l = 1 / TARGET[1] - 1 / horizon, TARGET[0] / TARGET[1]  # noqa: E741
    potentials = [potential_before(A, l, 1.0, horizon - t) for t in times[:-1]]
    controls = [(-slope, intercept) for slope, intercept in potentials]
    first, *forward = euler(controls, times, 0)
    backward = [Kernel(t / after, 0.0, t * (after - t) / after) for t, after in pairwise(times[1:])]
    exact = GaussianPath((first.intercept, first.variance), forward, backward).weights()
    printed = FROM_A_POINT[horizon].split("  ")[[16, 64].index(steps)]
    assert_printed([LOG_Z - exact.mean(), exact.variance(), exact.ess_fraction()], printed)
    measure = PathMeasure(chain, NO_GUIDANCE, linear(*column(controls, steps)), NO_CONTROL, chain.log_start)
    noise = np.random.default_rng(5).standard_normal((PATHS, steps + 1))
    certain = np.zeros(1), 1e-300 * np.eye(1)  # the point 0
    assert_core_has_the_weights(measure, certain, exact, noise)
