"""Closed forms the tests compare with, in NumPy: Gaussian bridges and exact statistics of path weights.

Scalars throughout, except `cross_covariance`. The reference has transitions x' = a x + sqrt(s2) noise over
a time r: a = exp(-r/2), s2 = 1 - a^2 where `stationary` is 1 (Ornstein-Uhlenbeck), a = 1, s2 = r where it
is 0 (Brownian).
"""

from typing import NamedTuple

import numpy as np
import scipy.linalg
import scipy.stats


class Kernel(NamedTuple):
    """N(slope x + intercept, variance)."""

    slope: float
    intercept: float
    variance: float


class Weights(NamedTuple):
    """log w = constant + linear noise + noise' quadratic noise / 2, for noise ~ N(0, I)."""

    constant: float
    linear: np.ndarray
    quadratic: np.ndarray

    def at(self, noise):
        return self.constant + self.linear @ noise + 0.5 * noise @ self.quadratic @ noise

    def mean(self):
        return self.constant + 0.5 * np.trace(self.quadratic)

    def variance(self):
        return self.linear @ self.linear + 0.5 * np.sum(self.quadratic**2)

    def log_moment(self, p):
        """log E[w^p]."""
        precision = np.eye(len(self.linear)) - p * self.quadratic
        assert np.all(np.linalg.eigvalsh(precision) > 0), f"E[w^{p}] is infinite"
        spread = self.linear @ np.linalg.solve(precision, self.linear)
        return p * self.constant + 0.5 * p**2 * spread - 0.5 * np.linalg.slogdet(precision)[1]

    def ess_fraction(self):
        return np.exp(2 * self.log_moment(1) - self.log_moment(2))


def path_weights(source, target, log_z, forward, backward):
    """Exact weights of a Gaussian path: laws are (mean, variance), kernels lists of Kernel, step by step."""
    size = len(forward) + 1
    constant, linear, quadratic = log_z, np.zeros(size), np.zeros((size, size))

    def add(sign, row, offset, variance):
        """sign * log N(row noise + offset; 0, variance)."""
        nonlocal constant, linear, quadratic
        constant += sign * scipy.stats.norm.logpdf(offset, scale=np.sqrt(variance))
        linear = linear - sign * offset * row / variance
        quadratic = quadratic - sign * np.outer(row, row) / variance

    unit = np.eye(size)
    row, offset = np.sqrt(source[1]) * unit[0], source[0]
    add(-1, row, offset - source[0], source[1])
    for k, (ahead, back) in enumerate(zip(forward, backward, strict=True)):
        step = np.sqrt(ahead.variance) * unit[k + 1]
        after, after_offset = ahead.slope * row + step, ahead.slope * offset + ahead.intercept
        add(-1, step, 0.0, ahead.variance)
        add(+1, row - back.slope * after, offset - back.slope * after_offset - back.intercept, back.variance)
        row, offset = after, after_offset
    add(+1, row, offset - target[0], target[1])
    return Weights(constant, linear, quadratic)


def transition(stationary, r):
    """(a, s2) of the reference over a time r."""
    a = np.exp(-0.5 * r * stationary)
    return a, 1.0 - a**2 if stationary else r


def reversal(kernel, mean, variance):
    """The exact reversal of a kernel whose starting point is N(mean, variance)."""
    after_mean, after_variance = pushed(kernel, mean, variance)
    slope = variance * kernel.slope / after_variance
    return Kernel(slope, mean - slope * after_mean, kernel.variance * variance / after_variance)


def pushed(kernel, mean, variance):
    """Mean and variance after the kernel."""
    return kernel.slope * mean + kernel.intercept, kernel.slope**2 * variance + kernel.variance


def cross_covariance(S0, S1, a, s2):
    """Cov(X_0, X_T) of the Schrödinger bridge between N(., S0) and N(., S1); matrices."""
    R = a * np.real(scipy.linalg.sqrtm(S0))
    root = np.real(scipy.linalg.sqrtm(R @ S1 @ R + 0.25 * s2**2 * np.eye(len(S0))))
    return (R @ root @ np.linalg.inv(R) - 0.5 * s2 * np.eye(len(S0))) / a


class Bridge(NamedTuple):
    """The bridge between N(m0, S0) and N(m1, S1): log phi_T = -A x^2 / 2 + l x and log phi-hat_0 likewise."""

    stationary: float
    horizon: float
    A: float
    l: float  # noqa: E741
    A_hat: float
    l_hat: float

    def potential(self, t):
        """(A, l) of log phi_t."""
        a, s2 = transition(self.stationary, self.horizon - t)
        return a**2 * self.A / (1 + s2 * self.A), a * self.l / (1 + s2 * self.A)

    def marginal(self, t):
        """Mean and variance at time t."""
        a, s2 = transition(self.stationary, t)
        share = a**2 + s2 * self.A_hat
        (A, l), A_hat, l_hat = self.potential(t), self.A_hat / share, a * self.l_hat / share  # noqa: E741
        return (l + l_hat) / (A + A_hat), 1 / (A + A_hat)

    def forward_control(self, t):
        """(slope, intercept) of grad log phi_t."""
        A, l = self.potential(t)  # noqa: E741
        return -A, l

    def backward_control(self, t):
        """(slope, intercept) of grad log phi-hat_t, the density of p_t / phi_t relative to rho."""
        mean, variance = self.marginal(t)
        slope, intercept = self.forward_control(t)
        return self.stationary - 1 / variance - slope, mean / variance - intercept

    def exact_kernel(self, t, after):
        """The bridge's own transition from t to `after`, however far apart."""
        a, s2 = transition(self.stationary, after - t)
        A, l = self.potential(after)  # noqa: E741
        variance = 1 / (1 / s2 + A)
        return Kernel(variance * a / s2, variance * l, variance)


def bridge(source, target, stationary, horizon):
    """The Schrödinger bridge between two scalar laws (mean, variance)."""
    (m0, S0), (m1, S1) = source, target
    a, s2 = transition(stationary, horizon)
    C = cross_covariance(np.array([[S0]]), np.array([[S1]]), a, s2).item()
    variance = S1 - C**2 / S0
    A, l = 1 / variance - 1 / s2, (m1 - C / S0 * m0) / variance  # noqa: E741
    start = Bridge(stationary, horizon, A, l, np.nan, np.nan).potential(0.0)
    return Bridge(stationary, horizon, A, l, 1 / S0 - start[0], m0 / S0 - start[1])


def fitting_laws(source, target, a, s2, rounds):
    """Terminal laws (mean, variance) of iterative proportional fitting from the noising reference."""
    (m0, S0), (m1, S1) = source, target
    A_hat, l_hat = 1 / S0, m0 / S0
    for _ in range(rounds):
        share = a**2 + s2 * A_hat
        A, l = 1 / S1 - A_hat / share, m1 / S1 - a * l_hat / share  # noqa: E741
        variance = 1 / (1 / s2 + A)
        yield pushed(Kernel(variance * a / s2, variance * l, variance), m0, S0)
        A_hat, l_hat = 1 / S0 - a**2 * A / (1 + s2 * A), m0 / S0 - a * l / (1 + s2 * A)


def kl(law, other):
    """KL between scalar Gaussians (mean, variance)."""
    (m, S), (n, R) = law, other
    return 0.5 * (S / R + (m - n) ** 2 / R - 1 + np.log(R / S))
