"""Affine coordinates x = loc + scale z, and densities expressed in them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from bridgemark.samplers.base import Unsupported
from bridgemark.targets.base import Base, LogProb


class Affine(NamedTuple):
    """The change of coordinates x = loc + scale z.

    `loc` has shape (dim,); `scale` is a vector (dim,) or a lower triangular matrix (dim, dim). A sampler
    works in z and returns its draws in x, the target's own coordinates.
    """

    loc: Float[Array, " dim"]
    scale: Float[Array, "..."]

    def forward(self, z: Float[Array, "*batch dim"]) -> Float[Array, "*batch dim"]:
        """Map points from the working coordinates z to the target's own coordinates x."""
        batch_axes = tuple(range(z.ndim - 1))
        scale = self.scale.astype(z.dtype)
        scaled = z * jnp.expand_dims(scale, batch_axes) if scale.ndim == 1 else z @ scale.T
        return jnp.expand_dims(self.loc, batch_axes) + scaled

    def inverse(self, x: Float[Array, "n dim"]) -> Float[Array, "n dim"]:
        """Map points from the target's own coordinates x to the working coordinates z."""
        centred = x - self.loc[None]
        if self.scale.ndim == 1:
            return centred / self.scale.astype(x.dtype)[None]
        return jax.scipy.linalg.solve_triangular(self.scale, centred.T, lower=True).T

    def log_det(self) -> Float[Array, ""]:
        """Return log |dx/dz|: the log density of z is that of x plus this number."""
        diagonal = self.scale if self.scale.ndim == 1 else jnp.diag(self.scale)
        return jnp.sum(jnp.log(jnp.abs(diagonal)))

    def pull_back(self, log_prob: LogProb) -> LogProb:
        """Express an unnormalised log density of x in the coordinates z; its log Z does not change."""
        log_det = self.log_det()

        def log_prob_of_z(z: Float[Array, " dim"]) -> Float[Array, ""]:
            return log_prob(self.forward(z)) + log_det

        return log_prob_of_z


def base_coordinates(base: Base) -> Affine:
    """Coordinates in which a Gaussian base, or the Gaussian prior of a joint, is N(0, I).

    Raises Unsupported where the base is not Gaussian.
    """
    if base.loc is None or base.scale is None:
        raise Unsupported("the base is not Gaussian")
    return Affine(jnp.asarray(base.loc, float), jnp.asarray(base.scale, float))
