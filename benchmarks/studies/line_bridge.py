"""The Schrödinger bridge between two densities on the line, computed on a grid.

The reference is the stationary Ornstein-Uhlenbeck process dX = -X/2 dt + dW, the source N(0, 1). Iterative
proportional fitting alternates between the two potentials: p_t = phi_t phi-hat_t, where phi_t averages
phi_T over the reference from t on, and phi-hat_t is what becomes of phi-hat_0 until t (Heng, De Bortoli,
Doucet 2024). The zeroth round is denoising.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

ENOUGH_ROUNDS = 400  # for rho^2 = 0.95, the rate of the means, to reach rounding
TINY = 1e-300


class Mixture(NamedTuple):
    """A normalised mixture of Gaussians on the line, each array of shape (components,)."""

    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray

    def density(self, x: np.ndarray) -> np.ndarray:
        """The density at points of any shape."""
        squares = (x[..., None] - self.means) ** 2 / self.variances
        return np.exp(-0.5 * squares) / np.sqrt(2 * np.pi * self.variances) @ self.weights

    def noised(self, time: float) -> "Mixture":
        """What the reference makes of the mixture in this time."""
        decay = np.exp(-0.5 * time)
        return Mixture(self.weights, decay * self.means, decay**2 * self.variances + 1 - decay**2)


@dataclass(frozen=True)
class LineBridge:
    """Potentials of a bridge on the points x (n,) of an equidistant grid, at both ends of its time."""

    x: np.ndarray
    horizon: float
    log_phi_end: np.ndarray
    log_phi_hat_start: np.ndarray
    terminal_kl: np.ndarray  # (rounds,), of the sampler's last law to the target, after every round

    def marginal(self, time: float) -> np.ndarray:
        """The density (n,) at a time that is further from both ends than the grid is fine."""
        phi = averaged(self.x, self.horizon - time, np.exp(self.log_phi_end))
        phi_hat = pushed(self.x, time, np.exp(self.log_phi_hat_start))
        return phi * phi_hat


def line_bridge(target: Mixture, horizon: float, x: np.ndarray, rounds: int = ENOUGH_ROUNDS) -> LineBridge:
    """The bridge from N(0, 1) to `target` after `rounds` rounds of iterative proportional fitting.

    The points `x` (n,) are equidistant, and finer than both the target and the noise of `horizon`.
    """
    source, end = standard_normal(x), target.density(x)
    phi_hat_start = source
    phi_end = end
    divergences = []
    for _ in range(rounds):
        phi_end = end / np.maximum(pushed(x, horizon, phi_hat_start), TINY)
        phi_start = averaged(x, horizon, phi_end)
        phi_hat_start = source / np.maximum(phi_start, TINY)
        terminal = phi_end * pushed(x, horizon, phi_hat_start)
        divergences.append(kl(terminal, end, x))
    logs = np.log(np.maximum(phi_end, TINY)), np.log(np.maximum(phi_hat_start, TINY))
    return LineBridge(x, horizon, *logs, np.array(divergences))


def standard_normal(x: np.ndarray) -> np.ndarray:
    """The density of N(0, 1)."""
    return np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)


def kl(density: np.ndarray, other_density: np.ndarray, x: np.ndarray) -> float:
    """KL(density | other density) by the trapezoidal rule, which is exact for what vanishes at both ends."""
    ratio = np.log(np.maximum(density, TINY)) - np.log(np.maximum(other_density, TINY))
    return float(np.sum(density * ratio) * (x[1] - x[0]))


def averaged(x: np.ndarray, time: float, values: np.ndarray) -> np.ndarray:
    """E[values at X_time | X_0 = x] under the reference."""
    return _transition(x, time) @ values


def pushed(x: np.ndarray, time: float, density: np.ndarray) -> np.ndarray:
    """The density, normalised or not, at X_time of the reference that starts with `density`."""
    return density @ _transition(x, time)


def _transition(x: np.ndarray, time: float) -> np.ndarray:
    """The reference's transition density times the spacing: a row for every start."""
    decay = np.exp(-0.5 * time)
    variance = 1 - decay**2
    densities = np.exp(-0.5 * (x - decay * x[:, None]) ** 2 / variance) / np.sqrt(2 * np.pi * variance)
    return densities * (x[1] - x[0])
