"""Mixtures of Student distributions with two degrees of freedom, which have a mean but no variance."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.targets.base import About, Alias, Density, Modes, Statistic, Target, Truth, gaussian_base
from bridgemark.targets.data import load

TAIL_START = 20.0  # of the statistic "tails"
NODES = 400  # of Gauss-Legendre quadrature


def student_mixture(name: str, dim: int, aliases: tuple[Alias, ...]) -> Target:
    """Ten equal components of independent coordinates m_i + t, where t has the density (2 + t^2)^(-3/2)."""
    means = load(f"mos10_{dim}_means.csv")
    count = len(means)

    def log_ratios(x: Float[Array, " dim"]) -> Float[Array, " k"]:
        """Log density of each component relative to one at the origin: small numbers round less."""
        ratios = (2 + (x[None] - means.astype(x.dtype)) ** 2) / (2 + x**2)[None]
        return -1.5 * jnp.sum(jnp.log(ratios), axis=1)

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return jax.nn.logsumexp(log_ratios(x)) - np.log(count) - 1.5 * jnp.sum(jnp.log(2 + x**2))

    def responsibilities(x: Float[Array, " dim"]) -> Float[Array, " k"]:
        return jax.nn.softmax(log_ratios(x))

    def sample(key: PRNGKeyArray, n: int) -> Float[Array, "n dim"]:
        key_component, key_normal, key_square = jax.random.split(key, 3)
        normal = jax.random.normal(key_normal, (n, dim))
        half_square = jax.random.exponential(key_square, (n, dim))  # half of a chi-squared, 2 degrees
        component = jax.random.randint(key_component, (n,), 0, count)
        return jnp.asarray(means, dtype=normal.dtype)[component] + normal / jnp.sqrt(half_square)

    return Target(
        name=name,
        version=1,
        density=Density(dim=dim, log_prob=log_prob, base=gaussian_base(np.zeros(dim), np.full(dim, 10.0))),
        about=About(
            source="Blessing et al. (2024), Beyond ELBOs: a large-scale evaluation of variational methods, "
            "ICML",
            definition="equal mixture of ten components with independent coordinates m_i + t, t Student with "
            "2 degrees of freedom and scale 1; locations m drawn once uniformly from [-10, 10]^d and kept in "
            f"data/mos10_{dim}_means.csv; base N(0, 10^2 I). There is no variance, so no statistic x2; "
            "statistic x is of x / sqrt(2 + x^2), and tails = (x < -20, x > 20), coordinate by coordinate",
            aliases=aliases,
            finite_moment=2.0,
        ),
        log_z=Truth(0.0, 0.0, "normalised by construction"),
        sample=sample,
        statistics=bounded_statistics(means),
        modes=Modes(responsibilities, np.full(count, 1 / count)),
    )


def squash(x: Float[Array, " dim"]) -> Float[Array, " dim"]:
    """Map every coordinate to (-1, 1)."""
    return x / jnp.sqrt(2 + x**2)


def tails(x: Float[Array, " dim"]) -> Float[Array, "2*dim"]:
    """Whether each coordinate lies in its lower tail, then whether it lies in its upper tail."""
    return jnp.concatenate([x < -TAIL_START, x > TAIL_START]).astype(x.dtype)


def bounded_statistics(means: Float[np.ndarray, "k dim"]) -> tuple[Statistic, ...]:
    """Expectations of bounded functions, which have variances.

    With t = sqrt(2) tan(a) the angle a has the density cos(a) / 2 on (-pi/2, pi/2). The integrands are smooth
    in a, so that Gauss-Legendre quadrature is exact to rounding.
    """
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    angles = nodes * np.pi / 2
    weights = weights * np.pi / 2 * np.cos(angles) / 2
    x = means[..., None] + np.sqrt(2) * np.tan(angles)
    squashed = x / np.sqrt(2 + x**2)
    first = np.mean(squashed @ weights, axis=0)
    second = np.mean(squashed**2 @ weights, axis=0)
    # The upper tail of m + t is the lower tail of -m + t, because t is symmetric.
    below = np.mean(student_cdf(-TAIL_START - means), axis=0)
    above = np.mean(student_cdf(-TAIL_START + means), axis=0)
    masses = np.concatenate([below, above])
    return (
        Statistic("x", squash, first, np.sqrt(second - first**2), np.zeros_like(first)),
        Statistic("tails", tails, masses, np.sqrt(masses * (1 - masses)), np.zeros_like(masses)),
    )


def student_cdf(t: np.ndarray) -> np.ndarray:
    """P(T < t) of the Student distribution with two degrees of freedom, accurate far below zero."""
    root = np.sqrt(2 + t**2)
    return 1 / (root * (root - t))


MOS_2 = (
    Alias("mos10-2-df2", "long identifier", True),
    Alias("student_t_mixture", "Beyond ELBOs, with JAX before 0.5", True),
)
MOS_50 = (
    Alias("mos10-50-df2", "long identifier", True),
    Alias("student_t_mixture", "SCLD, UnderdampedDiffusionBridges, with JAX before 0.5", True),
)

TARGETS = {
    "mos10-2": partial(student_mixture, "mos10-2", 2, MOS_2),
    "mos10-50": partial(student_mixture, "mos10-50", 50, MOS_50),
}
