"""Many wells: products of double wells and Gaussians; n wells have 2^n modes."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from bridgemark.targets.base import (
    About,
    Alias,
    Density,
    Sample,
    Statistic,
    Target,
    Truth,
    gaussian_base,
    rejection_sampler,
)
from bridgemark.targets.moments import coordinate_statistics

FAB = "Midgley et al. (2023), Flow annealed importance sampling bootstrap, ICLR"
MULTI = "Berner, Richter & Ullrich (2024), An optimal control perspective on diffusion models, TMLR"
LIMIT, STEPS_PER_UNIT = 10, 4_000  # of the quadrature grid on [-LIMIT, LIMIT]


class DoubleWell:
    """The density exp(-(x^2 - depth)^2 + tilt x) on the line: its log Z, expectations and exact draws."""

    def __init__(self, depth: float, tilt: float) -> None:
        self.depth, self.tilt = depth, tilt
        # Odd multiples of half a step: no point is at zero, where the statistic "positive" jumps.
        cells = LIMIT * STEPS_PER_UNIT
        self._grid = (np.arange(-cells, cells) + 0.5) / STEPS_PER_UNIT
        log_density = -((self._grid**2 - depth) ** 2) + tilt * self._grid
        self._weights = np.exp(log_density) / np.sum(np.exp(log_density))
        self.log_z = np.log(np.sum(np.exp(log_density)) / STEPS_PER_UNIT)

    def log_density(self, x: Array) -> Array:
        """The unnormalised log density at every entry of x."""
        return -((x**2 - self.depth) ** 2) + self.tilt * x

    def mean(self, function: Callable[[np.ndarray], np.ndarray]) -> float:
        """The expectation of a function of x."""
        return float(self._weights @ function(self._grid))

    def sampler(self) -> Sample:
        """Exact draws (n, 1) by rejection.

        With r = |x| and c = depth, (r^2 - c)^2 >= c (r - sqrt c)^2, so that a Gaussian on each side lies
        above the density.
        """
        root, tilt = np.sqrt(self.depth), self.tilt

        def propose(key: PRNGKeyArray) -> tuple[Float[Array, "1"], Bool[Array, ""]]:
            key_side, key_radius, key_accept = jax.random.split(key, 3)
            right = jax.random.bernoulli(key_side, 1 / (1 + np.exp(-2 * tilt * root)))
            side = jnp.where(right, 1.0, -1.0)
            centre = root + tilt * side / (2 * self.depth)
            radius = centre + jax.random.normal(key_radius) / (np.sqrt(2) * root)
            log_ratio = self.depth * (radius - root) ** 2 - (radius**2 - self.depth) ** 2
            accepted = (radius > 0) & (-jax.random.exponential(key_accept) < log_ratio)
            return (side * radius)[None], accepted

        return rejection_sampler(propose, 1)


def manywell(
    name: str, dim: int, wells: range, depth: float, tilt: float, constant: float, about: About
) -> Target:
    """exp(constant) times a product over the coordinates.

    A coordinate in `wells` has the factor exp(-(x_i^2 - depth)^2 + tilt x_i), any other exp(-x_i^2 / 2).
    """
    in_well = np.isin(np.arange(dim), wells)
    well = DoubleWell(depth, tilt)
    sample_well = well.sampler()

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return constant + jnp.sum(jnp.where(in_well, well.log_density(x), -0.5 * x**2))

    def sample(key: PRNGKeyArray, n: int) -> Float[Array, "n dim"]:
        key_well, key_rest = jax.random.split(key)
        x = jax.random.normal(key_rest, (n, dim))
        return x.at[:, np.array(wells)].set(sample_well(key_well, n * len(wells)).reshape(n, len(wells)))

    def positive(x: Float[Array, " dim"]) -> Float[Array, " wells"]:
        return (x[np.array(wells)] > 0).astype(x.dtype)

    def moment(power: int, of_standard_normal: float) -> np.ndarray:
        return np.where(in_well, well.mean(lambda x: x**power), of_standard_normal)

    exact, mass = np.zeros(dim), np.full(len(wells), well.mean(lambda x: x > 0))
    log_z = constant + len(wells) * well.log_z + 0.5 * (dim - len(wells)) * np.log(2 * np.pi)
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
            *coordinate_statistics(moment(1, 0.0), moment(2, 1.0), moment(4, 3.0), standard_error=exact),
            Statistic("positive", positive, mass, np.sqrt(mass * (1 - mass)), np.zeros(len(wells))),
        ),
    )


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
