"""Brownian motion observed with noise and with its middle missing; the scales of steps and noise are unknown.

Given both scales everything is Gaussian, so that the evidence and all moments are integrals over a plane.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from jaxtyping import Array, Float

from bridgemark.targets.base import About, Alias, Density, Target, Truth, gaussian_base
from bridgemark.targets.data import load
from bridgemark.targets.moments import coordinate_statistics

TIMES = 30
LOG_SD = 2.0  # of the prior of both log scales
LOG_SCALES = np.arange(-16.0, 8.0, 0.125)  # grid of the quadrature
ERROR = 1e-8  # more than the truths change when the step is halved, or the grid extended
RECIPE = "both scales by the trapezoidal rule, step 1/8 on log scales in [-16, 8]; the places in closed form"


class Integrals(NamedTuple):
    """log Z, and E x^k of every coordinate for k = 1, 2 and 4."""

    log_z: float
    first: Float[np.ndarray, " dim"]
    second: Float[np.ndarray, " dim"]
    fourth: Float[np.ndarray, " dim"]


def integrate(time: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> Integrals:
    """Integrate over both scales on a grid, given the observed times and places.

    Let K be the covariance min(t, t') of the motion with unit steps, and K = V L V' its eigenvectors and
    eigenvalues among the observed times. In the basis V the covariance of y is step^2 L + noise^2, which is
    diagonal for all scales at once.
    """
    all_times = np.arange(1.0, TIMES + 1)
    eigenvalues, basis = np.linalg.eigh(np.minimum.outer(time, time))
    scale_grid = np.meshgrid(np.exp(2 * LOG_SCALES), np.exp(2 * LOG_SCALES), indexing="ij")
    step2, noise2 = (squared.ravel()[:, None] for squared in scale_grid)  # (grid points, 1)
    variance, rotated_y = step2 * eigenvalues + noise2, basis.T @ y
    log_likelihood = -0.5 * np.sum(rotated_y**2 / variance + np.log(2 * np.pi * variance), axis=1)
    squares = np.add.outer(LOG_SCALES**2, LOG_SCALES**2).ravel()
    minus_log_prior = squares / (2 * LOG_SD**2) + np.log(2 * np.pi * LOG_SD**2)
    log_mass = log_likelihood - minus_log_prior + 2 * np.log(LOG_SCALES[1] - LOG_SCALES[0])
    log_z = np.logaddexp.reduce(log_mass)
    mass = np.exp(log_mass - log_z)
    # Mean and variance of each place given y and the scales.
    gain = np.minimum.outer(all_times, time) @ basis
    mean = step2 * (rotated_y / variance) @ gain.T
    place_variance = step2 * all_times - step2**2 * (1 / variance) @ (gain**2).T
    fourth = mean**4 + 6 * mean**2 * place_variance + 3 * place_variance**2
    # The inverse of softplus, in a form that is accurate for large scales, too.
    scales = np.sqrt(np.hstack([step2, noise2]))
    coordinates = scales + np.log(-np.expm1(-scales))
    return Integrals(
        log_z=float(log_z),
        first=mass @ np.hstack([coordinates**1, mean]),
        second=mass @ np.hstack([coordinates**2, mean**2 + place_variance]),
        fourth=mass @ np.hstack([coordinates**4, fourth]),
    )


def brownian(name: str) -> Target:
    """A point holds the inverse softplus of the step's and of the noise's scale, then the 30 places."""
    time, observed_y = load("brownian.csv").T
    integrals = integrate(time, observed_y)
    # The observations among all times; those that are missing are zero, and masked below.
    y, observed = np.zeros(TIMES), np.zeros(TIMES, dtype=bool)
    y[time.astype(int) - 1], observed[time.astype(int) - 1] = observed_y, True

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        scales, places = jax.nn.softplus(x[:2]), x[2:]
        log_scales = jnp.log(scales)
        # Log-normal scales, and the Jacobian of softplus, whose derivative is the sigmoid.
        prior = norm.logpdf(log_scales, 0.0, LOG_SD) - log_scales + jax.nn.log_sigmoid(x[:2])
        steps = norm.logpdf(jnp.diff(places, prepend=0.0), 0.0, scales[0])
        noise = norm.logpdf(y.astype(x.dtype), places, scales[1])
        return jnp.sum(prior) + jnp.sum(steps) + jnp.sum(jnp.where(observed, noise, 0.0))

    return Target(
        name=name,
        version=1,
        density=Density(
            dim=2 + TIMES, log_prob=log_prob, base=gaussian_base(np.zeros(2 + TIMES), np.ones(2 + TIMES))
        ),
        about=About(
            source="inference_gym 0.0.5 (2020), Brownian motion with unknown scales, missing middle "
            "observations",
            definition="z_t ~ N(z_(t-1), s^2), z_0 = 0, t = 1 .. 30; y_t ~ N(z_t, r^2) at t = 1 .. 10 and "
            "21 .. 30; log s, log r ~ N(0, 2^2); x = (softplus^-1(s), softplus^-1(r), z), Jacobian "
            "included; base N(0, I)",
            aliases=(
                Alias("brownian", "CMCD, Beyond ELBOs, SCLD", True),
                Alias("brownian", "DDS, whose stated log Z = 1.03 is too low by 0.16", True),
                Alias("brownian", "PDDS: same model, Jacobian not verified", False),
            ),
        ),
        log_z=Truth(integrals.log_z, ERROR, RECIPE),
        statistics=coordinate_statistics(
            integrals.first, integrals.second, integrals.fourth, np.full(2 + TIMES, ERROR)
        ),
    )


TARGETS = {"brownian-32": partial(brownian, "brownian-32")}
