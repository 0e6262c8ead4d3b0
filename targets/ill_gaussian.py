"""An ill-conditioned Gaussian, rotated so that no scaling of the coordinates helps."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.targets.base import About, Alias, Density, Statistic, Target, Truth, gaussian_base
from bridgemark.targets.data import load
from bridgemark.targets.moments import identity

CONDITION = 1000.0  # ratio of the largest variance to the smallest


def ill_gaussian(name: str, dim: int) -> Target:
    """N(0, Q D Q') without its normaliser; D falls geometrically from 1 to 1 / CONDITION, Q is a rotation."""
    rotation = np.linalg.qr(load(f"rotation_{dim}.csv"))[0]
    sds = CONDITION ** (-0.5 * np.arange(dim) / (dim - 1))
    variances = rotation**2 @ sds**2

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return -0.5 * jnp.sum((x @ rotation.astype(x.dtype) / sds.astype(x.dtype)) ** 2)

    def sample(key: PRNGKeyArray, n: int) -> Float[Array, "n dim"]:
        noise = jax.random.normal(key, (n, dim))
        return noise * jnp.expand_dims(sds.astype(noise.dtype), 0) @ rotation.T.astype(noise.dtype)

    def squared_principal_coordinates(x: Float[Array, " dim"]) -> Float[Array, " dim"]:
        return (x @ rotation.astype(x.dtype)) ** 2

    exact = np.zeros(dim)
    return Target(
        name=name,
        version=1,
        density=Density(dim=dim, log_prob=log_prob, base=gaussian_base(np.zeros(dim), np.ones(dim))),
        about=_about(dim),
        log_z=Truth(
            float(0.5 * dim * np.log(2 * np.pi) + np.sum(np.log(sds))),
            0.0,
            "d log(2 pi) / 2 + sum_i log sd_i",
        ),
        sample=sample,
        statistics=(
            Statistic("x", identity, np.zeros(dim), np.sqrt(variances), exact),
            Statistic("x2", jnp.square, variances, np.sqrt(2) * variances, exact),
            Statistic("principal2", squared_principal_coordinates, sds**2, np.sqrt(2) * sds**2, exact),
        ),
    )


def _about(dim: int) -> About:
    return About(
        source="bridgemark; of the kind of inference_gym's IllConditionedGaussian",
        definition="-|D^(-1/2) Q' x|^2 / 2, no normaliser; D_i = 1000^(-i/(d - 1)), i = 0, ..., d - 1, "
        f"the variances; Q orthonormalises the columns of data/rotation_{dim}.csv; base N(0, I). "
        "Statistic principal2 is (Q'x)^2, where a wrong scale in a narrow direction shows",
        aliases=(
            Alias("ill_conditioned_gaussian", "inference_gym: random eigenvalues, another rotation", False),
        ),
    )


TARGETS = {"ill-gaussian-100": partial(ill_gaussian, "ill-gaussian-100", 100)}
