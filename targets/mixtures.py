"""Gaussian mixtures, of which everything is known; samplers must move between the modes."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.targets.base import About, Alias, Density, Modes, Statistic, Target, Truth, gaussian_base
from bridgemark.targets.data import load
from bridgemark.targets.moments import coordinate_statistics

FAB = "Midgley et al. (2023), Flow annealed importance sampling bootstrap, ICLR"


def mixture(
    name: str, weights: np.ndarray, means: np.ndarray, scales: np.ndarray, base_sd: float, about: About
) -> Target:
    """A normalised Gaussian mixture of k components, with the base N(0, base_sd^2 I).

    Args:
        name: of the target.
        weights: of the components, (k,).
        means: of the components, (k, dim).
        scales: standard deviations (k,) of spherical components, or lower Cholesky factors (k, dim, dim).
        base_sd: standard deviation of the base.
        about: source and definition.
    """
    dim = means.shape[1]
    weighted_log_densities, colour = _components(weights, means, scales)

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return jax.nn.logsumexp(weighted_log_densities(x))

    def responsibilities(x: Float[Array, " dim"]) -> Float[Array, " k"]:
        return jax.nn.softmax(weighted_log_densities(x))

    def sample(key: PRNGKeyArray, n: int) -> Float[Array, "n dim"]:
        key_component, key_noise = jax.random.split(key)
        noise = jax.random.normal(key_noise, (n, dim))
        typed_weights = jnp.asarray(weights, dtype=noise.dtype)
        typed_means = jnp.asarray(means, dtype=noise.dtype)
        typed_scales = jnp.asarray(scales, dtype=noise.dtype)
        component = jax.random.choice(key_component, len(weights), (n,), p=typed_weights)
        return typed_means[component] + colour(typed_scales[component], noise)

    return Target(
        name=name,
        version=1,
        density=Density(dim=dim, log_prob=log_prob, base=gaussian_base(np.zeros(dim), np.full(dim, base_sd))),
        about=about,
        log_z=Truth(0.0, 0.0, "normalised by construction"),
        sample=sample,
        statistics=_moments(weights, means, scales),
        modes=Modes(responsibilities, weights),
    )


class _Components(NamedTuple):
    """Two functions of a mixture's components.

    `weighted_log_densities` maps a point (dim,) to log weight + log density of each component (k,). `colour`
    maps the scales of the components chosen for n draws, and standard normal noise (n, dim), to centred
    draws.
    """

    weighted_log_densities: Callable[[Array], Array]
    colour: Callable[[Array, Array], Array]


def _components(weights: np.ndarray, means: np.ndarray, scales: np.ndarray) -> _Components:
    dim = means.shape[1]
    if scales.ndim == 1:  # a Cholesky factor for each component would cost dim times more
        half_log_dets = dim * np.log(scales)

        def whiten(centred: Float[Array, "k dim"]) -> Float[Array, "k dim"]:
            return centred / scales[:, None].astype(centred.dtype)

        def colour(chosen: Float[Array, "n ..."], noise: Float[Array, "n dim"]) -> Float[Array, "n dim"]:
            return chosen[:, None] * noise
    else:
        half_log_dets = np.sum(np.log(np.diagonal(scales, axis1=1, axis2=2)), axis=1)
        inverses = np.linalg.inv(scales)

        def whiten(centred: Float[Array, "k dim"]) -> Float[Array, "k dim"]:
            return jnp.einsum("kij,kj->ki", inverses.astype(centred.dtype), centred)

        def colour(chosen: Float[Array, "n ..."], noise: Float[Array, "n dim"]) -> Float[Array, "n dim"]:
            return jnp.einsum("nij,nj->ni", chosen, noise)

    constants = np.log(weights) - 0.5 * dim * np.log(2 * np.pi) - half_log_dets

    def weighted_log_densities(x: Float[Array, " dim"]) -> Float[Array, " k"]:
        squares = jnp.sum(whiten(x[None] - means.astype(x.dtype)) ** 2, axis=1)
        return constants.astype(x.dtype) - 0.5 * squares

    return _Components(weighted_log_densities, colour)


def _moments(weights: np.ndarray, means: np.ndarray, scales: np.ndarray) -> tuple[Statistic, ...]:
    """The statistics "x" and "x2", from the moments of each coordinate's marginal mixture."""
    variances = scales[:, None] ** 2 if scales.ndim == 1 else np.sum(scales**2, axis=2)
    first = weights @ means
    second = weights @ (means**2 + variances)
    fourth = weights @ (means**4 + 6 * means**2 * variances + 3 * variances**2)
    return coordinate_statistics(first, second, fourth, standard_error=np.zeros_like(first))


def gmm9(name: str) -> Target:
    """Nine equal modes on a square grid. Zhang & Chen (2022), Path integral sampler, ICLR."""
    means = np.array([[a, b] for a in (-5.0, 0.0, 5.0) for b in (-5.0, 0.0, 5.0)])
    about = About(
        source="Zhang & Chen (2022), Path integral sampler, ICLR",
        definition="equal mixture of N(m, 0.3 I), m in {-5, 0, 5}^2; 0.3 is the variance; base N(0, 5^2 I)",
        aliases=(
            Alias("gmm9-v0.3", "long identifier", True),
            Alias("9gmm", "gfn-diffusion", True),
            Alias("gmm_v1", "fab-jax", True),
            Alias("grid", "sde_sampler", True),
        ),
    )
    return mixture(name, np.full(9, 1 / 9), means, np.full(9, np.sqrt(0.3)), 5.0, about)


def gmm40(name: str, dim: int, aliases: tuple[Alias, ...]) -> Target:
    """Forty equal modes, at random places of [-40, 40]^dim that are stored in a file."""
    about = About(
        source=FAB,
        definition="equal mixture of forty N(m, I), means m drawn once uniformly from [-40, 40]^dim and kept "
        f"in data/gmm40_{dim}_means.csv; base N(0, 25^2 I)",
        aliases=aliases,
    )
    return mixture(name, np.full(40, 1 / 40), load(f"gmm40_{dim}_means.csv"), np.ones(40), 25.0, about)


def skewed(name: str) -> Target:
    """Three overlapping modes of different weight, shape and size, away from the origin."""
    means = np.array([[3.0, -1.0], [6.0, 3.0], [1.0, 4.0]])
    covariances = np.array([[[1.0, 0.7], [0.7, 1.0]], [[2.0, -0.9], [-0.9, 0.8]], [[0.3, 0.1], [0.1, 1.5]]])
    about = About(
        source="bridgemark; symmetric test densities hide sign errors and wrong mode weights",
        definition="0.6 N((3, -1), [[1, .7], [.7, 1]]) + 0.3 N((6, 3), [[2, -.9], [-.9, .8]]) "
        "+ 0.1 N((1, 4), [[.3, .1], [.1, 1.5]]); base N(0, 6^2 I)",
    )
    return mixture(name, np.array([0.6, 0.3, 0.1]), means, np.linalg.cholesky(covariances), 6.0, about)


GMM40_2 = (
    Alias("gmm40-2-s1", "long identifier", True),
    Alias("gmm40", "Beyond ELBOs (Blessing et al. 2024), with JAX before 0.5", True),
    Alias("gmm_v0", "fab-jax, with JAX before 0.5", True),
    Alias("many_gmm", "CMCD: scale 0.744, log-density below -1e4 set to minus infinity", False),
    Alias("gmm40-2-s1.313-t0", "fab-torch, DEM: scale 1.313, other means", False),
    Alias("fab", "sde_sampler: scale 1.313, other means", False),
)
GMM40_50 = (
    Alias("gmm40-50-s1", "long identifier", True),
    Alias("gmm40", "SCLD, UnderdampedDiffusionBridges, with JAX before 0.5", True),
)

TARGETS = {
    "gmm9": partial(gmm9, "gmm9"),
    "gmm40-2": partial(gmm40, "gmm40-2", 2, GMM40_2),
    "gmm40-50": partial(gmm40, "gmm40-50", 50, GMM40_50),
    "skewed-mixture": partial(skewed, "skewed-mixture"),
}
