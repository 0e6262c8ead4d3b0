"""A pilot run that finds working coordinates in which the target is nearly N(0, I).

A short tempered SMC runs first. Half of its particles propose three Gaussians, in the coordinates of the
base: the base itself, the particles' medians and typical scales, and the Laplace approximation at the mode
next to their mean. The Gaussian with the largest mean log density at the other half, which means the
smallest forward KL divergence, defines the working coordinates. A Laplace approximation of one mode among
several, or of a narrow spike, therefore loses. If it wins the target has one basin; otherwise
`unimodality.one_basin` decides. All evaluations are charged to `fit`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from bridgemark.samplers.annealed.adaptive_smc import adaptive_tempered_smc
from bridgemark.samplers.annealed.schedule import SMCSettings, gradients_spent
from bridgemark.samplers.base import Evals, Info, evals
from bridgemark.samplers.common.affine import Affine, base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace import unimodality
from bridgemark.samplers.pathspace.unimodality import one_basin
from bridgemark.targets.base import Density, LogProb

NEWTON_STEPS = 5
LAPLACE = 2  # index of the Laplace approximation among the three candidates
EULER_GAMMA = 0.5772156649
SMALLEST_DISTANCE = 1e-6  # added to distances, whose logarithm is taken
SETTINGS = SMCSettings(
    transitions=1,
    leapfrog_steps=5,
    target_acceptance=0.8,
    ess_fraction=0.5,
    max_temperature_step=0.2,
    max_temperatures=100,
)


class PilotResult(NamedTuple):
    """Working coordinates, whether the target has one basin in them, and a first estimate of log Z."""

    coordinates: Affine
    one_basin: Bool[Array, ""]
    log_z: Float[Array, ""]
    evals: Evals
    info: Info


def no_pilot(density: Density) -> PilotResult:
    """The coordinates of the base, without any evaluation; one basin is not assumed."""
    return PilotResult(base_coordinates(density.base), jnp.asarray(False), jnp.zeros(()), evals(), {})


def run_pilot(key: PRNGKeyArray, density: Density, particles: int) -> PilotResult:
    """Find working coordinates by a tempered SMC of `particles` particles and a Laplace approximation.

    Raises Unsupported where the base is not Gaussian.
    """
    base = base_coordinates(density.base)
    log_target = base.pull_back(density.log_prob)
    key_start, key_run = jax.random.split(key)
    start = jax.random.normal(key_start, (particles, density.dim))
    schedule, smc = adaptive_tempered_smc(key_run, log_standard_normal, log_target, start, SETTINGS)
    proposing, held_out = smc.particles.z[: particles // 2], smc.particles.z[particles // 2 :]

    laplace = _laplace_approximation(log_target, jnp.mean(proposing, axis=0))
    candidates = [_identity(density.dim), _medians_and_scales(proposing), laplace]
    scores = jnp.stack([_mean_log_density(candidate, held_out) for candidate in candidates])
    best = jnp.argmax(scores)
    gaussian = jax.tree.map(lambda *leaves: jnp.stack(leaves)[best], *candidates)
    coordinates = _compose(base, gaussian)
    basin = one_basin(coordinates.pull_back(density.log_prob), gaussian.inverse(held_out))

    # A Newton step costs a gradient and as many Hessian-vector products as there are dimensions.
    laplace_gradients = (NEWTON_STEPS + 1) * (1 + density.dim)
    after_smc = laplace_gradients + unimodality.gradients_spent(len(held_out))
    gradients = jnp.append(gradients_spent(SETTINGS, particles, schedule), after_smc)
    spent = evals(gradients=gradients, values=unimodality.values_spent(len(held_out)))
    info = {"pilot_gradients": jnp.sum(gradients), "pilot_scores": scores, "pilot_log_z": smc.log_z}
    return PilotResult(coordinates, (best == LAPLACE) | basin, smc.log_z, spent, info)


def _identity(dim: int) -> Affine:
    return Affine(jnp.zeros(dim), jnp.eye(dim))


def _medians_and_scales(z: Float[Array, "n dim"]) -> Affine:
    """The median of every coordinate, and a scale that heavy tails do not inflate.

    The scale is exp E log|z - median|, divided by its value for N(0, 1).
    """
    median = jnp.median(z, axis=0)
    gaussian = -0.5 * (EULER_GAMMA + jnp.log(2.0))  # E log|N(0, 1)|
    log_distances = jnp.log(jnp.abs(z - median[None]) + SMALLEST_DISTANCE)
    scale = jnp.exp(jnp.mean(log_distances, axis=0) - gaussian)
    return Affine(median, jnp.diag(scale))


def _laplace_approximation(log_target: LogProb, start: Float[Array, " dim"]) -> Affine:
    """N(mode, -Hessian^-1) at the mode that Newton's method reaches from `start`.

    Its entries are not finite where the Hessian there is not negative definite.
    """
    gradient = jax.grad(log_target)
    directions = jnp.eye(start.shape[0])

    def gradient_and_cholesky(z: Array) -> tuple[Array, Array]:
        """The gradient, and the lower Cholesky factor of minus the Hessian."""
        # The Hessian is symmetric, so that vector-Jacobian products of the gradient are its columns.
        value, hessian_vector_product = jax.vjp(gradient, z)
        (hessian,) = jax.vmap(hessian_vector_product)(directions)
        return value, jnp.linalg.cholesky(-0.5 * (hessian + hessian.T))

    def newton_step(_: Array, z: Array) -> Array:
        value, factor = gradient_and_cholesky(z)
        return z + jax.scipy.linalg.cho_solve((factor, True), value)

    mode = jax.lax.fori_loop(0, NEWTON_STEPS, newton_step, start)
    _, factor = gradient_and_cholesky(mode)
    covariance = jax.scipy.linalg.cho_solve((factor, True), directions)
    return Affine(mode, jnp.linalg.cholesky(0.5 * (covariance + covariance.T)))


def _mean_log_density(gaussian: Affine, z: Float[Array, "n dim"]) -> Float[Array, ""]:
    """The mean log density of points under a Gaussian; minus infinity where it is not finite."""
    mean = jnp.mean(jax.vmap(log_standard_normal)(gaussian.inverse(z))) - gaussian.log_det()
    return jnp.where(jnp.isfinite(mean), mean, -jnp.inf)


def _compose(outer: Affine, inner: Affine) -> Affine:
    """The coordinates x = outer(inner(z)); the scale of `inner` is a matrix (dim, dim)."""
    scale = outer.scale[:, None] * inner.scale if outer.scale.ndim == 1 else outer.scale @ inner.scale
    return Affine(outer.forward(inner.loc), scale)
