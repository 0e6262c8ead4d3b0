"""Normals whose covariance is a quasi-Newton estimate of an inverse Hessian, and mixtures of them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from blackjax.optimizers.lbfgs import lbfgs_inverse_hessian_factors, lbfgs_recover_alpha
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float, Int

from bridgemark.samplers.common.gaussian import log_standard_normal


class LowRankNormal(NamedTuple):
    """N(mean, R (I + Q (L L' - I) Q') R) with R = diag(root), Q = basis, L = factor.

    Q has orthonormal columns and L is lower triangular.
    """

    mean: Float[Array, " dim"]
    root: Float[Array, " dim"]
    basis: Float[Array, "dim rank"]
    factor: Float[Array, "rank rank"]

    def transform(self, noise: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """Map standard normal noise to a draw."""
        inner = self.basis.T @ noise
        return self.mean + self.root * (noise + self.basis @ (self.factor @ inner - inner))

    def log_prob(self, z: Float[Array, " dim"]) -> Float[Array, ""]:
        """The log density at one point."""
        noise = (z - self.mean) / self.root
        inner = self.basis.T @ noise
        noise += self.basis @ (solve_triangular(self.factor, inner, lower=True) - inner)
        log_det = jnp.sum(jnp.log(self.root)) + jnp.sum(jnp.log(jnp.diag(self.factor)))
        return log_standard_normal(noise) - log_det


class NormalMixture(NamedTuple):
    """A mixture of normals: `components` is one `LowRankNormal` whose arrays are stacked over the paths."""

    components: LowRankNormal
    log_weights: Float[Array, " paths"]

    def log_prob(self, z: Float[Array, " dim"]) -> Float[Array, ""]:
        """The log density at one point."""
        return logsumexp(self.log_weights + jax.vmap(lambda normal: normal.log_prob(z))(self.components))

    def draw(self, component: Int[Array, ""], noise: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """Map standard normal noise to a draw of one component."""
        return jax.tree.map(lambda leaf: leaf[component], self.components).transform(noise)


class InverseHessian(NamedTuple):
    """L-BFGS's estimate of the inverse Hessian of -log gamma.

    It is made of the diagonal `alpha` and of the latest steps of the path, with the change of the gradient in
    each (oldest first, zero where there is none).
    """

    alpha: Float[Array, " dim"]
    steps: Float[Array, "dim history"]
    gradient_changes: Float[Array, "dim history"]

    def update(self, step: Float[Array, " dim"], gradient_change: Float[Array, " dim"]) -> "InverseHessian":
        """Append a step; it is recorded as zero where -log gamma does not curve upwards along it."""
        alpha, curves_upwards = lbfgs_recover_alpha(self.alpha, step, gradient_change)

        def append(history: Float[Array, "dim history"], column: Float[Array, " dim"]) -> Array:
            return jnp.roll(history, -1, axis=1).at[:, -1].set(jnp.where(curves_upwards, column, 0.0))

        return InverseHessian(alpha, append(self.steps, step), append(self.gradient_changes, gradient_change))


def normal_at(
    z: Float[Array, " dim"], gradient: Float[Array, " dim"], inverse_hessian: InverseHessian
) -> LowRankNormal:
    """The normal whose covariance is the inverse Hessian H, and whose mean is a Newton step from z.

    `gradient` is that of -log gamma at z, so the mean is z - H gradient. The factors of H are BlackJAX's. Its
    function `approximate` (version 1.7) is not used: it steps in the opposite direction and does not report
    its evaluations.
    """
    alpha, steps, gradient_changes = inverse_hessian
    beta, gamma = lbfgs_inverse_hessian_factors(steps, gradient_changes, alpha)
    root = jnp.sqrt(alpha)
    basis, upper = jnp.linalg.qr(beta / root[:, None])
    factor = jnp.linalg.cholesky(jnp.eye(len(upper)) + upper @ gamma @ upper.T)
    mean = z - alpha * gradient - beta @ (gamma @ (beta.T @ gradient))
    return LowRankNormal(mean, root, basis, factor)
