"""What a target is: a record of a density and of what is known about it.

Conventions for every file of this floor: one point in, one number out; nothing is drawn when a target is
built; constants are NumPy float64 arrays, converted where they are used, `constant.astype(x.dtype)`: left
to itself JAX (0.10) keeps such an array in the precision of its first compiled use, for good.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

LogProb: TypeAlias = Callable[[Float[Array, " dim"]], Float[Array, ""]]
Sample: TypeAlias = Callable[[PRNGKeyArray, int], Float[Array, "n dim"]]


@dataclass(frozen=True)
class Truth:
    """A number that is known, how well, and how to make it again.

    `standard_error` is 0.0 only for a closed form; `recipe` is a formula or a command.
    """

    value: float
    standard_error: float
    recipe: str


@dataclass(frozen=True)
class Statistic:
    """An expectation under the target: `fn` maps a point (dim,) to (k,); the arrays have shape (k,).

    `mean` and `sd` are the moments of `fn(x)` under the target, `standard_error` is that of `mean`.
    """

    name: str
    fn: Callable[[Float[Array, " dim"]], Float[Array, " k"]]
    mean: np.ndarray
    sd: np.ndarray
    standard_error: np.ndarray


@dataclass(frozen=True)
class Modes:
    """Mixture components: `responsibilities` maps (dim,) to (k,) and averages to `masses` exactly.

    Soft assignment, because E[responsibility of k] is the weight of k with no error even where
    components overlap; the mass of a hard cell has no closed form there.
    """

    responsibilities: Callable[[Float[Array, " dim"]], Float[Array, " k"]]
    masses: np.ndarray


@dataclass(frozen=True)
class Base:
    """A normalised law on the same space: where chains, particles and paths start.

    `loc` (dim,) and `scale`, a vector (dim,) or a lower Cholesky factor (dim, dim), when it is Gaussian.
    """

    log_prob: LogProb
    sample: Sample
    loc: np.ndarray | None = None
    scale: np.ndarray | None = None


@dataclass(frozen=True)
class Alias:
    """A name for this or a neighbouring density in the literature, and who uses it so."""

    name: str
    used_by: str
    same_density: bool


@dataclass(frozen=True)
class About:
    """Where a target comes from. `finite_moment` is the order up to which E|x|^p is finite."""

    source: str
    definition: str
    aliases: tuple[Alias, ...] = ()
    finite_moment: float = np.inf


@dataclass(frozen=True)
class Target:
    """A density known up to a constant. The name is the identity: another density is another name.

    `version` moves only when the density is multiplied by a constant. `log_prob` maps one point of
    R^dim to a scalar. Unknown truths are None.
    """

    name: str
    version: int
    dim: int
    log_prob: LogProb
    base: Base
    about: About
    log_z: Truth | None = None
    sample: Sample | None = None
    statistics: tuple[Statistic, ...] = field(default=())
    modes: Modes | None = None


def gaussian_base(loc: np.ndarray, scale: np.ndarray) -> Base:
    """The Gaussian N(loc, scale scale'), for `scale` a vector (dim,) or a lower Cholesky (dim, dim)."""
    dim = loc.shape[0]
    if scale.ndim == 1:
        half_log_det = np.sum(np.log(scale))
        whiten = lambda centred: centred / scale.astype(centred.dtype)  # noqa: E731
        colour = lambda noise: noise * scale.astype(noise.dtype)  # noqa: E731
    else:
        half_log_det = np.sum(np.log(np.diag(scale)))
        inverse = np.linalg.inv(scale)
        whiten = lambda centred: inverse.astype(centred.dtype) @ centred  # noqa: E731
        colour = lambda noise: noise @ scale.T.astype(noise.dtype)  # noqa: E731
    constant = -0.5 * dim * np.log(2 * np.pi) - half_log_det

    def log_prob(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return constant - 0.5 * jnp.sum(whiten(x - loc.astype(x.dtype)) ** 2)

    def sample(key: PRNGKeyArray, n: int) -> Float[Array, "n dim"]:
        noise = jax.random.normal(key, (n, dim))
        return loc.astype(noise.dtype) + colour(noise)

    return Base(log_prob=log_prob, sample=sample, loc=loc, scale=scale)
