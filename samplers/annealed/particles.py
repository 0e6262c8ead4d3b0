"""Particles between a base and a target, with both log densities and gradients at each of them."""

from typing import NamedTuple

import jax
from jaxtyping import Array, Float

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.common.numerics import nan_to_minus_infinity
from bridgemark.targets.base import LogProb


class Particles(NamedTuple):
    """Positions, and what any tempered density (1-b) log_base + b log_target needs to be known there."""

    z: Float[Array, "particles dim"]
    log_base: Float[Array, " particles"]
    log_target: Float[Array, " particles"]
    grad_base: Float[Array, "particles dim"]
    grad_target: Float[Array, "particles dim"]


def values_and_gradients(
    log_prob: LogProb, z: Float[Array, "particles dim"]
) -> tuple[Float[Array, " particles"], Float[Array, "particles dim"]]:
    """Log density, with NaN replaced by minus infinity, and gradient at every particle."""
    values, gradients = jax.vmap(jax.value_and_grad(log_prob))(z)
    return nan_to_minus_infinity(values), gradients


def evaluate_particles(log_base: LogProb, log_target: LogProb, z: Float[Array, "particles dim"]) -> Particles:
    """Particles at z between any two densities; it costs one gradient of each per particle."""
    values_base, grads_base = jax.vmap(jax.value_and_grad(log_base))(z)
    values_target, grads_target = values_and_gradients(log_target, z)
    return Particles(z, values_base, values_target, grads_base, grads_target)


def init_particles(log_target: LogProb, z: Float[Array, "particles dim"]) -> Particles:
    """Particles at z between N(0, I) and a target; it costs one gradient of the target per particle."""
    values, gradients = values_and_gradients(log_target, z)
    return standard_normal_particles(z, values, gradients)


def standard_normal_particles(
    z: Float[Array, "particles dim"],
    log_target: Float[Array, " particles"],
    grad_target: Float[Array, "particles dim"],
) -> Particles:
    """Particles at z between N(0, I) and a target whose log density and gradient there are known."""
    return Particles(z, jax.vmap(log_standard_normal)(z), log_target, -z, grad_target)
