"""Gaussian path laws through the core: linear controls of a chain, and the kernels they make."""

import jax
import jax.numpy as jnp
import numpy as np

from bridgemark.samplers.pathspace.path_measure import NO_HINT, Law, steered
from bridgemark.samplers.pathspace.paths import run

from oracles.closed_forms import Kernel

LOG_Z = 1.234


def gaussian(mean, variance, log_z=0.0):
    """log of exp(log_z) N(mean, variance): a vector and a matrix."""
    precision, mean = np.linalg.inv(variance), np.asarray(mean)
    constant = log_z - 0.5 * np.linalg.slogdet(2 * np.pi * np.asarray(variance))[1]
    return lambda x: constant - 0.5 * (x - mean) @ precision @ (x - mean)


def stacked(control, times):
    """A linear control, t -> (slope, intercept), at every time."""
    slopes, intercepts = zip(*map(control, times), strict=True)
    return np.array(slopes), np.array(intercepts)


def linear(slopes, intercepts):
    """The control slope x + intercept: slopes (points, dim, dim), intercepts (points, dim)."""
    return steered(lambda at, x, hint: at[0] @ x + at[1], (jnp.asarray(slopes), jnp.asarray(intercepts)))


def kernels(steps, slopes, intercepts):
    """The Gaussian kernels of one direction of a chain, a control given for each step."""
    one = np.eye(intercepts.shape[1])
    return [
        Kernel((1 - lost) * one + gain * slope, gain * intercept, variance * one)
        for lost, gain, variance, slope, intercept in zip(*steps, slopes, intercepts, strict=True)
    ]


def both_kernels(chain, forward, backward):
    """Forward and backward kernels of two stacked controls."""
    return (
        kernels(chain.ahead, *(part[:-1] for part in forward)),
        kernels(chain.behind, *(part[1:] for part in backward)),
    )


def log_weights(chain, forward, backward, source, log_gamma, noise):
    """Log weights (n,) of the core's paths from N(source), for noise (n, steps + 1, dim)."""
    law = Law(chain, NO_HINT, linear(*forward), linear(*backward), gaussian(*source))
    root = np.linalg.cholesky(source[1])

    def one(drawn):
        return run(law, log_gamma, source[0] + root @ drawn[0], drawn[1:])[1]

    return np.asarray(jax.jit(jax.vmap(one))(jnp.asarray(noise)))
