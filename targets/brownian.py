"""Brownian motion seen through noise, its middle missing; the scales of steps and noise are unknown."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from jaxtyping import Array, Float

from targets import stored
from targets.base import About, Alias, Target, gaussian_base
from targets.data import load

TIMES, LOG_SD = 30, 2.0


def brownian(name: str) -> Target:
    """Softplus-inverse scales of the steps and of the noise, then the 30 places."""
    time, observed = load("brownian.csv").T
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
        dim=2 + TIMES,
        log_prob=log_prob,
        base=gaussian_base(np.zeros(2 + TIMES), np.ones(2 + TIMES)),
        about=About(
            source="inference_gym 0.0.5 (2020), Brownian motion with unknown scales, missing middle "
            "observations",
            definition="z_t ~ N(z_(t-1), s^2), z_0 = 0, t = 1 .. 30; y_t ~ N(z_t, r^2) at t = 1 .. 10 and "
            "21 .. 30; log s, log r ~ N(0, 2^2); x = (softplus^-1(s), softplus^-1(r), z), Jacobian "
            "included; base N(0, I)",
            aliases=(
                Alias("brownian", "DDS, CMCD, Beyond ELBOs, SCLD", True),
                Alias("brownian", "PDDS: same model, Jacobian not verified", False),
            ),
        ),
        log_z=stored.log_z(name),
        statistics=stored.statistics(name, {"x": lambda x: x, "x2": jnp.square}),
    )


TARGETS = {"brownian-32": partial(brownian, "brownian-32")}
