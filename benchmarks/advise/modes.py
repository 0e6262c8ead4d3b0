"""The modes of a density that optimisers have found, and how many draws lie next to each."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

MAX_DECREMENT = 0.1  # of Newton's method, twice the log density still to gain: a mode has been reached
SMALLEST_MASS = 0.01  # a mode of a smaller share, by the Laplace approximation, may be missed
SMALLEST_SHARE = 1e-3  # of a mode that is a basin, by the Laplace approximation
LOG_TWO_PI = float(np.log(2 * np.pi))


class Mode(NamedTuple):
    """A local maximum of a log density.

    Attributes:
        x: where it is.
        log_prob: the log density there.
        precision: minus the Hessian there, which is positive definite.
    """

    x: Float[np.ndarray, " dim"]
    log_prob: float
    precision: Float[np.ndarray, "dim dim"]

    def distance2(self, x: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, " n"]:
        """Squared distances of points from the mode, in its own standard deviations."""
        centred = x - self.x
        return np.sum(centred @ self.precision * centred, axis=1)

    def contains(self, x: Float[np.ndarray, " dim"]) -> bool:
        """Whether a point is where draws of the Laplace approximation would be."""
        dim = len(self.x)
        return bool(self.distance2(x[None])[0] <= dim + 4 * np.sqrt(2 * dim))

    def log_mass(self) -> float:
        """The log of the integral of the Laplace approximation."""
        half_log_det = np.sum(np.log(np.diag(np.linalg.cholesky(self.precision))))
        return self.log_prob + 0.5 * len(self.x) * LOG_TWO_PI - float(half_log_det)


def mode_at(
    x: Float[np.ndarray, " dim"],
    log_prob: float,
    gradient: Float[np.ndarray, " dim"],
    hessian: Float[np.ndarray, "dim dim"],
) -> Mode | None:
    """The mode at a point where an optimiser has ended; None where it is no isolated maximum."""
    precision = -0.5 * (hessian + hessian.T)
    if not (np.isfinite(precision).all() and np.isfinite(gradient).all()):
        return None
    try:
        half = np.linalg.solve(np.linalg.cholesky(precision), gradient)
    except np.linalg.LinAlgError:
        return None
    return Mode(x, log_prob, precision) if half @ half <= MAX_DECREMENT else None


def shares(modes: list[Mode]) -> Float[np.ndarray, " modes"]:
    """The share of each mode by the Laplace approximations."""
    log_masses = np.array([mode.log_mass() for mode in modes])
    masses = np.exp(log_masses - np.max(log_masses))
    return masses / np.sum(masses)


def basins(modes: list[Mode]) -> list[Mode]:
    """The modes that have some mass."""
    if not modes:
        return []
    return [mode for mode, share in zip(modes, shares(modes), strict=True) if share >= SMALLEST_SHARE]


def nearest(modes: list[Mode], x: Float[np.ndarray, "n dim"]) -> Int[np.ndarray, " n"]:
    """The number of the mode whose Laplace approximation has the largest density at each point."""
    heights = [mode.log_prob - 0.5 * mode.distance2(x) for mode in modes]
    return np.argmax(heights, axis=0)


def modes_without_draws(
    modes: list[Mode], x: Float[np.ndarray, "n dim"], weights: Float[np.ndarray, " n"]
) -> list[int]:
    """The numbers of the modes of some mass that have a tenth of their share of the draws, or less."""
    drawn = np.bincount(nearest(modes, x), weights=weights, minlength=len(modes))
    expected = shares(modes)
    return [
        number
        for number in range(len(modes))
        if expected[number] >= SMALLEST_MASS and drawn[number] <= expected[number] / 10
    ]
