"""Brownian motion seen through noise, its middle missing; the scales of steps and noise are unknown.

Given both scales all is Gaussian, so the evidence and all moments are integrals over a plane.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from jaxtyping import Array, Float

from bridgemark.targets.base import About, Alias, Density, Statistic, Target, Truth, gaussian_base
from bridgemark.targets.data import load

TIMES, LOG_SD = 30, 2.0
AXIS = np.arange(-16.0, 8.0, 0.125)  # of the log scales
ERROR = 1e-8  # above what halving the step, or reaching further, moves
RECIPE = "both scales by the trapezoidal rule, step 1/8 on log scales in [-16, 8]; the places in closed form"


def integrate(time: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """log Z, and E x, E x^2, E x^4 (3, dim), from the places seen.

    With K the covariance min(t, t') of unit steps and K = V L V' among the times seen, the variance of y
    in the basis V is step^2 L + noise^2, diagonal for all scales at once.
    """
    every = np.arange(1.0, TIMES + 1)
    lengths, basis = np.linalg.eigh(np.minimum.outer(time, time))
    step2, noise2 = (scale.ravel()[:, None] for scale in np.meshgrid(*2 * [np.exp(2 * AXIS)], indexing="ij"))
    variance, rotated = step2 * lengths + noise2, basis.T @ y
    likelihood = -0.5 * np.sum(rotated**2 / variance + np.log(2 * np.pi * variance), axis=1)
    prior = np.add.outer(AXIS**2, AXIS**2).ravel() / (2 * LOG_SD**2) + np.log(2 * np.pi * LOG_SD**2)
    log_mass = likelihood - prior + 2 * np.log(AXIS[1] - AXIS[0])
    log_z = np.logaddexp.reduce(log_mass)
    mass = np.exp(log_mass - log_z)
    gain = np.minimum.outer(every, time) @ basis
    means = step2 * (rotated / variance) @ gain.T
    variances = step2 * every - step2**2 * (1 / variance) @ (gain**2).T
    # The inverse of softplus, where its argument is large, too.
    scales = np.sqrt(np.hstack([step2, noise2]))
    coordinates = scales + np.log(-np.expm1(-scales))
    fourth = means**4 + 6 * means**2 * variances + 3 * variances**2
    places = (means, means**2 + variances, fourth)
    moments = [mass @ np.hstack([coordinates**k, x]) for k, x in zip((1, 2, 4), places, strict=True)]
    return float(log_z), np.array(moments)


def brownian(name: str) -> Target:
    """Softplus-inverse scales of the steps and of the noise, then the 30 places."""
    time, observed = load("brownian.csv").T
    log_z, (first, second, fourth) = integrate(time, observed)
    error = np.full(2 + TIMES, ERROR)
    y, seen = np.zeros(TIMES), np.zeros(TIMES, dtype=bool)
    y[time.astype(int) - 1], seen[time.astype(int) - 1] = observed, True

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        scales, places = jax.nn.softplus(x[:2]), x[2:]
        log_scales = jnp.log(scales)
        # Log-normal scales, and the Jacobian of softplus, whose derivative is the sigmoid.
        prior = norm.logpdf(log_scales, 0.0, LOG_SD) - log_scales + jax.nn.log_sigmoid(x[:2])
        steps = norm.logpdf(jnp.diff(places, prepend=0.0), 0.0, scales[0])
        noise = norm.logpdf(y.astype(x.dtype), places, scales[1])
        return jnp.sum(prior) + jnp.sum(steps) + jnp.sum(jnp.where(seen, noise, 0.0))

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
        log_z=Truth(log_z, ERROR, RECIPE),
        statistics=(
            Statistic("x", lambda x: x, first, np.sqrt(second - first**2), error),
            Statistic("x2", jnp.square, second, np.sqrt(fourth - second**2), error),
        ),
    )


TARGETS = {"brownian-32": partial(brownian, "brownian-32")}
