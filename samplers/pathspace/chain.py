"""Reference chains: uncontrolled Gaussian Markov chains on a time grid, with their time reversals."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from bridgemark.samplers.common.gaussian import log_standard_normal
from bridgemark.targets.base import LogProb


class Kernels(NamedTuple):
    """Steps x' = (1 - decay) x + gain control + sqrt(variance) noise of one direction.

    The arrays have shape (steps,); a chain holds NumPy arrays, simulations convert them to JAX arrays.
    `decay` is one minus the factor of x because a factor near one, on a fine grid, would be rounded in
    single precision. A step whose end point is certain has gain and variance 0: no control moves it, and
    it adds nothing to a log weight.
    """

    decay: Any
    gain: Any
    variance: Any


class Chain(NamedTuple):
    """A reference chain R on the grid `times` (steps + 1,), from the source to the target.

    `forward` holds the kernels R(x_{k+1} | x_k) and `backward` those of the time reversal,
    R(x_k | x_{k+1}). `log_start` and `log_end` are the log densities of x_0 and of x_K under R, up to one
    common constant.
    """

    times: np.ndarray
    forward: Kernels
    backward: Kernels
    log_start: LogProb
    log_end: LogProb

    def decay_to_end(self) -> Float[np.ndarray, " points"]:
        """The factors a_k of the conditional means E[X_K | X_k = x] = a_k x, at every point of the grid."""
        factors = 1.0 - self.forward.decay
        return np.append(np.cumprod(factors[::-1])[::-1], 1.0)


def time_grid(horizon: float, steps: int, power: float) -> np.ndarray:
    """The times horizon (1 - (1 - k/steps)^power), k = 0, ..., steps.

    They are equidistant for power 1; above it steps become shorter towards the target.
    """
    return horizon * (1.0 - (1.0 - np.arange(steps + 1) / steps) ** power)


def ornstein_uhlenbeck(horizon: float, steps: int, power: float = 1.0) -> Chain:
    """The stationary process dX = -X/2 dt + dW, X_0 ~ N(0, I), with its exact transitions.

    The gain of a control is that of the exponential integrator (Vargas, Grathwohl, Doucet 2023).
    """
    times = time_grid(horizon, steps, power)
    increments = np.diff(times)
    decay = -np.expm1(-0.5 * increments)
    kernels = Kernels(decay, 2.0 * decay, -np.expm1(-increments))
    return Chain(times, kernels, kernels, log_standard_normal, log_standard_normal)


def brownian(horizon: float, steps: int, power: float = 1.0) -> Chain:
    """Brownian motion dX = dW started from Lebesgue measure, its own reversal.

    With drifts as controls, its forward and backward kernels are those of the Euler-Maruyama scheme.
    """
    times = time_grid(horizon, steps, power)
    increments = np.diff(times)
    kernels = Kernels(np.zeros(steps), increments, increments)
    return Chain(times, kernels, kernels, log_lebesgue, log_lebesgue)


def pinned(horizon: float, steps: int, power: float = 1.0) -> Chain:
    """Brownian motion started at 0, so that x_K ~ N(0, horizon I); its reversal is a bridge back to 0."""
    times = time_grid(horizon, steps, power)
    increments = np.diff(times)
    forward = Kernels(np.zeros(steps), increments, increments)
    remaining = times[:-1] / times[1:]  # E[X_k | X_{k+1} = x] = remaining x; 0 in the step back to time 0
    backward = Kernels(1.0 - remaining, increments * remaining, increments * remaining)
    scale = np.sqrt(horizon)

    def log_end(x: Float[Array, " dim"]) -> Float[Array, ""]:
        return log_standard_normal(x / scale) - x.shape[0] * np.log(scale)

    return Chain(times, forward, backward, log_lebesgue, log_end)


def log_lebesgue(x: Float[Array, " dim"]) -> Float[Array, ""]:
    """The log density of Lebesgue measure with respect to itself: zero everywhere."""
    return jnp.zeros((), x.dtype)
