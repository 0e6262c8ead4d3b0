"""What a target is: a density, and what is known of it; and a joint, whose posteriors are many targets.

Conventions for every file of this floor: one point in, one number out; nothing is drawn when a target is
built; constants are NumPy float64 arrays, converted where they are used, `constant.astype(x.dtype)`: left
to itself JAX (0.10) keeps such an array in the precision of its first compiled use, for good.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

LogProb: TypeAlias = Callable[[Float[Array, " dim"]], Float[Array, ""]]
Sample: TypeAlias = Callable[[PRNGKeyArray, int], Float[Array, "n dim"]]
Simulate: TypeAlias = Callable[[PRNGKeyArray, Float[Array, " dim"]], Float[Array, " dim_y"]]
LogLikelihood: TypeAlias = Callable[[Float[Array, " dim"], Float[Array, " dim_y"]], Float[Array, ""]]


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
class Density:
    """All that a sampler is given: a density known up to a constant, and a normalised law to start from.

    `log_prob` maps one point of R^dim to a scalar. `log_likelihood` is known where the base is the prior: then
    log_prob = base.log_prob + log_likelihood. A posterior that comes from a simulator has its `joint` and
    the observation `y` (dim_y,). Unknown is None. A density has no name and holds no truth.
    """

    dim: int
    log_prob: LogProb
    base: Base
    log_likelihood: LogProb | None = None
    joint: "Joint | None" = None
    y: np.ndarray | None = None


@dataclass(frozen=True)
class Target:
    """A density with a name, and what is known of it. Unknown truths are None.

    The name is the identity: another density is another name. `version` moves only when the density is
    multiplied by a constant. `sample` draws exactly.
    """

    name: str
    version: int
    density: Density
    about: About
    log_z: Truth | None = None
    sample: Sample | None = None
    statistics: tuple[Statistic, ...] = field(default=())
    modes: Modes | None = None


@dataclass(frozen=True)
class Joint:
    """p(x) p(y | x), which makes a posterior of every y. Both densities are normalised, so Z = p(y).

    `simulate` draws y (dim_y,) of one x (dim,); `log_likelihood` maps x and y to log p(y | x).
    """

    dim: int
    dim_y: int
    prior: Base
    simulate: Simulate
    log_likelihood: LogLikelihood

    def log_prob(self, x: Float[Array, " dim"], y: Float[Array, " dim_y"]) -> Float[Array, ""]:
        """log p(x) + log p(y | x): the posterior's `log_prob` where y, too, is traced."""
        return self.prior.log_prob(x) + self.log_likelihood(x, y)


@dataclass(frozen=True)
class PosteriorTruths:
    """What is known of the posterior of one y: fields of its `Target`."""

    log_z: Truth | None = None
    sample: Sample | None = None
    statistics: tuple[Statistic, ...] = ()
    modes: Modes | None = None


@dataclass(frozen=True)
class PosteriorFamily:
    """A joint with a name, and what is known of its posteriors.

    `truths` maps a posterior's name and its y to what is known of it; `observations` are the y of the registered
    posteriors, by the suffix of their names.
    """

    name: str
    joint: Joint
    truths: Callable[[str, np.ndarray], PosteriorTruths]
    observations: Mapping[str, np.ndarray]
    about: About

    def condition(self, y: np.ndarray) -> Target:
        """The posterior of one y (dim_y,), with all that is known of it.

        Its truths are numbers, so y is one too: in a traced function take `Joint.log_prob`. Raises
        ValueError for a y of another shape, or not finite.
        """
        y = np.array(y, dtype=np.float64)
        joint = self.joint
        if y.shape != (joint.dim_y,) or not np.all(np.isfinite(y)):
            raise ValueError(f"y of {self.name} is {joint.dim_y} finite numbers, not {y} of shape {y.shape}")
        name = f"{self.name}-{self._suffix(y)}"
        density = Density(
            dim=joint.dim,
            log_prob=lambda x: joint.log_prob(x, jnp.asarray(y.astype(x.dtype))),
            base=joint.prior,
            log_likelihood=lambda x: joint.log_likelihood(x, jnp.asarray(y.astype(x.dtype))),
            joint=joint,
            y=y,
        )
        known = self.truths(name, y)
        return Target(name=name, version=1, density=density, about=self.about, **vars(known))

    def targets(self) -> dict[str, Callable[[], Target]]:
        """Builders of the registered posteriors, by name."""
        return {f"{self.name}-{key}": partial(self.condition, y) for key, y in self.observations.items()}

    def _suffix(self, y: np.ndarray) -> str:
        """The letter of a registered y; for any other a digest."""
        letters = (letter for letter, known in self.observations.items() if np.array_equal(known, y))
        return next(letters, hashlib.sha256(y.tobytes()).hexdigest()[:8])


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


def rejection(propose: Callable[[PRNGKeyArray], tuple[Array, Array]], dim: int) -> Sample:
    """Exact draws: the first n accepted of proposals, each a point (dim,) and whether it is accepted."""

    def sample(key: PRNGKeyArray, n: int) -> Float[Array, "n dim"]:
        def propose_more(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            key, x, found = state
            key, used = jax.random.split(key)
            proposed, accepted = jax.vmap(propose)(jax.random.split(used, n))
            place = jnp.where(accepted, found + jnp.cumsum(accepted) - 1, n)
            return key, x.at[place].set(proposed, mode="drop"), found + jnp.sum(accepted)

        start = (key, jnp.zeros((n, dim)), jnp.zeros((), int))
        return jax.lax.while_loop(lambda state: state[2] < n, propose_more, start)[1]

    return sample
