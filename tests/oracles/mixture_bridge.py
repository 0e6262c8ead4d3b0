"""A Schrödinger bridge between Gaussian mixtures with everything known, on the line; and exact Euler paths.

The reference is Brownian motion on [0, 1]. Both potentials are mixtures, so that the ends are too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class Mixture(NamedTuple):
    """sum_j weights_j N(means_j, variances_j), normalised or not."""

    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray

    def blurred(self, variance):
        return self._replace(variances=self.variances + variance)

    def _terms(self, x):
        spread = jnp.log(2 * jnp.pi * self.variances) + (x - self.means) ** 2 / self.variances
        return jnp.log(self.weights) - 0.5 * spread

    def log(self, x):
        """Logarithm at one point."""
        return jax.nn.logsumexp(self._terms(x))

    def score(self, x):
        """Derivative of `log` at one point."""
        return jnp.sum(jax.nn.softmax(self._terms(x)) * (self.means - x) / self.variances)

    def sample(self, rng, n):
        which = rng.choice(len(self.weights), n, p=self.weights)
        return self.means[which] + np.sqrt(self.variances[which]) * rng.standard_normal(n)

    def mean_and_variance(self):
        mean = self.weights @ self.means
        return mean, self.weights @ (self.variances + self.means**2) - mean**2


PHI_HAT_0 = Mixture(np.array([0.6, 0.4]), np.array([-0.5, 1.0]), np.array([0.8, 0.5]))
PHI_1 = Mixture(np.array([0.3, 0.2, 0.5]), np.array([-3.0, 0.5, 3.0]), np.array([0.1, 0.2, 0.15]))


def phi(t):
    """The forward potential: the control is its score."""
    return PHI_1.blurred(1.0 - t)


def phi_hat(t):
    """The backward potential."""
    return PHI_HAT_0.blurred(t)


def product_terms(left, right):
    """The product of two mixtures, as an unnormalised mixture over pairs."""
    gap = left.variances[:, None] + right.variances
    distance = left.means[:, None] - right.means
    overlap = np.exp(-0.5 * distance**2 / gap) / np.sqrt(2 * np.pi * gap)
    weights = left.weights[:, None] * right.weights * overlap
    means = (left.means[:, None] * right.variances + right.means * left.variances[:, None]) / gap
    variances = left.variances[:, None] * right.variances / gap
    return Mixture(weights.ravel(), means.ravel(), variances.ravel())


def marginal(t):
    """The bridge's law at a time: source at 0, target at 1."""
    pairs = product_terms(phi_hat(t), phi(t))
    return pairs._replace(weights=pairs.weights / pairs.weights.sum())


MASS = product_terms(phi_hat(0.0), phi(0.0)).weights.sum()  # integral of phi_t phi-hat_t, at any time


class EulerPaths(NamedTuple):
    """Exact numbers of Euler paths with the bridge's drifts, for gamma = pi."""

    gap: float  # minus the mean log weight
    variance: float  # of the log weight
    ess_fraction: float
    cross_moment: float  # E[X_0 X_K]


@dataclass(frozen=True, eq=False)
class Ends:
    """A bridge seen in one direction: the potentials at a time, and the laws at both ends."""

    forward: Callable[[float], Mixture]
    backward: Callable[[float], Mixture]
    source: Mixture
    target: Mixture


THERE = Ends(phi, phi_hat, marginal(0.0), marginal(1.0))
BACK = Ends(lambda t: phi_hat(1.0 - t), lambda t: phi(1.0 - t), marginal(1.0), marginal(0.0))


@cache
def euler_paths(ends, steps, width=8.0, fineness=3.5):
    """By recursion on a grid: moments of what is left of log w, of w^2 and of X_K given X_k.

    The trapezoidal rule on +-`width` with `fineness` points a standard deviation of a step, or of the
    narrowest component, is exact to 1e-6 (more of either changes no digit above that).
    """
    delta = 1.0 / steps
    x = jnp.linspace(-width, width, int(2 * width * fineness / np.sqrt(min(delta, 0.05))) + 1)
    log_spacing = jnp.log(x[1] - x[0])
    log_mu, log_pi = (jax.vmap(law.log)(x) for law in (ends.source, ends.target))
    moments = log_pi, log_pi**2, 2 * log_pi, x
    for t in np.arange(steps)[::-1] * delta:
        moments = _step_back(x, delta, ends.forward(t), ends.backward(t + delta), moments)
    first, second, log_square, mean = moments
    mu = jnp.exp(log_mu + log_spacing)
    gap = -mu @ (first - log_mu)
    variance = mu @ (second - 2 * first * log_mu + log_mu**2) - gap**2
    log_fraction = -jax.nn.logsumexp(log_square - log_mu + log_spacing)
    return EulerPaths(*map(float, (gap, variance, jnp.exp(log_fraction), mu @ (x * mean))))


@jax.jit
def _step_back(x, delta, forward_potential, backward_potential, moments):
    """The moments given the point before a step, from those given the point after it.

    Matrices have a row for every point before the step and a column for every point after it.
    """
    first, second, log_square, mean = (moment[None] for moment in moments)
    log_spacing = jnp.log(x[1] - x[0])
    forward = _log_normal(x + delta * jax.vmap(forward_potential.score)(x), x, delta) + log_spacing
    backward = _log_normal(x + delta * jax.vmap(backward_potential.score)(x), x, delta).T + log_spacing
    log_ratio = backward - forward
    density = jnp.exp(forward)
    return (
        jnp.sum(density * (log_ratio + first), axis=1),
        jnp.sum(density * (log_ratio * (log_ratio + 2 * first) + second), axis=1),
        jax.nn.logsumexp(forward + 2 * log_ratio + log_square, axis=1),
        jnp.sum(density * mean, axis=1),
    )


def _log_normal(means, x, variance):
    """log N(x; means, variance): a row for every mean."""
    return -0.5 * (x[None] - means[:, None]) ** 2 / variance - 0.5 * jnp.log(2 * jnp.pi * variance)
