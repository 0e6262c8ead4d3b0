"""Path measures without guidance from N(0, I), and targets that are isotropic Gaussians."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace.chain import brownian, ornstein_uhlenbeck
from bridgemark.samplers.pathspace.path_measure import NO_GUIDANCE, Direction, PathMeasure
from bridgemark.samplers.pathspace.paths import run

LOG_Z = 1.234
SOURCE, TARGET = (0.0, 1.0), (2.0, 0.25)  # mean and variance on the line
CHAINS = {"ornstein-uhlenbeck": ornstein_uhlenbeck, "brownian": brownian}
every_chain = pytest.mark.parametrize("make", CHAINS.values(), ids=CHAINS)


def isotropic(mean, variance, log_z=LOG_Z):
    """log of exp(log_z) N(mean, variance I)."""

    def log_target(x):
        constant = log_z - 0.5 * x.shape[0] * np.log(2 * np.pi * variance)
        return constant - 0.5 * jnp.sum((x - mean) ** 2) / variance

    return log_target


def unguided(chain, forward: Direction, backward: Direction, log_initial=log_standard_normal) -> PathMeasure:
    """The measure of paths from N(0, I), or from another law, whose controls see no score."""
    return PathMeasure(chain, NO_GUIDANCE, forward, backward, log_initial)


def sampled_log_weights(measure: PathMeasure, log_target, dim, n):
    """Log weights of n paths of the measure."""
    drawn = jax.random.normal(jax.random.key(11), (n, len(measure.chain.times), dim))

    def log_weight(noise):
        return run(measure, log_target, noise[0], noise[1:])[1]

    return np.asarray(jax.jit(jax.vmap(log_weight))(drawn), float)
