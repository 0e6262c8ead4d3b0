"""Bent Gaussians: curved ridges that no linear map straightens, with exact draws and a known log Z."""

from functools import partial

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.targets.base import About, Alias, Base, Density, Statistic, Target, Truth, gaussian_base
from bridgemark.targets.moments import coordinate_statistics

NODES = 20  # of Gauss-Hermite quadrature, exact for polynomials up to degree 39


def bent_gaussian(
    name: str,
    straight: Base,
    curvature: float,
    centre: float,
    log_z: Truth,
    statistics: tuple[Statistic, ...],
    base: Base,
    about: About,
) -> Target:
    """The distribution of (z0, z1 + curvature (z0^2 - centre)) for z from `straight`, multiplied by Z.

    Bending preserves volumes, so the density of a point is that of `straight` at the point bent back.
    """

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        unbent = jnp.stack([x[0], x[1] - curvature * (x[0] ** 2 - centre)])
        return log_z.value + straight.log_prob(unbent)

    def sample(key: PRNGKeyArray, n: int) -> Float[Array, "n dim"]:
        z = straight.sample(key, n)
        return z.at[:, 1].add(curvature * (z[:, 0] ** 2 - centre))

    return Target(
        name=name,
        version=1,
        density=Density(dim=2, log_prob=log_prob, base=base),
        about=about,
        log_z=log_z,
        sample=sample,
        statistics=statistics,
    )


def bent_statistics(
    loc: float, sd0: float, sd1: float, curvature: float, centre: float
) -> tuple[Statistic, ...]:
    """Moments for x0 ~ N(loc, sd0^2) and x1 | x0 ~ N(curvature (x0^2 - centre), sd1^2).

    Gauss-Hermite quadrature is exact for them: the moments are those of polynomials of Gaussians.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / np.sum(weights)
    x0 = loc + sd0 * nodes
    x1 = curvature * (x0**2 - centre)[:, None] + sd1 * nodes  # (NODES, NODES)

    def moment(power: int) -> np.ndarray:
        return np.array([weights @ x0**power, weights @ x1**power @ weights])

    return coordinate_statistics(moment(1), moment(2), moment(4), standard_error=np.zeros(2))


def banana(name: str) -> Target:
    """Haario's banana in two dimensions, of curvature 0.03. Haario, Saksman & Tamminen (1999)."""
    return bent_gaussian(
        name=name,
        straight=gaussian_base(np.zeros(2), np.array([10.0, 1.0])),
        curvature=0.03,
        centre=100.0,
        log_z=Truth(0.0, 0.0, "normalised by construction"),
        statistics=bent_statistics(loc=0.0, sd0=10.0, sd1=1.0, curvature=0.03, centre=100.0),
        base=gaussian_base(np.zeros(2), np.array([10.0, 10.0])),
        about=About(
            source="Haario, Saksman & Tamminen (1999), Computational Statistics 14, 375-395",
            definition="x0 ~ N(0, 100), 100 the variance; x1 | x0 ~ N(0.03 (x0^2 - 100), 1); base N(0, 10^2 "
            "I)",
            aliases=(Alias("banana", "inference_gym, curvature 0.03, ndims = 2", True),),
        ),
    )


def rosenbrock(name: str) -> Target:
    """The Rosenbrock density exp(-((1 - x)^2 + 100 (y - x^2)^2) / 20). Goodman & Weare (2010)."""
    sd0, sd1 = np.sqrt([10.0, 0.1])
    return bent_gaussian(
        name=name,
        straight=gaussian_base(np.array([1.0, 0.0]), np.array([sd0, sd1])),
        curvature=1.0,
        centre=0.0,
        log_z=Truth(float(np.log(2 * np.pi)), 0.0, "log(2 pi sqrt(10 / 10)): a bent Gaussian"),
        statistics=bent_statistics(loc=1.0, sd0=sd0, sd1=sd1, curvature=1.0, centre=0.0),
        base=gaussian_base(np.zeros(2), np.array([10.0, 10.0])),
        about=About(
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
