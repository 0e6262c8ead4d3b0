"""What a target is: a probability density, and what is known of it.

Conventions for every file of this folder:

- A log density maps one point of R^dim to one number; batches are made by `jax.vmap`. - Nothing is drawn at
random when a target is built. - Constants are NumPy arrays of float64, converted where they are used by
`constant.astype(x.dtype)`. Otherwise
  JAX (0.10) would keep such an array for good in the precision of its first compiled use.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

LogProb: TypeAlias = Callable[[Float[Array, " dim"]], Float[Array, ""]]
Sample: TypeAlias = Callable[[PRNGKeyArray, int], Float[Array, "n dim"]]
PointFunction: TypeAlias = Callable[[Float[Array, " dim"]], Float[Array, " k"]]
Simulate: TypeAlias = Callable[[PRNGKeyArray, Float[Array, " dim"]], Float[Array, " dim_y"]]
LogLikelihood: TypeAlias = Callable[[Float[Array, " dim"], Float[Array, " dim_y"]], Float[Array, ""]]
Proposal: TypeAlias = Callable[[PRNGKeyArray], tuple[Float[Array, " dim"], Bool[Array, ""]]]


@dataclass(frozen=True)
class Truth:
    """A known number, its accuracy, and how to compute it again.

    `standard_error` is 0.0 for a closed form only; `recipe` is a formula or a command.
    """

    value: float
    standard_error: float
    recipe: str


@dataclass(frozen=True)
class Statistic:
    """A known expectation under the target.

    Attributes:
        name: how the statistic is called in tables, for example "x2".
        fn: maps a point (dim,) to k values.
        mean: E[fn(x)] under the target, of shape (k,).
        sd: standard deviation of fn(x) under the target, of shape (k,).
        standard_error: standard error of `mean`, of shape (k,); zero where it is known exactly.
    """

    name: str
    fn: PointFunction
    mean: np.ndarray
    sd: np.ndarray
    standard_error: np.ndarray


@dataclass(frozen=True)
class Modes:
    """The mixture components of a target, and the mass of each.

    `responsibilities` maps a point (dim,) to the probabilities (k,) that it belongs to each component. Their
    expectation under the target is exactly `masses` (k,), even where components overlap. The masses of hard
    cells would have no closed form there.
    """

    responsibilities: PointFunction
    masses: np.ndarray


@dataclass(frozen=True)
class Base:
    """A normalised density on the same space, at whose draws chains, particles and paths start.

    Where it is Gaussian, `loc` has shape (dim,), and `scale` is a vector (dim,) of standard deviations or a
    lower Cholesky factor (dim, dim) of the covariance. Otherwise both are None.
    """

    log_prob: LogProb
    sample: Sample
    loc: np.ndarray | None = None
    scale: np.ndarray | None = None


@dataclass(frozen=True)
class Alias:
    """A name in the literature for this density, or for one that is easily mistaken for it.

    `used_by` says which papers or libraries use the name; `same_density` is true only for exactly the same
    density.
    """

    name: str
    used_by: str
    same_density: bool


@dataclass(frozen=True)
class About:
    """Where a target comes from, and its definition in words.

    `finite_moment` is the order up to which moments E|x|^p are finite.
    """

    source: str
    definition: str
    aliases: tuple[Alias, ...] = ()
    finite_moment: float = np.inf


@dataclass(frozen=True)
class Density:
    """Everything that a sampler is given. It has no name and holds no truth; unknown parts are None.

    Attributes:
        dim: dimension of the space.
        log_prob: log of the density, known up to an additive constant.
        base: where chains, particles and paths start.
        log_likelihood: given where the base is the prior, so that log_prob = base.log_prob + log_likelihood.
        joint: the joint density whose posterior this is.
        y: the observation (dim_y,) that makes the posterior of the joint.
    """

    dim: int
    log_prob: LogProb
    base: Base
    log_likelihood: LogProb | None = None
    joint: "Joint | None" = None
    y: np.ndarray | None = None


@dataclass(frozen=True)
class Target:
    """A density with a name, and what the suite knows of it; unknown truths are None.

    Attributes:
        name: the identity of the density: another density gets another name.
        version: increased only when the density is multiplied by a constant.
        density: the part that a sampler sees.
        about: source and definition.
        log_z: the log normalising constant of `density.log_prob`.
        sample: exact draws.
        statistics: known expectations.
        modes: known mixture components.
    """

    name: str
    version: int
    density: Density
    about: About
    log_z: Truth | None = None
    sample: Sample | None = None
    statistics: tuple[Statistic, ...] = ()
    modes: Modes | None = None


@dataclass(frozen=True)
class Joint:
    """A joint density p(x) p(y | x), which makes a posterior of every y.

    Both factors are normalised, so that the normalising constant of a posterior is p(y).

    Attributes:
        dim: dimension of x.
        dim_y: dimension of y.
        prior: p(x).
        simulate: draws y (dim_y,), given a key and x (dim,).
        log_likelihood: maps x and y to log p(y | x).
    """

    dim: int
    dim_y: int
    prior: Base
    simulate: Simulate
    log_likelihood: LogLikelihood

    def log_prob(self, x: Float[Array, " dim"], y: Float[Array, " dim_y"]) -> Float[Array, ""]:
        """Return log p(x) + log p(y | x). Both x and y may be traced by JAX."""
        return self.prior.log_prob(x) + self.log_likelihood(x, y)


def gaussian_base(loc: np.ndarray, scale: np.ndarray) -> Base:
    """Return the Gaussian N(loc, S S').

    `scale` is the diagonal (dim,) of a diagonal S, or a lower triangular S (dim, dim).
    """
    dim = loc.shape[0]
    if scale.ndim == 1:
        half_log_det = np.sum(np.log(scale))

        def whiten(centred: Float[Array, " dim"]) -> Float[Array, " dim"]:
            return centred / scale.astype(centred.dtype)

        def colour(noise: Float[Array, "n dim"]) -> Float[Array, "n dim"]:
            return noise * jnp.expand_dims(scale.astype(noise.dtype), 0)
    else:
        half_log_det = np.sum(np.log(np.diag(scale)))
        inverse = np.linalg.inv(scale)

        def whiten(centred: Float[Array, " dim"]) -> Float[Array, " dim"]:
            whitened: Any = inverse.astype(centred.dtype) @ centred  # NumPy's type, but JAX's array
            return whitened

        def colour(noise: Float[Array, "n dim"]) -> Float[Array, "n dim"]:
            return noise @ scale.T.astype(noise.dtype)

    constant = -0.5 * dim * np.log(2 * np.pi) - half_log_det

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return constant - 0.5 * jnp.sum(whiten(x - loc.astype(x.dtype)) ** 2)

    def sample(key: PRNGKeyArray, n: int) -> Float[Array, "n dim"]:
        noise = jax.random.normal(key, (n, dim))
        coloured = colour(noise)
        return jnp.expand_dims(loc.astype(noise.dtype), 0) + coloured

    return Base(log_prob=log_prob, sample=sample, loc=loc, scale=scale)


def rejection_sampler(propose: Proposal, dim: int) -> Sample:
    """Return exact draws by rejection: the first n accepted proposals.

    `propose` maps a key to a point (dim,) and whether it is accepted.
    """

    def sample(key: PRNGKeyArray, n: int) -> Float[Array, "n dim"]:
        def propose_more(state: tuple) -> tuple:
            key, x, count = state
            key, key_propose = jax.random.split(key)
            proposed, accepted = jax.vmap(propose)(jax.random.split(key_propose, n))
            # The next free rows take the accepted points; a row n, out of range, drops a point.
            row: Int[Array, " n"] = jnp.where(accepted, count + jnp.cumsum(accepted) - 1, n)
            return key, x.at[row].set(proposed, mode="drop"), count + jnp.sum(accepted)

        start = (key, jnp.zeros((n, dim)), jnp.zeros((), int))
        return jax.lax.while_loop(lambda state: state[2] < n, propose_more, start)[1]

    return sample
