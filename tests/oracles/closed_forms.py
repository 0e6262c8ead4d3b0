"""Closed forms the tests compare with, in NumPy: Gaussian bridges and exact statistics of path weights.

Scalars or matrices throughout. The reference has transitions x' = a x + sqrt(s2) noise over a time r:
a = exp(-r/2), s2 = 1 - a^2 where `stationary` is 1 (Ornstein-Uhlenbeck), a = 1, s2 = r where it is 0
(Brownian).
"""

from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg

Number = Any  # a float, or a vector or matrix in its place


def inverse(A):
    return np.linalg.inv(A) if np.ndim(A) else 1.0 / A


def unit(A):
    """The identity that goes with A."""
    return np.eye(len(A)) if np.ndim(A) else 1.0


def product(*factors):
    """Matrices multiplied, or numbers."""
    return reduce(np.dot, factors)


class Kernel(NamedTuple):
    """N(slope x + intercept, variance)."""

    slope: Number
    intercept: Number
    variance: Number


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
    """Exact weights of a Gaussian path: laws are (mean, variance), kernels lists of Kernel, step by step.

    The noise is that of the start and then of every step, in one vector.
    """
    dim = np.size(source[0])
    size = dim * (len(forward) + 1)
    noise = np.split(np.eye(size), len(forward) + 1)
    constant, linear, quadratic = log_z, np.zeros(size), np.zeros((size, size))

    def add(sign, row, offset, variance):
        """sign * log N(row noise + offset; 0, variance)."""
        nonlocal constant, linear, quadratic
        root = np.linalg.cholesky(np.atleast_2d(variance))
        row, offset = np.linalg.solve(root, row), np.linalg.solve(root, offset)
        constant -= sign * (
            0.5 * offset @ offset + np.log(np.diag(root)).sum() + 0.5 * dim * np.log(2 * np.pi)
        )
        linear = linear - sign * offset @ row
        quadratic = quadratic - sign * row.T @ row

    row, offset = np.linalg.cholesky(np.atleast_2d(source[1])) @ noise[0], np.reshape(source[0], dim)
    add(-1, row, offset - source[0], source[1])
    for drawn, ahead, back in zip(noise[1:], forward, backward, strict=True):
        step = np.linalg.cholesky(np.atleast_2d(ahead.variance)) @ drawn
        after = np.atleast_2d(ahead.slope) @ row + step
        after_offset = np.atleast_2d(ahead.slope) @ offset + ahead.intercept
        slope = np.atleast_2d(back.slope)
        add(-1, step, np.zeros(dim), ahead.variance)
        add(+1, row - slope @ after, offset - slope @ after_offset - back.intercept, back.variance)
        row, offset = after, after_offset
    add(+1, row, offset - target[0], target[1])
    return Weights(constant, linear, quadratic)


def transition(stationary, r):
    """(a, s2) of the reference over a time r."""
    a = np.exp(-0.5 * r * stationary)
    return a, 1.0 - a**2 if stationary else r


def pushed(kernel, mean, variance):
    """Mean and variance after the kernel."""
    spread = product(kernel.slope, variance, np.transpose(kernel.slope))
    return np.dot(kernel.slope, mean) + kernel.intercept, spread + kernel.variance


def reversal(kernel, mean, variance):
    """The exact reversal of a kernel whose starting point is N(mean, variance)."""
    after_mean, after_variance = pushed(kernel, mean, variance)
    slope = product(variance, np.transpose(kernel.slope), inverse(after_variance))
    precision = product(np.transpose(kernel.slope), inverse(kernel.variance), kernel.slope)
    return Kernel(slope, mean - np.dot(slope, after_mean), inverse(inverse(variance) + precision))


def kl(law, other):
    """KL between Gaussians (mean, variance)."""
    (m, S), (n, R) = law, other
    ratios = np.real(np.linalg.eigvals(np.atleast_2d(product(inverse(R), S))))
    return 0.5 * (np.dot(m - n, np.dot(inverse(R), m - n)) + np.sum(ratios - 1 - np.log(ratios)))


def cross_covariance(S0, S1, a, s2):
    """Cov(X_0, X_T) of the Schrödinger bridge between N(., S0) and N(., S1); matrices."""
    R = a * np.real(scipy.linalg.sqrtm(S0))
    root = np.real(scipy.linalg.sqrtm(R @ S1 @ R + 0.25 * s2**2 * np.eye(len(S0))))
    return (R @ root @ np.linalg.inv(R) - 0.5 * s2 * np.eye(len(S0))) / a


class Bridge(NamedTuple):
    """The bridge between N(m0, S0) and N(m1, S1): log phi_T = -x'A x / 2 + l'x and log phi-hat_0 likewise."""

    stationary: float
    horizon: float
    A: Number
    l: Number  # noqa: E741
    A_hat: Number
    l_hat: Number

    def potential(self, t):
        """(A, l) of log phi_t."""
        return potential_before(self.A, self.l, *transition(self.stationary, self.horizon - t))

    def marginal(self, t):
        """Mean and variance at time t."""
        A, l = self.potential(t)  # noqa: E741
        A_hat, l_hat = potential_after(self.A_hat, self.l_hat, *transition(self.stationary, t))
        variance = inverse(A + A_hat)
        return np.dot(variance, l + l_hat), variance

    def forward_control(self, t):
        """(slope, intercept) of grad log phi_t."""
        A, l = self.potential(t)  # noqa: E741
        return -A, l

    def backward_control(self, t):
        """(slope, intercept) of grad log phi-hat_t, the density of p_t / phi_t relative to rho."""
        mean, variance = self.marginal(t)
        slope, intercept = self.forward_control(t)
        precision = inverse(variance)
        return self.stationary * unit(slope) - precision - slope, np.dot(precision, mean) - intercept

    def exact_kernel(self, t, after):
        """The bridge's own transition from t to `after`, however far apart."""
        return twisted(*self.potential(after), *transition(self.stationary, after - t))


def potential_before(A, l, a, s2):  # noqa: E741
    """(A, l) of the log potential -x'A x / 2 + l'x averaged over the reference's step that leads to it."""
    shrink = inverse(unit(A) + s2 * A)
    return a**2 * np.dot(A, shrink), a * np.dot(shrink, l)


def potential_after(A, l, a, s2):  # noqa: E741
    """(A, l) of an unnormalised log density -x'A x / 2 + l'x after the reference's step."""
    shrink = inverse(a**2 * unit(A) + s2 * A)
    return np.dot(A, shrink), a * np.dot(shrink, l)


def twisted(A, l, a, s2):  # noqa: E741
    """The reference's step times exp(-x'A x / 2 + l'x) at its end, normalised."""
    variance = inverse(unit(A) / s2 + A)
    return Kernel(a / s2 * variance, np.dot(variance, l), variance)


def bridge(source, target, stationary, horizon):
    """The Schrödinger bridge between two laws (mean, variance)."""
    (m0, S0), (m1, S1) = source, target
    a, s2 = transition(stationary, horizon)
    C = cross_covariance(np.atleast_2d(S0), np.atleast_2d(S1), a, s2).reshape(np.shape(S0))
    slope = product(np.transpose(C), inverse(S0))
    precision = inverse(S1 - np.dot(slope, C))
    A, l = precision - unit(S0) / s2, np.dot(precision, m1 - np.dot(slope, m0))  # noqa: E741
    before, shift = potential_before(A, l, a, s2)
    return Bridge(stationary, horizon, A, l, inverse(S0) - before, np.dot(inverse(S0), m0) - shift)


class Round(NamedTuple):
    """One round of iterative proportional fitting: the sampler's kernel over the whole time, the backward
    kernel that it was fitted to, and the one then fitted to it."""

    forward: Kernel
    frozen_backward: Kernel
    backward: Kernel


def fitting_rounds(source, target, a, s2, rounds, start=None):
    """Rounds from the noising reference of the source, or from `start`, the (A, l) of log phi-hat_0."""
    (m0, S0), (m1, S1) = source, target
    P0, P1 = inverse(S0), inverse(S1)
    A_hat, l_hat = (P0, np.dot(P0, m0)) if start is None else start
    for _ in range(rounds):
        noised, shift = potential_after(A_hat, l_hat, a, s2)
        A, l = P1 - noised, np.dot(P1, m1) - shift  # noqa: E741
        frozen_backward = backward_step(A_hat, l_hat, a, s2)
        before, shift = potential_before(A, l, a, s2)
        A_hat, l_hat = P0 - before, np.dot(P0, m0) - shift
        yield Round(twisted(A, l, a, s2), frozen_backward, backward_step(A_hat, l_hat, a, s2))


def backward_step(A, l, a, s2):  # noqa: E741
    """The reference's reversed step (x given x') for the log potential -x'A x / 2 + l'x at its start."""
    variance = inverse(a**2 / s2 * unit(A) + A)
    return Kernel(a / s2 * variance, np.dot(variance, l), variance)


def fitting_laws(source, target, a, s2, rounds, start=None):
    """Terminal laws (mean, variance) of iterative proportional fitting."""
    for fitted in fitting_rounds(source, target, a, s2, rounds, start):
        yield pushed(fitted.forward, *source)
