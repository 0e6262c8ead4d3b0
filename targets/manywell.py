"""Many wells: products of double wells, with two to the number of wells modes and a truth by quadrature."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.targets.base import (
    About,
    Alias,
    Density,
    Sample,
    Statistic,
    Target,
    Truth,
    gaussian_base,
    rejection,
)

FAB = "Midgley et al. (2023), Flow annealed importance sampling bootstrap, ICLR"
MULTI = "Berner, Richter & Ullrich (2024), An optimal control perspective on diffusion models, TMLR"


def manywell(
    name: str, dim: int, wells: range, depth: float, tilt: float, constant: float, about: About
) -> Target:
    """exp(-(x_i^2 - depth)^2 + tilt x_i) of each coordinate in `wells`, N(0, 1) times sqrt(2 pi) of the rest.

    The whole is multiplied by exp(constant).
    """
    inside = np.isin(np.arange(dim), wells)
    one = _Well(depth, tilt)

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return constant + jnp.sum(jnp.where(inside, one.log_density(x), -0.5 * x**2))

    def sample(key: PRNGKeyArray, n: int) -> Float[Array, "n dim"]:
        key_well, key_rest = jax.random.split(key)
        x = jax.random.normal(key_rest, (n, dim))
        return x.at[:, np.array(wells)].set(one.sample(key_well, n * len(wells)).reshape(n, len(wells)))

    def positive(x: Float[Array, " dim"]) -> Float[Array, " wells"]:
        return (x[np.array(wells)] > 0).astype(x.dtype)

    first, second, fourth = (
        np.where(inside, one.mean(lambda x, p=p: x**p), q) for p, q in ((1, 0), (2, 1), (4, 3))
    )
    exact, mass = np.zeros(dim), np.full(len(wells), one.mean(lambda x: x > 0))
    log_z = constant + len(wells) * one.log_z + 0.5 * (dim - len(wells)) * np.log(2 * np.pi)
    return Target(
        name=name,
        version=1,
        density=Density(dim=dim, log_prob=log_prob, base=gaussian_base(exact, np.ones(dim))),
        about=about,
        log_z=Truth(
            float(log_z), 0.0, "the trapezoidal rule in one dimension, to 1e-12; the rest in closed form"
        ),
        sample=sample,
        statistics=(
            Statistic("x", lambda x: x, first, np.sqrt(second - first**2), exact),
            Statistic("x2", jnp.square, second, np.sqrt(fourth - second**2), exact),
            Statistic("positive", positive, mass, np.sqrt(mass * (1 - mass)), np.zeros(len(wells))),
        ),
    )


class _Well:
    """exp(-(x^2 - depth)^2 + tilt x) on the line: its integrals and its exact draws."""

    def __init__(self, depth: float, tilt: float) -> None:
        self.depth, self.tilt = depth, tilt
        # Odd multiples of half a step: none at zero, where the sign changes.
        self._grid = (np.arange(-40_000, 40_000) + 0.5) / 4_000
        logs = -((self._grid**2 - depth) ** 2) + tilt * self._grid
        self._weights = np.exp(logs) / np.sum(np.exp(logs))
        self.log_z = np.log(np.sum(np.exp(logs)) / 4_000)

    def log_density(self, x: Array) -> Array:
        return -((x**2 - self.depth) ** 2) + self.tilt * x

    def mean(self, function: Callable[[np.ndarray], np.ndarray]) -> float:
        return float(self._weights @ function(self._grid))

    @property
    def sample(self) -> Sample:
        """By rejection: (r^2 - c)^2 >= c (r - sqrt c)^2 for r = |x|, so a Gaussian on each side is above."""
        root, tilt = np.sqrt(self.depth), self.tilt

        def propose(key: PRNGKeyArray) -> tuple[Array, Array]:
            key_side, key_radius, key_accept = jax.random.split(key, 3)
            right = jax.random.bernoulli(key_side, 1 / (1 + np.exp(-2 * tilt * root)))
            side = jnp.where(right, 1.0, -1.0)
            centre = root + tilt * side / (2 * self.depth)
            radius = centre + jax.random.normal(key_radius) / (np.sqrt(2) * root)
            log_ratio = self.depth * (radius - root) ** 2 - (radius**2 - self.depth) ** 2
            accepted = (radius > 0) & (-jax.random.exponential(key_accept) < log_ratio)
            return (side * radius)[None], accepted

        return rejection(propose, 1)


def paired(name: str, dim: int) -> Target:
    """Pairs of a tilted double well and a Gaussian: the energy x^4 - 6 x^2 - x / 2 + y^2 / 2 of each."""
    about = About(
        source=FAB,
        definition="-sum of x^4 - 6 x^2 - x/2 + y^2/2 over the pairs (x, y) of neighbouring coordinates; "
        "base N(0, I). Too many modes to name: statistic positive is x > 0, well by well",
        aliases=(
            Alias("manywell-32-fab", "long identifier", True),
            Alias("many_well", "fab-jax, AFT, Beyond ELBOs", True),
            Alias("manywell", "gfn-diffusion", True),
        ),
    )
    return manywell(name, dim, range(0, dim, 2), 3.0, 0.5, 9.0 * dim / 2, about)


def multiwell(name: str, dim: int, depth: float, aliases: tuple[Alias, ...]) -> Target:
    """Five symmetric double wells, the other coordinates Gaussian."""
    about = About(
        source=MULTI,
        definition=f"-sum of (x_i^2 - {depth:g})^2 over the first 5 coordinates, -x_i^2 / 2 over the other "
        f"{dim - 5}; base N(0, I). Statistic positive is x > 0, well by well",
        aliases=aliases,
    )
    return manywell(name, dim, range(5), depth, 0.0, 0.0, about)


FIVE = (Alias("manywell-5-554", "long identifier", True), Alias("many_well_554", "SCLD", True))
FIFTY = (
    Alias("manywell-50-52", "long identifier", True),
    Alias("many_well", "UnderdampedDiffusionBridges", True),
)

TARGETS = {
    "manywell-32": partial(paired, "manywell-32", 32),
    "manywell-5": partial(multiwell, "manywell-5", 5, 4.0, FIVE),
    "manywell-50": partial(multiwell, "manywell-50", 50, 2.0, FIFTY),
}
