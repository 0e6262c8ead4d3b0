"""The supports that named parameters can have, and smooth maps from R^k onto them.

The maps are those of the Stan Reference Manual, chapter "Constraint Transforms".
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class Constrained(NamedTuple):
    """A parameter's value, and the log of the volume by which the map to it stretches space there."""

    value: Float[Array, "..."]
    log_jacobian: Float[Array, ""]


@dataclass(frozen=True)
class Support(ABC):
    """Where the values of one parameter lie, and a smooth one-to-one map from R^size onto it."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """The shape of a value."""

    @property
    def size(self) -> int:
        """The number of unconstrained coordinates of a value."""
        return int(np.prod(self.shape))

    @abstractmethod
    def constrain(self, x: Float[Array, " size"]) -> Constrained:
        """Map a point of R^size to a value (`shape`)."""

    @abstractmethod
    def unconstrain(self, value: Float[Array, "..."]) -> Float[Array, " size"]:
        """Map a value back. The result is not finite where the value lies outside the support."""


@dataclass(frozen=True)
class Real(Support):
    """Real numbers; a single one by default."""

    shape: tuple[int, ...] = ()

    def constrain(self, x: Float[Array, " size"]) -> Constrained:
        """Reshape, and nothing else."""
        return Constrained(x.reshape(self.shape), jnp.zeros((), x.dtype))

    def unconstrain(self, value: Float[Array, "..."]) -> Float[Array, " size"]:
        """Flatten."""
        return jnp.ravel(value)


@dataclass(frozen=True)
class Positive(Support):
    """Positive numbers, by the exponential function."""

    shape: tuple[int, ...] = ()

    def constrain(self, x: Float[Array, " size"]) -> Constrained:
        """Take the exponential."""
        return Constrained(jnp.exp(x).reshape(self.shape), jnp.sum(x))

    def unconstrain(self, value: Float[Array, "..."]) -> Float[Array, " size"]:
        """Take the logarithm."""
        return jnp.log(jnp.ravel(value))


@dataclass(frozen=True)
class Interval(Support):
    """Numbers between `low` and `high`, by the logistic function."""

    low: float
    high: float
    shape: tuple[int, ...] = ()

    def constrain(self, x: Float[Array, " size"]) -> Constrained:
        """Squeeze the real line into the interval."""
        width = self.high - self.low
        value = self.low + width * jax.nn.sigmoid(x)
        slopes = jnp.log(width) + jax.nn.log_sigmoid(x) + jax.nn.log_sigmoid(-x)
        return Constrained(value.reshape(self.shape), jnp.sum(slopes))

    def unconstrain(self, value: Float[Array, "..."]) -> Float[Array, " size"]:
        """Stretch the interval onto the real line."""
        value = jnp.ravel(value)
        return jnp.log(value - self.low) - jnp.log(self.high - value)


@dataclass(frozen=True)
class Simplex(Support):
    """`length` positive numbers with sum one, by breaking a stick.

    A density of them is one of all but the last.
    """

    length: int

    @property
    def shape(self) -> tuple[int, ...]:
        """One vector."""
        return (self.length,)

    @property
    def size(self) -> int:
        """The last number follows from the others."""
        return self.length - 1

    def constrain(self, x: Float[Array, " size"]) -> Constrained:
        """Break off a share of the stick for each coordinate; x = 0 gives equal parts."""
        logits = x - self._logits_of_equal_parts().astype(x.dtype)
        log_share, log_rest = jax.nn.log_sigmoid(logits), jax.nn.log_sigmoid(-logits)
        log_left = jnp.concatenate([jnp.zeros(1, x.dtype), jnp.cumsum(log_rest)])  # before each break
        parts = jnp.concatenate([log_share, jnp.zeros(1, x.dtype)])
        return Constrained(jnp.exp(log_left + parts), jnp.sum(log_left[:-1] + log_share + log_rest))

    def unconstrain(self, value: Float[Array, "..."]) -> Float[Array, " size"]:
        """Compare each part with all that comes after it."""
        after = jnp.flip(jnp.cumsum(jnp.flip(value)))[1:]
        return jnp.log(value[:-1]) - jnp.log(after) + self._logits_of_equal_parts().astype(value.dtype)

    def _logits_of_equal_parts(self) -> np.ndarray:
        """Minus the logit of 1 / (number of parts still to come, with this one)."""
        return np.log(np.arange(self.length - 1, 0, -1.0))


@dataclass(frozen=True)
class Ordered(Support):
    """`length` increasing numbers: the first, and the logarithms of the steps between them."""

    length: int

    @property
    def shape(self) -> tuple[int, ...]:
        """One vector."""
        return (self.length,)

    def constrain(self, x: Float[Array, " size"]) -> Constrained:
        """Add up the steps."""
        return Constrained(jnp.cumsum(jnp.concatenate([x[:1], jnp.exp(x[1:])])), jnp.sum(x[1:]))

    def unconstrain(self, value: Float[Array, "..."]) -> Float[Array, " size"]:
        """Take the logarithms of the steps."""
        return jnp.concatenate([value[:1], jnp.log(jnp.diff(value))])


@dataclass(frozen=True)
class Correlation(Support):
    """A correlation matrix of `length` variables, by partial correlations.

    A density of it is one of the entries below the diagonal.
    Source: Lewandowski, Kurowicka, Joe (2009), Journal of Multivariate Analysis 100.
    """

    length: int

    @property
    def shape(self) -> tuple[int, ...]:
        """One matrix."""
        return (self.length, self.length)

    @property
    def size(self) -> int:
        """A number for each pair of variables."""
        return self.length * (self.length - 1) // 2

    def constrain(self, x: Float[Array, " size"]) -> Constrained:
        """Take partial correlations tanh(x), row by row, and multiply their Cholesky factor out."""
        lower = np.tril_indices(self.length, -1)
        log_unexplained = 2 * np.log(2.0).astype(x.dtype) - 2 * jnp.logaddexp(x, -x)  # log(1 - tanh(x)^2)
        partial = jnp.eye(self.length, dtype=x.dtype).at[lower].set(jnp.tanh(x))
        log_scale = jnp.zeros(self.shape, x.dtype).at[lower].set(log_unexplained / 2)
        factor = partial * jnp.exp(jnp.cumsum(log_scale, axis=1) - log_scale)
        powers = ((self.length - lower[1]) / 2).astype(x.dtype)
        return Constrained(factor @ factor.T, jnp.sum(powers * log_unexplained))

    def unconstrain(self, value: Float[Array, "..."]) -> Float[Array, " size"]:
        """Read the partial correlations off the Cholesky factor."""
        factor = jnp.linalg.cholesky(value)
        squares = factor**2
        unexplained = 1 - (jnp.cumsum(squares, axis=1) - squares)
        return jnp.arctanh((factor / jnp.sqrt(unexplained))[np.tril_indices(self.length, -1)])
