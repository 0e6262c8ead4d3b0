"""Reference chains: Gaussian Markov chains on a grid, with their time reversals."""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.targets.base import LogProb


class Kernels(NamedTuple):
    """Steps x' = x - lost x + gain control + sqrt(variance) noise, arrays (steps,).

    `lost` is one minus the factor of x, which single precision would round away on a fine grid. A step
    whose end is certain has gain and variance 0: nothing moves it and it scores nothing.
    """

    lost: np.ndarray
    gain: np.ndarray
    variance: np.ndarray


class Chain(NamedTuple):
    """A reference R on `times` (steps + 1,), from the source to the target, and its reversal `behind`.

    `log_start` and `log_end` are its log-densities at both ends, up to one constant.
    """

    times: np.ndarray
    ahead: Kernels
    behind: Kernels
    log_start: LogProb
    log_end: LogProb

    def memory(self) -> Float[np.ndarray, " points"]:
        """The factor of x in the mean of X_K given X_k = x, for every k."""
        kept = 1.0 - self.ahead.lost
        return np.append(np.cumprod(kept[::-1])[::-1], 1.0)


Maker = Callable[[float, int, float], Chain]


def grid(horizon: float, steps: int, power: float) -> np.ndarray:
    """Times horizon (1 - (1 - k/steps)^power): uniform at power 1, finer towards the target above it."""
    return horizon * (1.0 - (1.0 - np.arange(steps + 1) / steps) ** power)


def ornstein_uhlenbeck(horizon: float, steps: int, power: float = 1.0) -> Chain:
    """dX = -X/2 dt + dW with exact transitions, and the exponential integrator's gain; R_0 = N(0, I)."""
    times = grid(horizon, steps, power)
    increments = np.diff(times)
    lost = -np.expm1(-0.5 * increments)
    kernels = Kernels(lost, 2.0 * lost, -np.expm1(-increments))
    return Chain(times, kernels, kernels, log_standard_normal, log_standard_normal)


def brownian(horizon: float, steps: int, power: float = 1.0) -> Chain:
    """dX = dW from Lebesgue measure; with drifts as controls this is the Euler pair of kernels."""
    times = grid(horizon, steps, power)
    increments = np.diff(times)
    kernels = Kernels(np.zeros(steps), increments, increments)
    return Chain(times, kernels, kernels, _flat, _flat)


def pinned(horizon: float, steps: int, power: float = 1.0) -> Chain:
    """dX = dW from 0, whose reversal is a Brownian bridge to 0; R_K = N(0, horizon I)."""
    times = grid(horizon, steps, power)
    increments = np.diff(times)
    ahead = Kernels(np.zeros(steps), increments, increments)
    left = times[:-1] / times[1:]
    behind = Kernels(1.0 - left, increments * left, increments * left)
    scale = np.sqrt(horizon)

    def log_end(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return log_standard_normal(x / scale) - x.shape[0] * np.log(scale)

    return Chain(times, ahead, behind, _flat, log_end)


def _flat(x: Float[Array, " dim"]) -> Float[Array, ""]:
    return jnp.zeros((), x.dtype)
