"""Targets of one to three dimensions that samplers are tried on, with what is known of them."""

from collections.abc import Callable
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp

from bridgemark.targets.base import About, Base, Density, Joint, Target, gaussian_base
from bridgemark.targets.posteriors import PosteriorFamily, PosteriorTruths

# The Gaussian of `correlated_gaussian`, whose normalising constant is exp(LOG_Z).
LOG_Z = 1.234
MEAN = np.array([1.0, -2.0, 0.5])
COVARIANCE = np.array([[1.0, 0.8, 0.0], [0.8, 2.0, -0.3], [0.0, -0.3, 0.25]])


def density_only(log_prob: Callable, base: Base) -> Target:
    """A target of which nothing but its density is known."""
    density = Density(dim=base.loc.shape[0], log_prob=log_prob, base=base)
    return Target(name="t", version=1, density=density, about=About("", ""))


def with_joint(dim: int, log_prob: Callable) -> Target:
    """A target with this log density, and with a joint for the samplers that learn from simulations.

    The base N(0, 9 I) is the joint's prior, and y ~ N(x, I). `log_prob` need not be a posterior of the joint.
    """
    joint = Joint(
        dim=dim,
        dim_y=dim,
        prior=gaussian_base(np.zeros(dim), np.full(dim, 3.0)),
        simulate=lambda key, x: x + jax.random.normal(key, x.shape, x.dtype),
        log_likelihood=lambda x, y: -0.5 * jnp.sum((y - x) ** 2),
    )
    family = PosteriorFamily("t", joint, lambda name, y: PosteriorTruths(), {}, About("", ""))
    target = family.condition(np.ones(dim))
    return with_log_prob(replace(target, name="t"), log_prob)


def with_log_prob(target: Target, log_prob: Callable) -> Target:
    """The same target with another log density."""
    return replace(target, density=replace(target.density, log_prob=log_prob))


def mixture(dim: int, half_distance: float = 2.0) -> Target:
    """0.3 N(c, I / 4) + 0.7 N(-c, I) with exact draws; every coordinate of c is `half_distance`."""

    def log_prob(x):
        narrow = np.log(0.3) - 0.5 * jnp.sum((x - half_distance) ** 2) / 0.25 - dim * np.log(0.5)
        wide = np.log(0.7) - 0.5 * jnp.sum((x + half_distance) ** 2)
        return logsumexp(jnp.stack([narrow, wide]))

    def sample(key, n):
        key_mode, key_noise = jax.random.split(key)
        narrow = jax.random.bernoulli(key_mode, 0.3, (n, 1))
        noise = jax.random.normal(key_noise, (n, dim))
        return jnp.where(narrow, half_distance + 0.5 * noise, noise - half_distance)

    return replace(with_joint(dim, log_prob), sample=sample)


def correlated_log_prob(x):
    """log of exp(LOG_Z) N(MEAN, COVARIANCE)."""
    constant = LOG_Z - 0.5 * np.linalg.slogdet(2 * np.pi * COVARIANCE)[1]
    centred = x - MEAN.astype(x.dtype)
    return constant - 0.5 * centred @ np.linalg.inv(COVARIANCE).astype(x.dtype) @ centred


def correlated_gaussian() -> Target:
    """exp(LOG_Z) N(MEAN, COVARIANCE), from the base N(0, 9 I)."""
    return with_joint(3, correlated_log_prob)
