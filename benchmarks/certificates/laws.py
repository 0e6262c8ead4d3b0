"""Laws of independent coordinates of which everything that an exam asks is known in closed form.

A law here stands for several coordinates of one kind, each with its own parameters. All are scaled and
shifted to mean zero and variance one.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy import optimize, special, stats


@dataclass(frozen=True, eq=False)
class Law(ABC):
    """Independent coordinates of one kind before they are standardised: (v - mean) / sd.

    Attributes:
        mean, sd: of every coordinate, of shape (k,).
        kurtosis: fourth standardised moment of every coordinate, 3 for a Gaussian.
    """

    mean: Float[np.ndarray, " k"]
    sd: Float[np.ndarray, " k"]
    kurtosis: Float[np.ndarray, " k"]

    @abstractmethod
    def log_density(self, v: Float[Array, " k"]) -> Float[Array, ""]:
        """The sum of the normalised log densities of all coordinates at `v`."""

    @abstractmethod
    def draw(self, key: PRNGKeyArray, n: int) -> Float[Array, "n k"]:
        """Exact draws."""

    @abstractmethod
    def quantile(self, p: float) -> Float[np.ndarray, " k"]:
        """The value below which a coordinate is with probability `p`."""

    @property
    def size(self) -> int:
        """The number of coordinates."""
        return len(self.mean)

    def log_density_standardised(self, z: Float[Array, " k"]) -> Float[Array, ""]:
        """The log density of z = (v - mean) / sd."""
        v = jnp.asarray(self.mean, z.dtype) + jnp.asarray(self.sd, z.dtype) * z
        return self.log_density(v) + float(np.sum(np.log(self.sd)))

    def draw_standardised(self, key: PRNGKeyArray, n: int) -> Float[Array, "n k"]:
        """Exact draws of z = (v - mean) / sd."""
        v = self.draw(key, n)
        return (v - self.mean.astype(v.dtype)[None]) / self.sd.astype(v.dtype)[None]

    def quantile_standardised(self, p: float) -> Float[np.ndarray, " k"]:
        """The value below which z is with probability `p`."""
        return (self.quantile(p) - self.mean) / self.sd


@dataclass(frozen=True, eq=False)
class Normal(Law):
    """Standard normal coordinates."""

    def log_density(self, v: Float[Array, " k"]) -> Float[Array, ""]:
        return -0.5 * jnp.sum(v**2) - 0.5 * self.size * np.log(2 * np.pi)

    def draw(self, key: PRNGKeyArray, n: int) -> Float[Array, "n k"]:
        return jax.random.normal(key, (n, self.size))

    def quantile(self, p: float) -> Float[np.ndarray, " k"]:
        return np.full(self.size, special.ndtri(p))


@dataclass(frozen=True, eq=False)
class LogGamma(Law):
    """Logarithms of gamma variables: skewed, with one tail like exp(shape v) and one far lighter."""

    shape: Float[np.ndarray, " k"]

    def log_density(self, v: Float[Array, " k"]) -> Float[Array, ""]:
        log_normaliser = float(np.sum(special.gammaln(self.shape)))
        return jnp.sum(self.shape.astype(v.dtype) * v - jnp.exp(v)) - log_normaliser

    def draw(self, key: PRNGKeyArray, n: int) -> Float[Array, "n k"]:
        return jax.random.loggamma(key, jnp.asarray(self.shape, float), (n, self.size))

    def quantile(self, p: float) -> Float[np.ndarray, " k"]:
        return np.log(special.gammaincinv(self.shape, p))


@dataclass(frozen=True, eq=False)
class StudentT(Law):
    """Student's t: heavy tails, with as many finite moments as there are degrees of freedom."""

    degrees: Float[np.ndarray, " k"]

    def log_density(self, v: Float[Array, " k"]) -> Float[Array, ""]:
        degrees = self.degrees.astype(v.dtype)
        normalisers = stats.t.logpdf(0, self.degrees)
        return jnp.sum(-(degrees + 1) / 2 * jnp.log1p(v**2 / degrees)) + float(np.sum(normalisers))

    def draw(self, key: PRNGKeyArray, n: int) -> Float[Array, "n k"]:
        degrees = jnp.broadcast_to(jnp.asarray(self.degrees, float), (n, self.size))
        return jax.random.t(key, degrees)

    def quantile(self, p: float) -> Float[np.ndarray, " k"]:
        return stats.t.ppf(p, self.degrees)


@dataclass(frozen=True, eq=False)
class TwoNormals(Law):
    """Two modes, N(-gap, 1) and N(gap, 1), the upper one with mass `upper`."""

    gap: Float[np.ndarray, " k"]
    upper: Float[np.ndarray, " k"]

    def log_density(self, v: Float[Array, " k"]) -> Float[Array, ""]:
        gap = self.gap.astype(v.dtype)
        low = -0.5 * (v + gap) ** 2 + np.log1p(-self.upper).astype(v.dtype)
        high = -0.5 * (v - gap) ** 2 + np.log(self.upper).astype(v.dtype)
        return jnp.sum(jnp.logaddexp(low, high)) - 0.5 * self.size * np.log(2 * np.pi)

    def draw(self, key: PRNGKeyArray, n: int) -> Float[Array, "n k"]:
        key_mode, key_noise = jax.random.split(key)
        is_upper = jax.random.uniform(key_mode, (n, self.size)) < jnp.asarray(self.upper, float)[None]
        gap = jnp.asarray(self.gap, float)[None]
        return jnp.where(is_upper, gap, -gap) + jax.random.normal(key_noise, (n, self.size))

    def quantile(self, p: float) -> Float[np.ndarray, " k"]:
        def excess(v: float, gap: float, upper: float) -> float:
            return (1 - upper) * special.ndtr(v + gap) + upper * special.ndtr(v - gap) - p

        pairs = zip(self.gap, self.upper, strict=True)
        return np.array([optimize.brentq(excess, -20, 20, args=pair) for pair in pairs])


def normal(size: int) -> Normal:
    """`size` standard normal coordinates."""
    return Normal(np.zeros(size), np.ones(size), np.full(size, 3.0))


def log_gamma(shape: Float[np.ndarray, " k"]) -> LogGamma:
    """Logarithms of gamma variables of these shapes; their cumulants are polygamma functions."""
    variance = special.polygamma(1, shape)
    kurtosis = 3 + special.polygamma(3, shape) / variance**2
    return LogGamma(special.digamma(shape), np.sqrt(variance), kurtosis, shape)


def student_t(degrees: Float[np.ndarray, " k"]) -> StudentT:
    """Student's t with these degrees of freedom, more than four."""
    kurtosis = 3 + 6 / (degrees - 4)
    return StudentT(np.zeros(len(degrees)), np.sqrt(degrees / (degrees - 2)), kurtosis, degrees)


def two_normals(gap: Float[np.ndarray, " k"], upper: Float[np.ndarray, " k"]) -> TwoNormals:
    """N(-gap, 1) and N(gap, 1), where the upper one has mass `upper`.

    v is s gap plus a standard normal, for a sign s of mean m = 2 upper - 1. The fourth central moment of a
    sum of independent variables adds up the fourth cumulants: that of s is (1 - m^2)(2 (3 m^2 - 1)), and the
    normal one's is zero.
    """
    mean_sign = 2 * upper - 1
    variance_sign = 1 - mean_sign**2
    variance = 1 + gap**2 * variance_sign
    fourth_cumulant = gap**4 * variance_sign * (6 * mean_sign**2 - 2)
    return TwoNormals(gap * mean_sign, np.sqrt(variance), 3 + fourth_cumulant / variance**2, gap, upper)
