"""Bent Gaussians: exact draws and a normaliser, and ridges that no linear map straightens."""

from functools import partial

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.targets.base import About, Alias, Base, Density, Statistic, Target, Truth, gaussian_base

EXACT = np.zeros(2)


def bent(
    name: str,
    straight: Base,
    curve: tuple[float, float],
    log_z: Truth,
    statistics: tuple[Statistic, ...],
    base: Base,
    about: About,
) -> Target:
    """The law of (z0, z1 + a (z0^2 - c)), (a, c) = `curve`, times Z: bending keeps volumes."""
    slope, centre = curve

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        unbent = jnp.stack([x[0], x[1] - slope * (x[0] ** 2 - centre)])
        return log_z.value + straight.log_prob(unbent)

    def sample(key: PRNGKeyArray, n: int) -> Float[Array, "n dim"]:
        z = straight.sample(key, n)
        return z.at[:, 1].add(slope * (z[:, 0] ** 2 - centre))

    return Target(
        name=name,
        version=1,
        density=Density(dim=2, log_prob=log_prob, base=base),
        about=about,
        log_z=log_z,
        sample=sample,
        statistics=statistics,
    )


def moments(loc: float, sd: float, spread: float, slope: float, centre: float) -> tuple[Statistic, ...]:
    """Of x0 ~ N(loc, sd^2), x1 | x0 ~ N(slope (x0^2 - centre), spread^2), by Gauss-Hermite, exact here."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    weights = weights / np.sum(weights)
    x0 = loc + sd * nodes
    x1 = slope * (x0**2 - centre)[:, None] + spread * nodes  # (20, 20)
    power = lambda p: np.array([weights @ x0**p, weights @ x1**p @ weights])  # noqa: E731
    first, second, fourth = power(1), power(2), power(4)
    return (
        Statistic("x", lambda x: x, first, np.sqrt(second - first**2), EXACT),
        Statistic("x2", jnp.square, second, np.sqrt(fourth - second**2), EXACT),
    )


def banana(name: str) -> Target:
    """Haario's banana in two dimensions, of curvature 0.03. Haario, Saksman & Tamminen (1999)."""
    return bent(
        name,
        gaussian_base(np.zeros(2), np.array([10.0, 1.0])),
        (0.03, 100.0),
        Truth(0.0, 0.0, "normalised by construction"),
        moments(0.0, 10.0, 1.0, 0.03, 100.0),
        gaussian_base(np.zeros(2), np.array([10.0, 10.0])),
        About(
            source="Haario, Saksman & Tamminen (1999), Computational Statistics 14, 375-395",
            definition="x0 ~ N(0, 100), 100 the variance; x1 | x0 ~ N(0.03 (x0^2 - 100), 1); base N(0, 10^2 "
            "I)",
            aliases=(Alias("banana", "inference_gym, curvature 0.03, ndims = 2", True),),
        ),
    )


def rosenbrock(name: str) -> Target:
    """The Rosenbrock density exp(-((1 - x)^2 + 100 (y - x^2)^2) / 20). Goodman & Weare (2010)."""
    sds = np.sqrt([10.0, 0.1])
    return bent(
        name,
        gaussian_base(np.array([1.0, 0.0]), sds),
        (1.0, 0.0),
        Truth(float(np.log(2 * np.pi)), 0.0, "log(2 pi sqrt(10 / 10)): a bent Gaussian"),
        moments(1.0, sds[0], sds[1], 1.0, 0.0),
        gaussian_base(np.zeros(2), np.array([10.0, 10.0])),
        About(
            source="Goodman & Weare (2010), Ensemble samplers with affine invariance, CAMCoS 5",
            definition="-((1 - x0)^2 + 100 (x1 - x0^2)^2) / 20: x0 ~ N(1, 10), 10 the variance; x1 | x0 ~ "
            "N(x0^2, 0.1); base N(0, 10^2 I)",
            aliases=(Alias("rosenbrock", "of an optimiser: no division by 20", False),),
        ),
    )


TARGETS = {
    "banana-2": partial(banana, "banana-2"),
    "rosenbrock-2": partial(rosenbrock, "rosenbrock-2"),
}
