"""A registered target in disguise: the same density in other coordinates, with another constant."""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from bridgemark.targets.base import Base, Density, Joint, LogProb, Sample, Target

MAX_LOG_CONSTANT = 5.0


@dataclass(frozen=True, eq=False)
class Disguise:
    """x' = signs * x[order] + shift: lengths stay, so that the problem is not harder and not easier.

    `log_constant` is the logarithm of the factor that the density is multiplied by.
    """

    order: np.ndarray
    signs: np.ndarray
    shift: np.ndarray
    log_constant: float

    def forward(self, x: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """Into the coordinates of the disguise."""
        return jnp.asarray(self.signs, x.dtype) * x[self.order] + jnp.asarray(self.shift, x.dtype)

    def inverse(self, x: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """Back into the target's own coordinates."""
        standard = jnp.asarray(self.signs, x.dtype) * (x - jnp.asarray(self.shift, x.dtype))
        return standard[np.argsort(self.order)]


def draw_disguise(noise: np.random.Generator, target: Target) -> Disguise:
    """A random one, which shifts by about a standard deviation of the base."""
    dim = target.density.dim
    spread = np.sqrt(np.mean(base_variances(target.density.base)))
    # A constant factor would not leave the two densities of a joint normalised.
    log_constant = 0.0 if target.density.joint else noise.uniform(-MAX_LOG_CONSTANT, MAX_LOG_CONSTANT)
    return Disguise(
        order=noise.permutation(dim),
        signs=noise.choice([-1.0, 1.0], dim),
        shift=spread * noise.standard_normal(dim),
        log_constant=float(log_constant),
    )


def put_on(disguise: Disguise, target: Target) -> Target:
    """The target in disguise. It keeps what a sampler may be given, and loses the truths."""
    density, exact = target.density, target.sample
    log_prob = _pull_back(disguise, density.log_prob)
    disguised = Density(
        dim=density.dim,
        log_prob=lambda x: log_prob(x) + disguise.log_constant,
        base=_disguise_base(disguise, density.base),
        log_likelihood=density.log_likelihood and _disguise_likelihood(disguise, density.log_likelihood),
        joint=density.joint and _disguise_joint(disguise, density.joint),
        y=density.y,
    )
    sample = exact and _disguise_sample(disguise, exact)
    return replace(target, density=disguised, sample=sample, log_z=None, statistics=(), modes=None)


def base_variances(base: Base) -> Float[np.ndarray, " dim"]:
    """Variances of a Gaussian base; raises AssertionError for any other."""
    assert base.scale is not None
    return base.scale**2 if base.scale.ndim == 1 else np.sum(base.scale**2, axis=1)


def _pull_back(disguise: Disguise, function: LogProb) -> LogProb:
    return lambda x: function(disguise.inverse(x))


def _disguise_likelihood(disguise: Disguise, log_likelihood: LogProb) -> LogProb:
    return lambda x: log_likelihood(disguise.inverse(x)) + disguise.log_constant


def _disguise_sample(disguise: Disguise, sample: Sample) -> Sample:
    return lambda key, n: jax.vmap(disguise.forward)(sample(key, n))


def _disguise_base(disguise: Disguise, base: Base) -> Base:
    assert base.loc is not None
    assert base.scale is not None
    loc = disguise.signs * base.loc[disguise.order] + disguise.shift
    scale = base.scale[disguise.order]
    if scale.ndim == 2:
        rows = disguise.signs[:, None] * scale
        scale = np.linalg.cholesky(rows @ rows.T)
    return Base(
        log_prob=_pull_back(disguise, base.log_prob),
        sample=_disguise_sample(disguise, base.sample),
        loc=loc,
        scale=scale,
    )


def _disguise_joint(disguise: Disguise, joint: Joint) -> Joint:
    def simulate(key: PRNGKeyArray, x: Float[Array, " dim"]) -> Float[Array, " dim_y"]:
        return joint.simulate(key, disguise.inverse(x))

    def log_likelihood(x: Float[Array, " dim"], y: Float[Array, " dim_y"]) -> Float[Array, ""]:
        return joint.log_likelihood(disguise.inverse(x), y)

    prior = _disguise_base(disguise, joint.prior)
    return replace(joint, prior=prior, simulate=simulate, log_likelihood=log_likelihood)
