"""Neal's funnel: its neck is too narrow and its mouth too wide for any one step size."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.targets.base import About, Alias, Density, Statistic, Target, Truth, gaussian_base

ALIASES = (
    Alias("funnel-10-sd3", "long identifier", True),
    Alias("funnel", "AFT, DDS, CMCD, PDDS, Beyond ELBOs, fab-jax, and sde_sampler at d = 10", True),
    Alias("hard_funnel", "gfn-diffusion", True),
    Alias("easy_funnel", "gfn-diffusion: v ~ N(0, 1)", False),
    Alias("funnel", "slips: v of variance 3", False),
    Alias("funnel", "sampler-benchmarks: d = 20", False),
)


def funnel(name: str, dim: int) -> Target:
    """A point is (v, x_1, ...) with v ~ N(0, 3^2) and x_i ~ N(0, e^v). Neal (2003), section 8."""

    def gaussianise(x: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return jnp.concatenate([x[:1], x[1:] * jnp.exp(-x[0] / 2)])

    def gaussianised_square(x: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return gaussianise(x) ** 2

    sds = np.concatenate([[3.0], np.ones(dim - 1)])
    constant = -0.5 * dim * np.log(2 * np.pi) - np.log(3.0)

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return constant - 0.5 * jnp.sum((gaussianise(x) / sds.astype(x.dtype)) ** 2) - 0.5 * (dim - 1) * x[0]

    def sample(key: PRNGKeyArray, n: int) -> Float[Array, "n dim"]:
        noise = jax.random.normal(key, (n, dim))
        v = 3 * noise[:, :1]
        return jnp.concatenate([v, noise[:, 1:] * jnp.exp(v / 2)], axis=1)

    def tails(x: Float[Array, " dim"]) -> Float[Array, "2"]:
        return jnp.stack([x[0] < -3, x[0] > 3]).astype(x.dtype)

    mass = 0.5 * math.erfc(1 / math.sqrt(2))  # of each tail: v beyond one standard deviation
    exact = np.zeros(dim)
    return Target(
        name=name,
        version=1,
        density=Density(dim=dim, log_prob=log_prob, base=gaussian_base(np.zeros(dim), np.ones(dim))),
        about=About(
            source="Neal (2003), Slice sampling, Annals of Statistics 31(3), section 8",
            definition="v ~ N(0, 9), 9 the variance; x_i | v ~ N(0, e^v); point (v, x_1, ...); base N(0, I). "
            "Statistics x and x2 are taken in gaussianised coordinates (v, x_i e^(-v/2)): in plain ones a "
            "sampler that returns zeros has hardly any bias. tails = (P(v < -3), P(v > 3)): neck and mouth",
            aliases=ALIASES,
        ),
        log_z=Truth(0.0, 0.0, "normalised by construction"),
        sample=sample,
        statistics=(
            Statistic("x", gaussianise, np.zeros(dim), sds, exact),
            Statistic("x2", gaussianised_square, sds**2, np.sqrt(2) * sds**2, exact),
            Statistic("tails", tails, np.full(2, mass), np.full(2, np.sqrt(mass * (1 - mass))), np.zeros(2)),
        ),
    )


TARGETS = {"funnel-10": partial(funnel, "funnel-10", 10)}
