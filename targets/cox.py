"""Log-Gaussian Cox process on the Finnish pines: high-dimensional, strongly correlated, nearly Gaussian.

Møller, Syversveen & Waagepetersen (1998), Scandinavian Journal of Statistics 25, section 8.
The unit square is cut into side x side cells. Cell i holds y_i ~ Poisson(e^{f_i} / side^2) points, where
f ~ N(m, K) with K_ij = 1.91 exp(-33 |i - j| / side) and distances in cells. The constants log y! and log area
are left out of the log likelihood.
"""

from functools import cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.targets import stored
from bridgemark.targets.base import About, Alias, Base, Density, LogProb, Target, gaussian_base
from bridgemark.targets.data import load
from bridgemark.targets.moments import coordinate_moments

VARIANCE, CORRELATION_LENGTH, POINTS = 1.91, 1 / 33, 126  # of the field; the number of trees
MEAN = np.log(POINTS) - VARIANCE / 2  # so that the expected number of points is 126
SOURCE = "Møller, Syversveen & Waagepetersen (1998), Scandinavian Journal of Statistics 25, 451-482"


class Field(NamedTuple):
    """The Gaussian field N(MEAN, K) on a grid of cells.

    Attributes:
        factor: lower Cholesky factor of K, of shape (cells, cells).
        precision: inverse of K, of the same shape.
        half_log_det: log det(K) / 2.
    """

    factor: np.ndarray
    precision: np.ndarray
    half_log_det: float


@cache
def field(side: int) -> Field:
    """The field on side x side cells, computed once per grid in float64."""
    row, column = np.indices((side, side)).reshape(2, -1)
    distance = np.hypot(row[:, None] - row, column[:, None] - column)
    covariance = VARIANCE * np.exp(-distance / (side * CORRELATION_LENGTH))
    factor = np.linalg.cholesky(covariance)
    return Field(factor, np.linalg.inv(covariance), np.sum(np.log(np.diag(factor))))


def prior(side: int) -> Base:
    """N(MEAN, K). Value and gradient together cost one product with the precision matrix."""
    factor, precision, half_log_det = field(side)
    constant = -0.5 * side**2 * np.log(2 * np.pi) - half_log_det

    # Reverse-mode differentiation would multiply by the precision a second time, not knowing it is symmetric.
    @jax.custom_jvp
    def half_square(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return 0.5 * jnp.dot(x, precision.astype(x.dtype) @ x)

    @half_square.defjvp
    def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
        (x,), (dx,) = primals, tangents
        product = precision.astype(x.dtype) @ x
        return 0.5 * jnp.dot(x, product), jnp.dot(product, dx)

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return constant - half_square(x - MEAN)

    def sample(key: PRNGKeyArray, n: int) -> Float[Array, "n dim"]:
        noise = jax.random.normal(key, (n, side**2))
        return MEAN + noise @ factor.T.astype(noise.dtype)

    return Base(log_prob, sample, np.full(side**2, MEAN), factor)


def poisson_log_likelihood(points: np.ndarray, side: int) -> LogProb:
    """The log likelihood of a field (side^2,), given points (n, 2) in [0, 1], without log y! and log area."""
    cells = np.minimum(np.floor(side * points).astype(int), side - 1)
    counts = np.bincount(cells[:, 0] * side + cells[:, 1], minlength=side**2).astype(float)

    def log_likelihood(f: Float[Array, " dim"]) -> Float[Array, ""]:
        return jnp.dot(counts.astype(f.dtype), f) - jnp.sum(jnp.exp(f)) / side**2

    return log_likelihood


def pines() -> np.ndarray:
    """Positions (126, 2) of the saplings in the unit square."""
    return load("finpines_unit.csv")


def rescaled_pines() -> np.ndarray:
    """Positions (127, 2) of the saplings stretched to fill [0, 1] on each axis, the first of them twice."""
    points = pines()
    points = (points - points.min(axis=0)) / np.ptp(points, axis=0)
    return np.concatenate([points, points[:1]])


def cox_process(
    name: str, side: int, points: np.ndarray, definition: str, aliases: tuple[Alias, ...]
) -> Target:
    """The posterior of the field itself."""
    base, log_likelihood = prior(side), poisson_log_likelihood(points, side)

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return base.log_prob(x) + log_likelihood(x)

    return Target(
        name=name,
        version=1,
        density=Density(dim=side**2, log_prob=log_prob, base=base, log_likelihood=log_likelihood),
        about=About(SOURCE, definition, aliases),
        log_z=stored.log_z(name),
        statistics=stored.statistics(name, coordinate_moments()),
    )


def whitened_cox_process(name: str, field_name: str, side: int, aliases: tuple[Alias, ...]) -> Target:
    """The posterior of the white noise that makes the field.

    `field_name` is the target of the field itself. It has the same log Z, and the statistics are those of its
    field.
    """
    dim, factor = side**2, field(side).factor
    base, of_field = gaussian_base(np.zeros(dim), np.ones(dim)), poisson_log_likelihood(pines(), side)

    def colour(x: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return MEAN + factor.astype(x.dtype) @ x

    def square(x: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return colour(x) ** 2

    def log_likelihood(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return of_field(colour(x))

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return base.log_prob(x) + log_likelihood(x)

    return Target(
        name=name,
        version=1,
        density=Density(dim=dim, log_prob=log_prob, base=base, log_likelihood=log_likelihood),
        about=About(SOURCE, f"{field_name} in coordinates xi, f = m + L xi, K = L L'; base N(0, I)", aliases),
        log_z=stored.log_z(field_name),
        statistics=stored.statistics(field_name, {"x": colour, "x2": square}),
    )


DEFINITION = (
    "sum_i (y_i f_i - e^(f_i) / side^2) + log N(f; m, K), no log y! and no log area; m = log 126 - 1.91/2, "
    "K_ij = 1.91 exp(-33 |i - j| / side) with distances in cells; base = prior; "
)


def lgcp(name: str, side: int, aliases: tuple[Alias, ...] = ()) -> Target:
    """The data as they are: 126 points, each once."""
    return cox_process(name, side, pines(), DEFINITION + f"126 pines on {side} x {side} cells", aliases)


def lgcp_rescaled(name: str, side: int, aliases: tuple[Alias, ...]) -> Target:
    """The data of part of the literature: stretched to [0, 1] on each axis, the first point twice."""
    data = f"127 points on {side} x {side} cells: coordinates min-max rescaled, first point twice"
    return cox_process(name, side, rescaled_pines(), DEFINITION + data, aliases)


CLEAN = (
    Alias("lgcp-1600-p126", "long identifier", True),
    Alias("lgcp", "Beyond ELBOs, PDDS, fab-jax (as cox), sde_sampler (which quotes log Z = 512.6)", True),
    Alias("lgcp", "DDS, CMCD: 127 rescaled points, log Z higher by 10.7", False),
    Alias("lgcp-1024", "AFT: 32 x 32 cells", False),
    Alias("lgcp-100-matern", "inference_gym: 10 x 10 cells, Matern kernel, learnt hyper-parameters", False),
    Alias("lgcp-1600-synth", "tuningfork: synthetic points, separable kernel", False),
)
WHITE = (
    Alias("lgcp_whitened", "UnderdampedDiffusionBridges", True),
    Alias("lgcp", "Beyond ELBOs, PDDS: the field itself, same log Z, other geometry", False),
)
RESCALED = (Alias("lgcp-1600-p127", "DDS, CMCD as lgcp: 4 of its 1600 cells differ from these", False),)

TARGETS = {
    "lgcp-1600": partial(lgcp, "lgcp-1600", 40, CLEAN),
    "lgcp-1600-white": partial(whitened_cox_process, "lgcp-1600-white", "lgcp-1600", 40, WHITE),
    "lgcp-1600-rescaled": partial(lgcp_rescaled, "lgcp-1600-rescaled", 40, RESCALED),
    "lgcp-1024": partial(
        lgcp, "lgcp-1024", 32, (Alias("lgcp", "AFT: 32 x 32 cells, the points given by the user", False),)
    ),
    "lgcp-900": partial(lgcp, "lgcp-900", 30),
    "lgcp-256": partial(lgcp, "lgcp-256", 16),
    "lgcp-256-white": partial(whitened_cox_process, "lgcp-256-white", "lgcp-256", 16, ()),
}
