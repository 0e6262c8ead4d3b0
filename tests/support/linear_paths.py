"""Gaussian path measures: linear controls of a chain, the kernels they make, weights through the core."""

import jax
import jax.numpy as jnp
import numpy as np

from bridgemark.samplers.pathspace.chain import Chain, Kernels, brownian
from bridgemark.samplers.pathspace.path_measure import (
    NO_GUIDANCE,
    Direction,
    KernelShift,
    PathMeasure,
    with_control,
)
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

    def control(features, x, guidance):
        slope, intercept = features
        return slope @ x + intercept

    return with_control(control, (jnp.asarray(slopes), jnp.asarray(intercepts)))


def kernels(steps: Kernels, slopes, intercepts):
    """The Gaussian kernels of one direction of a chain, a linear control given for each step."""
    unit = np.eye(intercepts.shape[1])
    return [
        Kernel((1 - decay) * unit + gain * slope, gain * intercept, variance * unit)
        for decay, gain, variance, slope, intercept in zip(*steps, slopes, intercepts, strict=True)
    ]


def both_kernels(chain: Chain, forward, backward):
    """Forward and backward kernels of two stacked controls."""
    return (
        kernels(chain.forward, *(part[:-1] for part in forward)),
        kernels(chain.backward, *(part[1:] for part in backward)),
    )


def path_log_weights(measure: PathMeasure, source, log_target, noise):
    """Log weights (n,) of the core's paths from N(source), for noise (n, steps + 1, dim).

    The first row of a path's noise is that of its starting point.
    """
    mean, root = source[0], np.linalg.cholesky(source[1])

    def log_weight(drawn):
        return run(measure, log_target, mean + root @ drawn[0], drawn[1:])[1]

    return np.asarray(jax.jit(jax.vmap(log_weight))(jnp.asarray(noise)))


def log_weights(chain: Chain, forward, backward, source, log_target, noise):
    """Log weights of the core's paths under two stacked linear controls, as in `path_log_weights`."""
    measure = PathMeasure(chain, NO_GUIDANCE, linear(*forward), linear(*backward), gaussian(*source))
    return path_log_weights(measure, source, log_target, noise)


def with_kernels(source, forward, backward) -> PathMeasure:
    """The core's path measure on the line from N(source) whose kernels are those given, lists of Kernel.

    The reference is a Brownian motion with steps of length one: any Gaussian kernel is a shift of it.
    """
    first, last = [_unit_shift(kernel) for kernel in forward], [_unit_shift(kernel) for kernel in backward]
    unused = np.zeros(3)  # no step forwards starts from the last point, none backwards from the first
    start = tuple(np.reshape(part, shape) for part, shape in zip(source, ((1,), (1, 1)), strict=True))
    return PathMeasure(
        brownian(float(len(forward)), len(forward)),
        NO_GUIDANCE,
        Direction(_linear_shift, tuple(jnp.asarray([*first, unused]).T)),
        Direction(_linear_shift, tuple(jnp.asarray([unused, *last]).T)),
        gaussian(*start),
    )


def _unit_shift(kernel: Kernel):
    """Slope and intercept of the control, and the log scale, that make the kernel of N(x, 1)."""
    return np.array([kernel.slope - 1.0, kernel.intercept, 0.5 * np.log(kernel.variance)])


def _linear_shift(features, x, guidance):
    """A linear control, and a log scale that does not depend on x."""
    slope, intercept, log_scale = features
    return KernelShift(slope * x + intercept, log_scale * jnp.ones_like(x))
