"""Two crescents: what a noisy ring tells of two parameters, one of them up to its sign."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf, erfinv, logsumexp
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.special import erfinv as erfinv_of_numpy

from bridgemark.targets.base import (
    About,
    Alias,
    Joint,
    Modes,
    PosteriorFamily,
    PosteriorTruths,
    Statistic,
    Truth,
    gaussian_base,
    rejection,
)

CENTRE, RADIUS, THICKNESS, SPREAD = 0.25, 0.1, 0.01, 0.8
TURNS = 2 * np.pi * np.array([-1.0, 0.0, 1.0])  # further ones weigh e^-69 of these
CONSTANT = -np.log(2 * np.pi * THICKNESS * SPREAD)

REACH = 8.0  # standard deviations of the noise
COARSE, FINE = (1 / 50, 40), (1 / 100, 60)  # steps in angle, nodes in radius
LEAST_ERROR = 1e-8
RECIPE = (
    "quadrature over the noise: Gauss-Legendre in radius, trapezoidal in angle; its error by a coarser one"
)
LEAST_ACCEPTANCE = 1e-3  # of y out of reach nothing is known
TINY = np.finfo(float).tiny


def simulate(key: PRNGKeyArray, x: Float[Array, "2"]) -> Float[Array, "2"]:
    """A point of the ring around the shifted centre."""
    noise = jax.random.normal(key, (2,), x.dtype)
    angle, radius = SPREAD * noise[0], RADIUS + THICKNESS * noise[1]
    return centre(x) + radius * jnp.stack([jnp.cos(angle), jnp.sin(angle)])


def log_likelihood(x: Float[Array, "2"], y: Float[Array, "2"]) -> Float[Array, ""]:
    """Density of the noise in polar coordinates, over the radius: the area of polar coordinates.

    Negative radii, of probability 8e-24, are left out.
    """
    offset = y - centre(x)
    radius, angle = jnp.sqrt(jnp.sum(offset**2)), jnp.arctan2(offset[1], offset[0])
    around = logsumexp(-0.5 * ((angle + TURNS.astype(x.dtype)) / SPREAD) ** 2)
    return CONSTANT + around - 0.5 * ((radius - RADIUS) / THICKNESS) ** 2 - jnp.log(radius)


def centre(x: Float[Array, "2"]) -> Float[Array, "2"]:
    """Where the ring of y lies."""
    across, along = crossed(x)
    return jnp.stack([CENTRE - jnp.abs(across), along])


def crossed(x: Float[Array, "2"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Sum and difference of theta = 2 Phi(x) - 1, which is uniform on [-1, 1]^2, over sqrt 2."""
    theta = erf(x / np.sqrt(2))
    return (theta[0] + theta[1]) / np.sqrt(2), (theta[1] - theta[0]) / np.sqrt(2)


def truths(name: str, y: np.ndarray) -> PosteriorTruths:
    """A posterior draw is a draw of the noise and of a sign, if the theta that made y of it exists.

    With y fixed, theta -> (radius, angle) has the Jacobian that the likelihood divides by, so that
    p(y) = P(it exists) / 4 for each sign; and theta -> -theta swapped carries one sign to the other.
    """

    def propose(key: PRNGKeyArray) -> tuple[Float[Array, "2"], Array]:
        for_noise, for_sign = jax.random.split(key)
        noise, sign = jax.random.normal(for_noise, (2,)), jax.random.rademacher(for_sign, (), float)
        angle, radius = SPREAD * noise[0], RADIUS + THICKNESS * noise[1]
        across, along = CENTRE + radius * jnp.cos(angle) - y[0], y[1] - radius * jnp.sin(angle)
        theta = jnp.stack([sign * across - along, sign * across + along]) / np.sqrt(2)
        return np.sqrt(2) * erfinv(theta), (across >= 0) & jnp.all(jnp.abs(theta) < 1)

    fine, coarse = moments(y, *FINE), moments(y, *COARSE)
    if fine["share"] < LEAST_ACCEPTANCE:
        return PosteriorTruths()
    error = {key: np.abs(fine[key] - coarse[key]) + LEAST_ERROR for key in fine}

    def statistic(label: str, fn: Callable, square: str) -> Statistic:
        return Statistic(label, fn, fine[label], np.sqrt(fine[square] - fine[label] ** 2), error[label])

    return PosteriorTruths(
        log_z=Truth(float(np.log(fine["share"] / 2)), float(error["share"] / fine["share"]), RECIPE),
        sample=rejection(propose, 2),
        statistics=(statistic("x", lambda x: x, "x2"), statistic("x2", jnp.square, "x4")),
        modes=Modes(signs, np.full(2, 0.5)),
    )


def signs(x: Float[Array, "2"]) -> Float[Array, "2"]:
    """One for the crescent that x is in."""
    across, _ = crossed(x)
    return jnp.stack([across > 0, across <= 0]).astype(x.dtype)


def moments(y: np.ndarray, step: float, nodes: int) -> dict[str, np.ndarray]:
    """P(theta exists), and the means of x, x^2 and x^4 given that it does."""
    x, weights = quadrature(y, step, nodes)
    share = np.sum(weights)
    means = {name: weights @ x**power / max(share, TINY) for name, power in (("x", 1), ("x2", 2), ("x4", 4))}
    return means | {"share": share}


def quadrature(y: np.ndarray, step: float, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 2) of both signs, and their weights (n,), which add up to P(theta exists).

    For one angle the radii that some theta has made lie between two bounds, where the rule ends.
    """
    noise = np.arange(-REACH, REACH + step / 2, step)
    cos, sin = np.cos(SPREAD * noise), np.sin(SPREAD * noise)
    # Bounds on radius r: across >= 0, and across + along and across - along at most sqrt 2.
    offsets = np.array([CENTRE - y[0], np.sqrt(2) - CENTRE + y[0] - y[1], np.sqrt(2) - CENTRE + y[0] + y[1]])
    slopes = np.stack([cos, sin - cos, -sin - cos])
    with np.errstate(divide="ignore"):
        ends = -offsets[:, None] / slopes
    inner, outer = RADIUS - REACH * THICKNESS, RADIUS + REACH * THICKNESS
    low = np.max(np.where(slopes > 0, ends, inner), axis=0, initial=inner)
    high = np.min(np.where(slopes < 0, ends, outer), axis=0, initial=outer)
    node, node_weight = np.polynomial.legendre.leggauss(nodes)
    # Smoothed towards both ends, where x grows without bound.
    share, slope = (2 + 3 * node - node**3) / 4, 0.75 * (1 - node**2)
    span = np.maximum(high - low, 0)[:, None]
    radius = np.minimum(low, high)[:, None] + span * share
    density = np.exp(-0.5 * (noise[:, None] ** 2 + ((radius - RADIUS) / THICKNESS) ** 2)) / (
        2 * np.pi * THICKNESS
    )
    weights = np.ravel(density * span * slope * node_weight * step)
    across, along = CENTRE + radius * cos[:, None] - y[0], y[1] - radius * sin[:, None]
    theta = np.stack([across - along, across + along], axis=-1).reshape(-1, 2) / np.sqrt(2)
    kept = weights > 0
    x = np.sqrt(2) * erfinv_of_numpy(np.clip(theta[kept], -1 + 1e-15, 1 - 1e-15))
    return np.concatenate([x, -x[:, ::-1]]), np.tile(weights[kept] / 2, 2)


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
    # p(y) is 0.5 wherever every noise has a theta, as of a, and the most probable; 0.048 of b, less than
    # that of all but 1 % of simulated y, because most of its theta are out of bounds.
    observations={"a": np.array([0.0, 0.0]), "b": np.array([-0.9, 0.3])},
    about=About(
        source="Greenberg, Nonnenmacher and Macke (2019), Automatic posterior transformation, two moons; "
        "here with a smooth law of the angle",
        definition="x ~ N(0, I), theta = 2 Phi(x) - 1 uniform on [-1, 1]^2; y = (0.25 + r cos a, r sin a) + "
        "(-|theta_0 + theta_1|, theta_1 - theta_0) / sqrt 2, r ~ N(0.1, 0.01^2), a ~ N(0, 0.8^2): the "
        "original's a is uniform on (-pi/2, pi/2), so that its density is zero on half the plane and its "
        "gradient of no use; a kink where theta_0 = -theta_1, far from the crescents of a and b; base = "
        "prior",
        aliases=(Alias("two_moons", "sbibm: uniform angle, coordinates theta", False),),
    ),
)
TARGETS = FAMILY.targets()
