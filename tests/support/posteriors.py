"""Posteriors with every constant, by SciPy: what the same models in other languages must be equal to."""

import numpy as np
from scipy import stats

EFFECTS = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
ERRORS = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])

PREDICTORS = np.random.default_rng(7).normal(size=(40, 4))
LABELS = (PREDICTORS @ np.array([1.0, -0.5, 0.0, 2.0]) > 0.3).astype(int)
PRIOR_SD = 2.0


def schools(x):
    """Eight schools, not centred, at (mu, log tau, z), with the log-Jacobian of log tau."""
    mu, log_tau, z = x[0], x[1], x[2:]
    tau = np.exp(log_tau)
    prior = stats.norm.logpdf(mu, 0, 5) + stats.halfcauchy.logpdf(tau, scale=5) + np.sum(stats.norm.logpdf(z))
    return prior + log_tau + np.sum(stats.norm.logpdf(EFFECTS, mu + tau * z, ERRORS))


def logistic(x):
    """A logistic regression without intercept."""
    return np.sum(stats.norm.logpdf(x, 0, PRIOR_SD)) + logistic_likelihood(x)


def logistic_likelihood(x):
    """The likelihood of the same."""
    return -np.sum(np.logaddexp(0, -(2 * LABELS - 1) * (PREDICTORS @ x)))


def points(dim, n=6):
    """Fixed points (n, dim), of a normal distribution."""
    return np.random.default_rng(11).normal(size=(n, dim))
