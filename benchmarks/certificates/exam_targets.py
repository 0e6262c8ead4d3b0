"""Families of targets from which exams are drawn; every truth is a closed form."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.benchmarks.certificates.laws import Law, log_gamma, normal, student_t, two_normals
from bridgemark.targets.base import (
    About,
    Base,
    Density,
    Joint,
    PointFunction,
    Statistic,
    Target,
    Truth,
    gaussian_base,
)

TAIL = 0.05  # the probability of the tail whose mass is asked for
ABOUT = About("", "drawn at random for an exam")
MAX_ASKED = 16  # coordinates whose tails and products are asked for
# The kinds of laws, and how often a coordinate has each.
NORMAL, LOG_GAMMA, STUDENT_T, TWO_NORMALS = range(4)
SHARES = (0.4, 0.25, 0.2, 0.15)
MAX_LOG_CONSTANT = 5.0  # the densities are multiplied by constants up to exp(5), and down to exp(-5)


class Update(NamedTuple):
    """Data of a linear-Gaussian model, and what they say: posterior and log evidence."""

    y: Float[np.ndarray, " dim_y"]
    mean: Float[np.ndarray, " dim"]
    covariance: Float[np.ndarray, "dim dim"]
    log_evidence: float


def draw_posterior(noise: np.random.Generator) -> Target:
    """A linear-Gaussian posterior in two to five dimensions, with its joint; the base is the prior.

    x ~ N(m, S^2) with a diagonal S, and y | x ~ N(H x, s^2 I), where everything is drawn: sizes, H, m, S, s,
    and y under the joint.
    """
    dim = int(noise.integers(2, 6))
    dim_y = int(noise.integers(1, dim + 1))
    observation_map = noise.standard_normal((dim_y, dim))
    loc, scale = noise.uniform(-2, 2, dim), np.exp(noise.uniform(-0.7, 0.7, dim))
    noise_sd = noise.uniform(0.8, 1.6) * np.sqrt(dim)
    prior = gaussian_base(loc, scale)

    def simulate(key: PRNGKeyArray, x: Float[Array, " dim"]) -> Float[Array, " dim_y"]:
        return jnp.asarray(observation_map, x.dtype) @ x + noise_sd * jax.random.normal(
            key, (dim_y,), x.dtype
        )

    def log_likelihood(x: Float[Array, " dim"], y: Float[Array, " dim_y"]) -> Float[Array, ""]:
        residual = (y - jnp.asarray(observation_map, x.dtype) @ x) / noise_sd
        return -0.5 * jnp.sum(residual**2) - dim_y * np.log(noise_sd * np.sqrt(2 * np.pi))

    update = _observe(observation_map, loc, scale, noise_sd, noise.standard_normal(dim_y))
    joint = Joint(dim, dim_y, prior, simulate, log_likelihood)

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return joint.log_prob(x, jnp.asarray(update.y, x.dtype))

    def log_likelihood_of_x(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return log_likelihood(x, jnp.asarray(update.y, x.dtype))

    root = np.linalg.cholesky(update.covariance)
    return Target(
        name="exam-posterior",
        version=1,
        density=Density(dim, log_prob, prior, log_likelihood_of_x, joint, update.y),
        about=ABOUT,
        log_z=Truth(update.log_evidence, 0.0, "closed form"),
        sample=gaussian_base(update.mean, root).sample,
        statistics=_statistics(update.mean, np.linalg.inv(root), [normal(dim)]),
    )


def _observe(
    observation_map: Float[np.ndarray, "dim_y dim"],
    loc: Float[np.ndarray, " dim"],
    scale: Float[np.ndarray, " dim"],
    noise_sd: float,
    standardised: Float[np.ndarray, " dim_y"],
) -> Update:
    """Data that are those standard normal numbers in the law of y, and Kalman's update by them."""
    covariance_of_y = (observation_map * scale**2) @ observation_map.T
    covariance_of_y += noise_sd**2 * np.eye(len(standardised))
    residual = np.linalg.cholesky(covariance_of_y) @ standardised
    gain = np.linalg.solve(covariance_of_y, observation_map * scale**2).T
    log_det = np.linalg.slogdet(2 * np.pi * covariance_of_y)[1]
    return Update(
        y=observation_map @ loc + residual,
        mean=loc + gain @ residual,
        covariance=np.diag(scale**2) - gain @ (observation_map * scale**2),
        log_evidence=float(-0.5 * (residual @ np.linalg.solve(covariance_of_y, residual) + log_det)),
    )


def draw_mixed(noise: np.random.Generator, dim: int) -> Target:
    """A rotated, scaled and shifted product of skewed, heavy-tailed, bimodal and normal coordinates.

    x = loc + A z, where the coordinates of z are independent and standardised. The base is a Gaussian with
    independent coordinates, somewhat wider than the target and not quite at its centre.
    """
    laws = _draw_laws(noise, dim)
    loc, matrix = noise.uniform(-3, 3, dim), _draw_matrix(noise, dim)
    inverse, sd = np.linalg.inv(matrix), np.linalg.norm(matrix, axis=1)
    log_constant = noise.uniform(-MAX_LOG_CONSTANT, MAX_LOG_CONSTANT)
    log_scale = log_constant - float(np.linalg.slogdet(matrix)[1])
    ends = np.cumsum([law.size for law in laws])[:-1]

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        z = jnp.asarray(inverse, x.dtype) @ (x - jnp.asarray(loc, x.dtype))
        parts = jnp.split(z, ends)
        return log_scale + sum(
            (law.log_density_standardised(part) for law, part in zip(laws, parts, strict=True)),
            start=jnp.zeros((), x.dtype),
        )

    def sample(key: PRNGKeyArray, n: int) -> Float[Array, "n dim"]:
        keys = jax.random.split(key, len(laws))
        drawn = [law.draw_standardised(key, n) for law, key in zip(laws, keys, strict=True)]
        z = jnp.concatenate(drawn, axis=1)
        return jnp.asarray(loc, z.dtype)[None] + z @ jnp.asarray(matrix.T, z.dtype)

    return Target(
        name="exam-mixed",
        version=1,
        density=Density(dim=dim, log_prob=log_prob, base=_draw_base(noise, loc, sd)),
        about=ABOUT,
        log_z=Truth(float(log_constant), 0.0, "by construction"),
        sample=sample,
        statistics=_statistics(loc, inverse, laws),
    )


def _draw_laws(noise: np.random.Generator, dim: int) -> list[Law]:
    """Laws of `dim` coordinates in all, one law for each kind that was drawn."""
    kinds = np.bincount(noise.choice(len(SHARES), dim, p=SHARES), minlength=len(SHARES))
    laws: list[Law] = [
        normal(kinds[NORMAL]),
        log_gamma(noise.uniform(1.0, 4.0, kinds[LOG_GAMMA])),
        student_t(noise.uniform(10.0, 20.0, kinds[STUDENT_T])),
        two_normals(noise.uniform(1.0, 1.6, kinds[TWO_NORMALS]), noise.uniform(0.3, 0.7, kinds[TWO_NORMALS])),
    ]
    return [law for law in laws if law.size]


def _draw_matrix(noise: np.random.Generator, dim: int) -> Float[np.ndarray, "dim dim"]:
    """A random rotation of random scales between 1/2 and 2."""
    rotation, _ = np.linalg.qr(noise.standard_normal((dim, dim)))
    return rotation * np.exp(noise.uniform(-np.log(2), np.log(2), dim))


def _draw_base(
    noise: np.random.Generator, loc: Float[np.ndarray, " dim"], sd: Float[np.ndarray, " dim"]
) -> Base:
    offset = 0.25 * sd * noise.standard_normal(len(sd))
    return gaussian_base(loc + offset, sd * noise.uniform(1.4, 1.7, len(sd)))


def _statistics(
    loc: Float[np.ndarray, " dim"], inverse: Float[np.ndarray, "dim dim"], laws: list[Law]
) -> tuple[Statistic, ...]:
    """Expectations of z, z^2, tails of z and products of neighbours in z, where z = inverse (x - loc).

    The coordinates of z are independent with mean zero and variance one, and have these laws.
    """
    kurtosis = np.concatenate([law.kurtosis for law in laws])
    thresholds = np.concatenate([law.quantile_standardised(1 - TAIL) for law in laws])[:MAX_ASKED]
    dim = len(kurtosis)

    def z(x: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return jnp.asarray(inverse, x.dtype) @ (x - jnp.asarray(loc, x.dtype))

    def tail(x: Float[Array, " dim"]) -> Float[Array, " asked"]:
        return (z(x)[:MAX_ASKED] > jnp.asarray(thresholds, x.dtype)).astype(x.dtype)

    def product(x: Float[Array, " dim"]) -> Float[Array, " asked"]:
        neighbours = z(x)[: MAX_ASKED + 1]
        return neighbours[1:] * neighbours[:-1]

    products = min(dim - 1, MAX_ASKED)
    tail_sd = np.sqrt(TAIL * (1 - TAIL))
    return (
        _exact("z", z, np.zeros(dim), np.ones(dim)),
        _exact("z2", lambda x: z(x) ** 2, np.ones(dim), np.sqrt(kurtosis - 1)),
        _exact("tail", tail, np.full(len(thresholds), TAIL), np.full(len(thresholds), tail_sd)),
        _exact("product", product, np.zeros(products), np.ones(products)),
    )


def _exact(name: str, function: PointFunction, mean: np.ndarray, sd: np.ndarray) -> Statistic:
    return Statistic(name, function, mean, sd, np.zeros(len(mean)))
