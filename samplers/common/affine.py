"""Affine coordinates x = loc + scale z, and a target seen through them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from bridgemark.samplers.base import Unsupported
from bridgemark.targets.base import Density, LogProb


class Affine(NamedTuple):
    """x = loc + scale z; `scale` is a vector (dim,) or a lower triangular matrix (dim, dim)."""

    loc: Float[Array, " dim"]
    scale: Float[Array, "..."]

    def forward(self, z: Float[Array, "*batch dim"]) -> Float[Array, "*batch dim"]:
        """From the working coordinates to the target's own."""
        return self.loc + (z * self.scale if self.scale.ndim == 1 else z @ self.scale.T)

    def inverse(self, x: Float[Array, "n dim"]) -> Float[Array, "n dim"]:
        """From the target's own coordinates to the working ones."""
        if self.scale.ndim == 1:
            return (x - self.loc) / self.scale
        return jax.scipy.linalg.solve_triangular(self.scale, (x - self.loc).T, lower=True).T

    def log_det(self) -> Float[Array, ""]:
        """log |dx/dz|, so that the log-density of z is log_prob(x) + log_det."""
        diagonal = self.scale if self.scale.ndim == 1 else jnp.diag(self.scale)
        return jnp.sum(jnp.log(jnp.abs(diagonal)))

    def pull_back(self, log_prob: LogProb) -> LogProb:
        """The same unnormalised density in the coordinates z: its normalising constant is unchanged."""
        log_det = self.log_det()
        return lambda z: log_prob(self.forward(z)) + log_det


def base_coordinates(density: Density) -> Affine:
    """The coordinates in which the target's Gaussian base is N(0, I). Raises Unsupported without one."""
    if density.base.loc is None or density.base.scale is None:
        raise Unsupported("the base is not Gaussian")
    return Affine(jnp.asarray(density.base.loc, float), jnp.asarray(density.base.scale, float))
