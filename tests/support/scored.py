"""Draws made of plain arrays, and a Gaussian of which everything is known to score them against."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from bridgemark.benchmarks.scores.metrics import Evaluation, evaluate
from bridgemark.samplers.base import Draws, evals
from bridgemark.targets.base import About, Density, Modes, Statistic, Target, Truth, gaussian_base

KEY = jax.random.key(7)


def gaussian(dim: int = 2, exact: bool = True, **changes: object) -> Target:
    """N(0, I) with two modes, split at x_0 = 0; the truth's standard errors are 0.01 of a mean.

    With `exact` it has exact draws; `changes` are fields to replace.
    """
    zeros, ones = np.zeros(dim), np.ones(dim)
    base = gaussian_base(zeros, ones)
    target = Target(
        name=f"test-gaussian-{dim}-{exact}",
        version=1,
        density=Density(dim=dim, log_prob=base.log_prob, base=base),
        about=About(source="", definition=""),
        log_z=Truth(0.0, 0.003, ""),
        sample=base.sample if exact else None,
        statistics=(
            Statistic("x", lambda x: x, zeros, ones, 0.01 * ones),
            Statistic("x2", jnp.square, ones, np.sqrt(2) * ones, 0.01 * ones),
        ),
        modes=Modes(lambda x: jnp.stack([x[0] > 0, x[0] <= 0]).astype(x.dtype), np.array([0.5, 0.5])),
    )
    return replace(target, **changes)


def draws_of(x: object, log_weights: object = None, log_z: object = None) -> Draws:
    """Draws x (chains, length, dim), their log weights (chains, length) and log Z estimates (runs,)."""
    weights = None if log_weights is None else np.asarray(log_weights, float)
    return Draws(np.asarray(x, float), weights, None if log_z is None else np.asarray(log_z), evals(), {})


def evaluated(target: Target, draws: Draws, key: Array = KEY) -> Evaluation:
    """The metrics of draws for which 300 and 100 gradients, 3 s and 1 s were spent in fit and in sample."""
    return evaluate(target, draws, 300, 100, 3.0, 1.0, key)


def normal(n: int, dim: int = 2, seed: int = 0) -> np.ndarray:
    """Independent draws of N(0, I) as n chains of length one, (n, 1, dim)."""
    return np.random.default_rng(seed).normal(size=(n, 1, dim))


def autoregressive(chains: int, length: int, dim: int, seed: int = 0) -> np.ndarray:
    """Chains x_t = 0.7 x_{t-1} + noise, (chains, length, dim)."""
    noise = np.random.default_rng(seed).normal(size=(chains, length, dim))
    x = noise.copy()
    for t in range(1, length):
        x[:, t] = 0.7 * x[:, t - 1] + noise[:, t]
    return x
