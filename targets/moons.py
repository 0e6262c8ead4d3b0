"""Two moons: a noisy ring determines two parameters, one of them up to its sign."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf, erfinv, logsumexp
from jaxtyping import Array, Bool, Float, PRNGKeyArray
from scipy.special import erfinv as erfinv_of_numpy

from bridgemark.targets.base import (
    About,
    Alias,
    Joint,
    Modes,
    Statistic,
    Truth,
    gaussian_base,
    rejection_sampler,
)
from bridgemark.targets.moments import identity
from bridgemark.targets.posteriors import PosteriorFamily, PosteriorTruths

CENTRE, RADIUS = 0.25, 0.1  # of the ring
RADIUS_SD, ANGLE_SD = 0.01, 0.8
TURNS = 2 * np.pi * np.array([-1.0, 0.0, 1.0])  # added to an angle; further turns weigh e^-69 of these
CONSTANT = -np.log(2 * np.pi * RADIUS_SD * ANGLE_SD)

LIMIT = 8.0  # standard deviations of the noise, to which the quadrature extends
LEAST_ERROR = 1e-8
RECIPE = (
    "quadrature over the noise: Gauss-Legendre in radius, trapezoidal in angle; its error by a coarser one"
)
LEAST_ACCEPTANCE = 1e-3  # for a y further out nothing is known


class Rule(NamedTuple):
    """A quadrature rule: the step in angle, in standard deviations, and the number of nodes in radius."""

    step: float
    nodes: int


COARSE, FINE = Rule(1 / 50, 40), Rule(1 / 100, 60)


class Moments(NamedTuple):
    """P(theta exists), and the means of x, x^2 and x^4 given that it does."""

    share: float
    first: Float[np.ndarray, "2"]
    second: Float[np.ndarray, "2"]
    fourth: Float[np.ndarray, "2"]


class Polar(NamedTuple):
    """An angle and a radius of the ring."""

    angle: Float[Array, ""]
    radius: Float[Array, ""]


def noise_to_polar(noise: Float[Array, "2"]) -> Polar:
    """Map standard normal noise to the angle and the radius of a point of the ring."""
    return Polar(ANGLE_SD * noise[0], RADIUS + RADIUS_SD * noise[1])


def simulate(key: PRNGKeyArray, x: Float[Array, "2"]) -> Float[Array, "2"]:
    """Draw a point of the ring around the shifted centre."""
    angle, radius = noise_to_polar(jax.random.normal(key, (2,), x.dtype))
    return centre(x) + radius * jnp.stack([jnp.cos(angle), jnp.sin(angle)])


def log_likelihood(x: Float[Array, "2"], y: Float[Array, "2"]) -> Float[Array, ""]:
    """The log density of angle and radius, minus log radius, the Jacobian of polar coordinates.

    Negative radii, of probability 8e-24, are left out.
    """
    offset = y - centre(x)
    radius, angle = jnp.sqrt(jnp.sum(offset**2)), jnp.arctan2(offset[1], offset[0])
    log_angle = logsumexp(-0.5 * ((angle + TURNS.astype(x.dtype)) / ANGLE_SD) ** 2)
    return CONSTANT + log_angle - 0.5 * ((radius - RADIUS) / RADIUS_SD) ** 2 - jnp.log(radius)


def centre(x: Float[Array, "2"]) -> Float[Array, "2"]:
    """The centre of the ring on which y lies."""
    across, along = rotated_theta(x)
    return jnp.stack([CENTRE - jnp.abs(across), along])


def rotated_theta(x: Float[Array, "2"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Sum and difference of the components of theta, divided by sqrt 2: theta turned by 45 degrees.

    theta = 2 Phi(x) - 1 is uniform on [-1, 1]^2 under the prior.
    """
    theta = erf(x / np.sqrt(2))
    return (theta[0] + theta[1]) / np.sqrt(2), (theta[1] - theta[0]) / np.sqrt(2)


def truths(name: str, y: np.ndarray) -> PosteriorTruths:
    """Evidence and moments of the posterior of y, by quadrature, and exact draws.

    A posterior draw is the theta that makes y from a draw of the noise and of a sign, if that theta exists.
    With y fixed, theta -> (radius, angle) has the Jacobian by which the likelihood is divided, so that p(y)
    is P(theta exists) / 4 for each sign. The sign is that of theta_0 + theta_1, and theta -> -theta with
    components exchanged carries one sign to the other.
    """

    def propose(key: PRNGKeyArray) -> tuple[Float[Array, "2"], Bool[Array, ""]]:
        key_noise, key_sign = jax.random.split(key)
        noise = jax.random.normal(key_noise, (2,))
        sign = jax.random.rademacher(key_sign, (), float)
        angle, radius = noise_to_polar(noise)
        across, along = CENTRE + radius * jnp.cos(angle) - y[0], y[1] - radius * jnp.sin(angle)
        theta = jnp.stack([sign * across - along, sign * across + along]) / np.sqrt(2)
        return np.sqrt(2) * erfinv(theta), (across >= 0) & jnp.all(jnp.abs(theta) < 1)

    fine, coarse = moments(y, FINE), moments(y, COARSE)
    if fine.share < LEAST_ACCEPTANCE:
        return PosteriorTruths()
    error_of_share = abs(fine.share - coarse.share) + LEAST_ERROR
    error_of_x = np.abs(fine.first - coarse.first) + LEAST_ERROR
    error_of_x2 = np.abs(fine.second - coarse.second) + LEAST_ERROR
    sd_of_x, sd_of_x2 = np.sqrt(fine.second - fine.first**2), np.sqrt(fine.fourth - fine.second**2)
    return PosteriorTruths(
        log_z=Truth(float(np.log(fine.share / 2)), float(error_of_share / fine.share), RECIPE),
        sample=rejection_sampler(propose, 2),
        statistics=(
            Statistic("x", identity, fine.first, sd_of_x, error_of_x),
            Statistic("x2", jnp.square, fine.second, sd_of_x2, error_of_x2),
        ),
        modes=Modes(in_each_moon, np.full(2, 0.5)),
    )


def in_each_moon(x: Float[Array, "2"]) -> Float[Array, "2"]:
    """Indicators of the two moons: theta_0 + theta_1 is positive in the first, negative in the second."""
    across, _ = rotated_theta(x)
    return jnp.stack([across > 0, across <= 0]).astype(x.dtype)


def moments(y: np.ndarray, rule: Rule) -> Moments:
    """P(theta exists) and the moments of x, by quadrature."""
    x, weights = quadrature(y, rule)
    share = float(np.sum(weights))
    divisor = max(share, np.finfo(float).tiny)
    return Moments(share, weights @ x / divisor, weights @ x**2 / divisor, weights @ x**4 / divisor)


def quadrature(y: np.ndarray, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
    """Points x (n, 2) of both signs, and their weights (n,), which add up to P(theta exists).

    At each angle theta exists for the radii between two bounds; the rule covers the interval between them.
    """
    noise = np.arange(-LIMIT, LIMIT + rule.step / 2, rule.step)
    cos, sin = np.cos(ANGLE_SD * noise), np.sin(ANGLE_SD * noise)
    low, high = radius_bounds(y, cos, sin)
    node, node_weight = np.polynomial.legendre.leggauss(rule.nodes)
    # Nodes t on [-1, 1] become (2 + 3 t - t^3) / 4 on [0, 1], denser at both ends, where x is infinite.
    share, slope = (2 + 3 * node - node**3) / 4, 0.75 * (1 - node**2)
    width = np.maximum(high - low, 0)[:, None]
    radius = np.minimum(low, high)[:, None] + width * share
    exponent = -0.5 * (noise[:, None] ** 2 + ((radius - RADIUS) / RADIUS_SD) ** 2)
    density = np.exp(exponent) / (2 * np.pi * RADIUS_SD)
    weights = np.ravel(density * width * slope * node_weight * rule.step)
    across, along = CENTRE + radius * cos[:, None] - y[0], y[1] - radius * sin[:, None]
    theta = np.stack([across - along, across + along], axis=-1).reshape(-1, 2) / np.sqrt(2)
    positive = weights > 0
    x = np.sqrt(2) * erfinv_of_numpy(np.clip(theta[positive], -1 + 1e-15, 1 - 1e-15))
    # The points of the second sign are those of the first with components exchanged and negated.
    return np.concatenate([x, -x[:, ::-1]]), np.tile(weights[positive] / 2, 2)


def radius_bounds(y: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest radius, at each angle, for which theta exists and the noise has a density.

    theta exists where across >= 0, across + along <= sqrt 2 and across - along <= sqrt 2. Each condition is
    offset + slope * radius >= 0, a lower bound of the radius if the slope is positive and an upper bound if
    it is negative.
    """
    offsets = np.array([CENTRE - y[0], np.sqrt(2) - CENTRE + y[0] - y[1], np.sqrt(2) - CENTRE + y[0] + y[1]])
    slopes = np.stack([cos, sin - cos, -sin - cos])
    with np.errstate(divide="ignore"):
        bounds = -offsets[:, None] / slopes
    inner, outer = RADIUS - LIMIT * RADIUS_SD, RADIUS + LIMIT * RADIUS_SD
    low = np.max(np.where(slopes > 0, bounds, inner), axis=0, initial=inner)
    high = np.min(np.where(slopes < 0, bounds, outer), axis=0, initial=outer)
    return low, high


JOINT = Joint(
    dim=2,
    dim_y=2,
    prior=gaussian_base(np.zeros(2), np.ones(2)),
    simulate=simulate,
    log_likelihood=log_likelihood,
)
FAMILY = PosteriorFamily(
    name="smooth-moons-2",
    joint=JOINT,
    truths=truths,
    # p(y) has its largest value, 0.5, wherever a theta exists for every noise, as it does for a. For b it is
    # 0.048, because most of its theta are out of bounds; 1 % of simulated y are less probable.
    observations={"a": np.array([0.0, 0.0]), "b": np.array([-0.9, 0.3])},
    about=About(
        source="Greenberg, Nonnenmacher and Macke (2019), Automatic posterior transformation, two moons; "
        "here with a smooth distribution of the angle",
        definition="x ~ N(0, I), theta = 2 Phi(x) - 1 uniform on [-1, 1]^2; y = (0.25 + r cos a, r sin a) + "
        "(-|theta_0 + theta_1|, theta_1 - theta_0) / sqrt 2, r ~ N(0.1, 0.01^2), a ~ N(0, 0.8^2): the "
        "original's a is uniform on (-pi/2, pi/2), so that its density is zero on half the plane and its "
        "gradient of no use; a kink where theta_0 = -theta_1, far from the crescents of a and b; base = "
        "prior",
        aliases=(Alias("two_moons", "sbibm: uniform angle, coordinates theta", False),),
    ),
)
TARGETS = FAMILY.targets()
