"""A pilot run that finds coordinates in which the target is nearly N(0, I).

A short tempered SMC runs first. Three Gaussians are then proposed in the coordinates of the base: the
base itself, the particles' medians and typical scales, and the Laplace approximation at the mode next
to their mean. The one under which particles held out are likeliest (smallest forward KL) is taken, so a
Laplace approximation of one mode among several, or of a spike, loses. Where it wins there is one basin;
else the held-out particles climb to see. All evaluations are charged to `fit`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from bridgemark.samplers.annealed.adaptive_smc import Moves, adapt, gradients_spent
from bridgemark.samplers.base import Evals, Info, evals
from bridgemark.samplers.common.affine import Affine, base_coordinates
from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.samplers.pathspace import unimodality
from bridgemark.samplers.pathspace.unimodality import one_basin
from bridgemark.targets.base import Density, LogProb

NEWTON_STEPS = 5
LAPLACE = 2  # its place among the candidates
MOVES = Moves(
    transitions=1, leapfrog_steps=5, acceptance=0.8, ess_fraction=0.5, largest_rise=0.2, max_temperatures=100
)


class Pilot(NamedTuple):
    """The coordinates found, whether the target has one basin there, a first log Z, cost, reasons."""

    coordinates: Affine
    one_basin: Bool[Array, ""]
    log_z: Float[Array, ""]
    evals: Evals
    info: Info


def no_pilot(density: Density) -> Pilot:
    """The coordinates of the base, at no cost."""
    return Pilot(base_coordinates(density), jnp.asarray(False), jnp.zeros(()), evals(), {})


def run_pilot(key: PRNGKeyArray, density: Density, particles: int) -> Pilot:
    """Coordinates for `target` from a tempered SMC of `particles` particles and a Laplace approximation."""
    base = base_coordinates(density)
    log_target = base.pull_back(density.log_prob)
    key_start, key_run = jax.random.split(key)
    start = jax.random.normal(key_start, (particles, density.dim))
    ladder, outcome = adapt(key_run, log_standard_normal, log_target, start, MOVES)
    known, held_out = outcome.particles.z[: particles // 2], outcome.particles.z[particles // 2 :]
    laplace = _laplace(log_target, jnp.mean(known, axis=0))
    candidates = [_identity(density.dim), _typical(known), laplace]
    scores = jnp.stack([_score(candidate, held_out) for candidate in candidates])
    choice = jnp.argmax(scores)
    found = jax.tree.map(lambda *leaves: jnp.stack(leaves)[choice], *candidates)
    coordinates = _compose(base, found)
    basin = one_basin(coordinates.pull_back(density.log_prob), found.inverse(held_out))
    others = (NEWTON_STEPS + 1) * (1 + density.dim) + unimodality.gradients_spent(len(held_out))
    spent = jnp.append(gradients_spent(MOVES, particles, ladder), others)
    cost = evals(gradients=spent, values=unimodality.values_spent(len(held_out)))
    info = {"pilot_gradients": jnp.sum(spent), "pilot_scores": scores, "pilot_log_z": outcome.log_z}
    return Pilot(coordinates, (choice == LAPLACE) | basin, outcome.log_z, cost, info)


def _identity(dim: int) -> Affine:
    return Affine(jnp.zeros(dim), jnp.eye(dim))


def _typical(z: Float[Array, "n dim"]) -> Affine:
    """Median, and the scale exp E log|z - median| relative to a Gaussian's: tails do not inflate it."""
    centre = jnp.median(z, axis=0)
    euler_gamma = 0.5772156649
    gaussian = -0.5 * (euler_gamma + jnp.log(2.0))  # E log|N(0, 1)|
    typical = jnp.exp(jnp.mean(jnp.log(jnp.abs(z - centre) + 1e-6), axis=0) - gaussian)
    return Affine(centre, jnp.diag(typical))


def _laplace(log_target: LogProb, start: Float[Array, " dim"]) -> Affine:
    """Newton's method from `start`, then N(mode, -Hessian^-1); not finite where that is no maximum."""
    gradient = jax.grad(log_target)
    directions = jnp.eye(start.shape[0])

    def slope_and_factor(z: Array) -> tuple[Array, Array]:
        slope, pull = jax.vjp(gradient, z)  # the Hessian is symmetric: reverse mode gives its products
        (hessian,) = jax.vmap(pull)(directions)
        return slope, jnp.linalg.cholesky(-0.5 * (hessian + hessian.T))

    def newton(_: int, z: Array) -> Array:
        slope, factor = slope_and_factor(z)
        return z + jax.scipy.linalg.cho_solve((factor, True), slope)

    mode = jax.lax.fori_loop(0, NEWTON_STEPS, newton, start)
    _, factor = slope_and_factor(mode)
    # With P = R R', N(0, P^-1) is drawn as R^-T noise; a lower factor of P^-1 has the same law.
    covariance = jax.scipy.linalg.cho_solve((factor, True), directions)
    return Affine(mode, jnp.linalg.cholesky(0.5 * (covariance + covariance.T)))


def _score(candidate: Affine, z: Float[Array, "n dim"]) -> Float[Array, ""]:
    """Mean log-density of particles under the candidate; minus infinity where it is not a Gaussian."""
    score = jnp.mean(jax.vmap(log_standard_normal)(candidate.inverse(z))) - candidate.log_det()
    return jnp.where(jnp.isfinite(score), score, -jnp.inf)


def _compose(outer: Affine, inner: Affine) -> Affine:
    """x = outer(inner(z)); the inner scale is a matrix."""
    scale = outer.scale[:, None] * inner.scale if outer.scale.ndim == 1 else outer.scale @ inner.scale
    return Affine(outer.forward(inner.loc), scale)
