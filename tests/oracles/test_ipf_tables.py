"""Iterative proportional fitting of Gaussians and the weights of exact drifts, against printed tables.

The tables were computed apart from this project; every number must agree to its last digit.
Scalars: source N(0, 1), target N(2, .25) times exp(1.234).
"""

from itertools import pairwise

import numpy as np
import pytest

from oracles.closed_forms import (
    Kernel,
    bridge,
    cross_covariance,
    fitting_laws,
    fitting_rounds,
    kl,
    path_weights,
    potential_before,
    reversal,
    transition,
    twisted,
)

SOURCE, TARGET, LOG_Z = (0.0, 1.0), (2.0, 0.25), 1.234
NOISE = 1e-15  # what double precision leaves of a divergence


def assert_printed(found, printed):
    """`found` rounds to the numbers of a printed row, which were once rounded to a digit more."""
    assert len(found) == len(printed.split())
    for value, text in zip(found, printed.split(), strict=True):
        digits, _, power = text.partition("e")
        unit = 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
        assert abs(value - float(text)) <= 0.55 * unit + NOISE, (value, text)


def correlation(source, target, a, s2):
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
def test_divergences_against_horizon_and_round(horizon):
    laws = list(fitting_laws(SOURCE, TARGET, *transition(1, horizon), rounds=11))
    assert_printed([kl(laws[n], TARGET) for n in (0, 1, 2, 3, 5, 10)], DIVERGENCES[horizon])
    rho = correlation(SOURCE, TARGET, *transition(1, horizon))
    assert_printed([rho, rho**2, rho**4], RATES[horizon])


def test_a_product_target_multiplies_divergences_by_its_dimension():
    standard, target = (np.zeros(3), np.eye(3)), (np.full(3, 2.0), 0.25 * np.eye(3))
    laws = fitting_laws(standard, target, *transition(1, 0.5), rounds=3)
    scalars = fitting_laws(SOURCE, TARGET, *transition(1, 0.5), rounds=3)
    for law, scalar in zip(laws, scalars, strict=True):
        np.testing.assert_allclose(kl(law, target), 3 * kl(scalar, TARGET), rtol=1e-9)


KERNELS_IN_WEIGHTS = {  # gap and ESS / N of rounds 0, 0, 1, 1, 2, the backward kernel old, new, old, new, new
    0.2: "4.562 .104 2.366 .167 1.430 .242 .8675 .3445 .3578 .568",
    0.5: "2.339 .168 .6307 .422 .2274 .678 .0825 .856 .0117 .977",
    1: "1.0452 .3033 .1296 .7895 .0208 .960 .00334 .9934 8.7e-5 .9998",
    2: ".3042 .609 .01135 .978 4.7e-4 .9991 2.0e-5 1.0000 3e-8 1.0000",
}


@pytest.mark.parametrize("horizon", KERNELS_IN_WEIGHTS)
def test_which_backward_kernel_goes_into_the_weights(horizon):
    """One exact kernel over the whole time; the weights of a path of many are the same."""
    first, second, third = fitting_rounds(SOURCE, TARGET, *transition(1, horizon), rounds=3)
    found = []
    for forward, backward in [
        (first.forward, first.judged_by),
        (first.forward, first.backward),
        (second.forward, second.judged_by),
        (second.forward, second.backward),
        (third.forward, third.backward),
    ]:
        weights = path_weights(SOURCE, TARGET, LOG_Z, [forward], [backward])
        found += [LOG_Z - weights.mean(), weights.ess_fraction()]
    assert_printed(found, KERNELS_IN_WEIGHTS[horizon])


def matrix_pair():
    rng = np.random.default_rng(3)
    (m0, m1), halves = rng.standard_normal((2, 3)), rng.standard_normal((2, 3, 3))
    return tuple((m, 0.5 * half @ half.T + 0.3 * np.eye(3)) for m, half in zip((m0, m1), halves, strict=True))


@pytest.mark.parametrize("stationary", [0, 1], ids=["brownian", "ornstein-uhlenbeck"])
def test_every_half_round_is_the_exact_reversal(stationary):
    """Backward kernels reverse the sampler; the forward kernel reverses the noised target, in matrices."""
    source, target = matrix_pair()
    for fitted in fitting_rounds(source, target, *transition(stationary, 0.7), rounds=3):
        for found, exact in [
            (fitted.backward, reversal(fitted.forward, *source)),
            (fitted.forward, reversal(fitted.judged_by, *target)),
        ]:
            for part, truth in zip(found, exact, strict=True):
                np.testing.assert_allclose(part, truth, atol=1e-10)


@pytest.mark.parametrize("stationary", [0, 1], ids=["brownian", "ornstein-uhlenbeck"])
@pytest.mark.parametrize("flat", [False, True], ids=["from-noising", "from-no-corrector"])
def test_fitting_converges_to_the_bridge_at_its_canonical_correlation(stationary, flat):
    """Errors of covariances shrink by rho^4 a round, those of means by rho^2, in matrices."""
    source, target = matrix_pair()
    start = (np.zeros((3, 3)), np.zeros(3)) if flat else None
    reference = transition(stationary, 0.7)
    exact = bridge(source, target, stationary, 0.7).exact_kernel(0.0, 0.7)
    rounds = [r.forward for r in fitting_rounds(source, target, *reference, rounds=100, start=start)]
    np.testing.assert_allclose(rounds[-1].slope, exact.slope, atol=1e-9)
    np.testing.assert_allclose(rounds[-1].intercept, exact.intercept, atol=1e-9)
    rho = correlation(source, target, *reference)
    wide, far = (
        [np.linalg.norm(getattr(kernel, part) - getattr(exact, part)) for kernel in rounds]
        for part in ("variance", "intercept")
    )
    late = next(n for n, error in enumerate(wide) if error < 1e-7)
    np.testing.assert_allclose(wide[late + 1] / wide[late], rho**4, rtol=1e-3)
    np.testing.assert_allclose(far[late + 1] / far[late], rho**2, rtol=1e-3)


def test_the_observed_rate_of_the_scalar_instance():
    rounds = list(fitting_rounds(SOURCE, TARGET, *transition(1, 1.0), rounds=5))
    exact = bridge(SOURCE, TARGET, 1, 1.0).exact_kernel(0.0, 1.0)
    errors = [r.forward.variance - exact.variance for r in rounds]
    np.testing.assert_allclose(errors[2] / errors[1], 0.0261585883, rtol=1e-3)
    np.testing.assert_allclose(
        correlation(SOURCE, TARGET, *transition(1, 1.0)) ** 4, 0.0261585883, atol=5e-11
    )


def twisting(A, l, c, K, r, S):  # noqa: E741
    """-log of E exp(-(x'A x + l'x + c)) over x ~ N(K x_0 + r, S), as (A, l, c) in x_0, and that tilted law.

    The tilted law is N(S' (S^-1 (K x_0 + r) - l), S'); only its covariance S' is returned.
    """
    P = np.linalg.inv(S)
    T = np.linalg.inv(2 * A + P)
    rest = P - P @ T @ P
    log_det = np.linalg.slogdet(np.eye(len(S)) + 2 * S @ A)[1]
    constant = c + 0.5 * log_det + 0.5 * r @ P @ r - 0.5 * (P @ r - l) @ T @ (P @ r - l)
    return 0.5 * K.T @ rest @ K, K.T @ (rest @ r + P @ T @ l), constant, T


def test_the_matrix_recursion_averages_a_quadratic_potential():
    """Against Gauss-Hermite quadrature in two dimensions, with the mean and covariance of the tilted law."""
    rng = np.random.default_rng(4)
    A, K, half = rng.standard_normal((3, 2, 2))
    A, S, (l, r, x) = 0.1 * (A + A.T), 0.2 * half @ half.T + 0.2 * np.eye(2), rng.standard_normal((3, 2))  # noqa: E741
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    noise = np.stack(np.meshgrid(nodes, nodes), -1).reshape(-1, 2)
    after = K @ x + r + noise @ np.linalg.cholesky(S).T
    tilt = np.outer(weights, weights).ravel() / (2 * np.pi)
    tilt = tilt * np.exp(-np.einsum("ni,ij,nj->n", after, A, after) - after @ l - 0.7)
    found_A, found_l, found_c, T = twisting(A, l, 0.7, K, r, S)
    np.testing.assert_allclose(x @ found_A @ x + found_l @ x + found_c, -np.log(tilt.sum()), atol=1e-10)
    mean = tilt @ after / tilt.sum()
    np.testing.assert_allclose(T @ (np.linalg.solve(S, K @ x + r) - l), mean, atol=1e-10)
    np.testing.assert_allclose(
        T, (after - mean).T @ ((after - mean) * tilt[:, None]) / tilt.sum(), atol=1e-10
    )


def test_the_matrix_recursion_is_the_one_of_the_bridge():
    """Its A is half of ours, its l the negative."""
    rng = np.random.default_rng(5)
    half, l = rng.standard_normal((2, 2)), rng.standard_normal(2)  # noqa: E741
    A, (a, s2) = half @ half.T, transition(1, 0.6)
    before, shift = potential_before(A, l, a, s2)
    found_A, found_l, _, T = twisting(0.5 * A, -l, 0.0, a * np.eye(2), np.zeros(2), s2 * np.eye(2))
    np.testing.assert_allclose(2 * found_A, before, atol=1e-12)
    np.testing.assert_allclose(-found_l, shift, atol=1e-12)
    np.testing.assert_allclose(T, twisted(A, l, a, s2).variance, atol=1e-12)


def test_one_twist_normalises_the_linear_quadratic_model():
    """32 dimensions: exp(-(y - x)' Lambda^-1 (y - x) / 2) averaged over N(0, I)."""
    P = np.linalg.inv(0.8 * np.ones((32, 32)) + 0.2 * np.eye(32))
    y, still = np.full(32, 20.0), np.zeros((32, 32))
    _, _, constant, _ = twisting(0.5 * P, -P @ y, 0.5 * y @ P @ y, still, np.zeros(32), np.eye(32))
    np.testing.assert_allclose(-constant, -266.59725562, atol=5e-9)


def euler(control, times, stationary):
    """Euler kernels of the drift (control - stationary x / 2) of a (slope, intercept) at every time."""
    return [
        Kernel(1 + delta * (slope - 0.5 * stationary), delta * intercept, delta)
        for delta, (slope, intercept) in zip(np.diff(times), control, strict=True)
    ]


def integrated(control, times):
    """Exponential-integrator kernels of the Ornstein-Uhlenbeck process with a control."""
    kept = np.exp(-0.5 * np.diff(times))
    return [
        Kernel(a + 2 * (1 - a) * slope, 2 * (1 - a) * intercept, 1 - a**2)
        for a, (slope, intercept) in zip(kept, control, strict=True)
    ]


def denoising(horizon, steps, exact_noising, integrator):
    """Exact score of the noised target; Euler or the exponential integrator; either noising kernel."""
    times = np.linspace(0, horizon, steps + 1)
    laws = [(a * TARGET[0], a**2 * TARGET[1] + s2) for a, s2 in (transition(1, horizon - t) for t in times)]
    control = [(1 - 1 / variance, mean / variance) for mean, variance in laws[:-1]]
    still = [(0.0, 0.0)] * steps
    forward = integrated(control, times) if integrator else euler(control, times, 1)
    return SOURCE, forward, integrated(still, times) if exact_noising else euler(still, times, 1)


def bridging(stationary, steps, exact_reversal):
    """Euler kernels of the bridge's forward drift against those of its backward drift, or its reversal."""
    exact, times = bridge(SOURCE, TARGET, stationary, 1.0), np.linspace(0, 1, steps + 1)
    forward = euler([exact.forward_control(t) for t in times[:-1]], times, stationary)
    if not exact_reversal:
        return SOURCE, forward, euler([exact.backward_control(t) for t in times[1:]], times, stationary)
    own = [(exact.exact_kernel(*pair), exact.marginal(pair[0])) for pair in pairwise(times)]
    return SOURCE, forward, [reversal(kernel, *law) for kernel, law in own]


def from_a_point(horizon, steps):
    """Euler paths from 0 with the exact control, against Brownian bridges to 0, from their first step on."""
    times = np.linspace(0, horizon, steps + 1)
    A, l = 1 / TARGET[1] - 1 / horizon, TARGET[0] / TARGET[1]  # noqa: E741
    potentials = [potential_before(A, l, 1.0, horizon - t) for t in times[:-1]]
    first, *forward = euler([(-slope, intercept) for slope, intercept in potentials], times, 0)
    backward = [Kernel(t / after, 0.0, t * (after - t) / after) for t, after in pairwise(times[1:])]
    return (first.intercept, first.variance), forward, backward


BY_SAMPLER = {  # gap, Var(log w), ESS / N at 16, 64 and 256 steps
    "denoising-1-euler": """1.03283 2.77681 .29250  1.04159 2.85108 .30044  1.04428 2.87202 .30260""",
    "denoising-1-mismatched": """1.09196 2.98147 .28022  1.05654 2.90235 .29683  1.04803 2.88484 .30166""",
    "denoising-1-integrator": """1.07114 2.93630 .29027  1.05139 2.89185 .29977  1.04674 2.88226 .30243""",
    "denoising-5-euler": """.19893 .59856 .80079  .04742 .10198 .91959  .02126 .04292 .95907""",
    "denoising-5-mismatched": """.39777 1.13463 .61781  .09989 .21592 .84003  .03449 .07004 .93520""",
    "denoising-5-integrator": """.17546 .49490 .80954  .04741 .10175 .91964  .02158 .04368 .95871""",
    "denoising-10-euler": """.50672 2.19887 .69406  .07922 .19529 .89401  .01682 .03529 .96978""",
    "denoising-10-mismatched": """1.07449 3.97970 .36657  .22959 .53601 .69928  .05472 .11355 .90289""",
    "denoising-10-integrator": """.39117 1.49430 .72793  .07237 .17511 .90030  .01644 .03446 .97038""",
    "point-1": """.03652 .07909 .93892  .00888 .01810 .98307  .00220 .00443 .99565""",
    "point-5": """.33505 1.03226 .69591  .07414 .16514 .88461  .01786 .03666 .96663""",
    "bridge-brownian-euler": """.04143 .09116 .93274  .00989 .02025 .98128  .00244 .00492 .99518""",
    "bridge-brownian-reversal": """.04970 .10968 .92028  .01200 .02459 .97737  .00297 .00598 .99414""",
    "bridge-ou-euler": """.03858 .08420 .93639  .00924 .01888 .98243  .00229 .00459 .99549""",
    "bridge-ou-reversal": """.04981 .10954 .91969  .01205 .02467 .97724  .00299 .00601 .99411""",
}
MAKERS = {
    f"denoising-{horizon}-{pair}": lambda steps, horizon=horizon, flags=flags: denoising(
        horizon, steps, *flags
    )
    for horizon in (1, 5, 10)
    for pair, flags in {"euler": (0, 0), "mismatched": (1, 0), "integrator": (1, 1)}.items()
}
MAKERS |= {
    f"point-{horizon}": lambda steps, horizon=horizon: from_a_point(horizon, steps) for horizon in (1, 5)
}
MAKERS |= {
    f"bridge-{name}-{pair}": lambda steps, stationary=stationary, flag=flag: bridging(stationary, steps, flag)
    for stationary, name in enumerate(("brownian", "ou"))
    for pair, flag in {"euler": False, "reversal": True}.items()
}
COARSE = {  # the same at 1 and 4 steps
    "bridge-brownian-euler": "1.07893 6.82468 .60785  .19425 .57135 .80633",
    "bridge-ou-euler": "1.03304 6.33671 .60317  .18025 .51739 .81371",
    "bridge-brownian-reversal": "1.12695 7.32843 .60936  .22364 .66210 .78246",
    "bridge-ou-reversal": "1.13954 7.44926 .60751  .22320 .65317 .78032",
}


def statistics(source, forward, backward):
    weights = path_weights(source, TARGET, LOG_Z, forward, backward)
    np.testing.assert_allclose(weights.log_moment(1), LOG_Z, atol=1e-9)
    return [LOG_Z - weights.mean(), weights.variance(), weights.ess_fraction()]


@pytest.mark.parametrize("name", BY_SAMPLER)
def test_exact_drifts_at_16_64_and_256_steps(name):
    """E[w] = Z throughout; the delta start scores log N(x_K; 0, T) through its Brownian bridges."""
    assert_printed(np.ravel([statistics(*MAKERS[name](steps)) for steps in (16, 64, 256)]), BY_SAMPLER[name])


@pytest.mark.parametrize("name", COARSE)
def test_exact_drifts_of_bridges_at_1_and_4_steps(name):
    assert_printed(np.ravel([statistics(*MAKERS[name](steps)) for steps in (1, 4)]), COARSE[name])


@pytest.mark.parametrize(
    ("horizon", "printed"), [(1.0, "1.045217 2.879193 .303341"), (5.0, ".013551 .027239 .973528")]
)
def test_exact_denoising_kernels_leave_the_error_of_the_start(horizon, printed):
    """The floor of the denoising rows, whatever the number of steps."""
    first = next(fitting_rounds(SOURCE, TARGET, *transition(1, horizon), rounds=1))
    assert_printed(statistics(SOURCE, [first.forward], [first.judged_by]), printed)


BEST_HORIZONS = {  # on a grid of .25, and the gap there
    (8, "integrator"): (3.25, ".3044"),
    (16, "integrator"): (4.0, ".1613"),
    (32, "integrator"): (4.75, ".0857"),
    (64, "integrator"): (5.5, ".0457"),
    (8, "euler"): (2.75, ".3087"),
    (16, "euler"): (3.75, ".1659"),
    (32, "euler"): (4.5, ".0879"),
    (64, "euler"): (5.5, ".0465"),
}


@pytest.mark.parametrize(("steps", "pair"), BEST_HORIZONS)
def test_the_best_horizon_of_denoising(steps, pair):
    best, printed = BEST_HORIZONS[steps, pair]
    flags = (1, 1) if pair == "integrator" else (0, 0)
    gaps = {}
    for horizon in np.arange(2.0, 6.75, 0.25):
        source, forward, backward = denoising(horizon, steps, *flags)
        gaps[horizon] = -path_weights(source, TARGET, 0.0, forward, backward).mean()
    assert min(gaps, key=gaps.__getitem__) == best
    assert_printed([gaps[best]], printed)
