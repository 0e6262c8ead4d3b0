"""The core of every path-space sampler: a reference chain, two controls, and log weights of paths.

A sampler moves x_0 ~ mu through kernels F_k to x_K, and scores the path against backward kernels B_k:

    log w = log gamma(x_K) + sum_k log B_k(x_k | x_{k+1}) - log mu(x_0) - sum_k log F_k(x_{k+1} | x_k),

which is proper, E[w] = Z, for any kernels and any number of steps. Both kernels are Gaussian
perturbations of one reversible reference chain R with invariant measure rho,

    F_k = N(decay_k x + gain_k u_k(x), variance_k I),  B_k = N(decay_k x' + gain_k v_{k+1}(x'), variance_k I),

so that log B/F needs no difference of large numbers: detailed balance of R leaves
log rho(x_0) - log rho(x_K) and the two Girsanov-like terms of `_score`. Controls are in units of a
gradient of a log potential: the exact bridge has u = grad log phi, v = grad log phi-hat (Heng, De
Bortoli, Doucet 2024; the exponential integrator is that of Vargas, Grathwohl, Doucet 2023).
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from samplers.gaussian import log_standard_normal
from targets.base import LogProb

Hint: TypeAlias = Callable[[Any, Float[Array, " dim"]], Any]  # (features of a time, x) -> hint
Control: TypeAlias = Callable[[Any, Float[Array, " dim"], Any], Float[Array, " dim"]]  # (features, x, hint)


class Chain(NamedTuple):
    """A reversible Gaussian chain on a grid of `steps` steps: x' = decay x + sqrt(variance) noise.

    `times` (steps + 1,) run from the source to the target. A unit of control moves a step's mean by
    `gain`. `stationary` is 1.0 where rho = N(0, I) and 0.0 where rho is Lebesgue measure.
    """

    times: np.ndarray
    decay: np.ndarray
    gain: np.ndarray
    variance: np.ndarray
    stationary: float


def grid(horizon: float, steps: int, power: float) -> np.ndarray:
    """Times horizon (1 - (1 - k/steps)^power): uniform at power 1, finer towards the target above it."""
    return horizon * (1.0 - (1.0 - np.arange(steps + 1) / steps) ** power)


def ornstein_uhlenbeck(horizon: float, steps: int, power: float = 1.0) -> Chain:
    """dX = -X/2 dt + dW with exact transitions, and the exponential integrator's gain."""
    times = grid(horizon, steps, power)
    decay = np.exp(-0.5 * np.diff(times))
    return Chain(times, decay, 2.0 * (1.0 - decay), 1.0 - decay**2, 1.0)


def brownian(horizon: float, steps: int, power: float = 1.0) -> Chain:
    """dX = dW; with drifts as controls this is the Euler pair of kernels."""
    times = grid(horizon, steps, power)
    increments = np.diff(times)
    return Chain(times, np.ones(steps), increments, increments, 0.0)


def no_hint(features: Any, x: Float[Array, " dim"]) -> None:
    """For controls that lean on nothing but their features."""


class Side(NamedTuple):
    """One direction of a path law: a control and its features at every time of the grid, stacked.

    `hint` is what the control leans on that has no parameters, the score of the target: it is evaluated
    once a step, however many controls look at it there.
    """

    control: Control
    features: Any
    hint: Hint = no_hint

    def at(self, features: Any, x: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """The control at one time and point."""
        return self.control(features, x, self.hint(features, x))


class Path(NamedTuple):
    """What a simulation keeps: points, and for each step its displacement x' - decay x and its hint."""

    x: Float[Array, "points dim"]
    displacement: Float[Array, "steps dim"]
    hints: Any


def no_control(features: Any, x: Float[Array, " dim"], hint: None) -> Float[Array, " dim"]:
    """The reference itself."""
    return jnp.zeros_like(x)


def log_rho(chain: Chain, x: Float[Array, " dim"]) -> Float[Array, ""]:
    """Logarithm of the reference chain's invariant measure at one point."""
    return chain.stationary * log_standard_normal(x)


def run(
    chain: Chain,
    forward: Side,
    backward: Side,
    log_gamma: LogProb,
    log_mu: LogProb,
    start: Float[Array, " dim"],
    noise: Float[Array, "steps dim"],
    judge: Side | None = None,
) -> tuple[Float[Array, " dim"], Float[Array, ""]]:
    """Simulate one path and return its end point and its log weight, differentiable through the path.

    `judge` scores the path, if not the side that moves it, whose hint it is given: with its parameters
    detached, minus the mean log weight has the sticking-the-landing gradient (Roeder, Wu, Duvenaud 2017).
    """

    @jax.checkpoint
    def step(carry: tuple, inputs: tuple) -> tuple[tuple, None]:
        x, log_weight = carry
        (decay, gain, variance), ahead, judging, behind, xi = inputs
        hint = forward.hint(ahead, x)
        moved = forward.control(ahead, x, hint)
        judged = moved if judge is None else judge.control(judging, x, hint)
        after = decay * x + gain * moved + jnp.sqrt(variance) * xi
        pulled = backward.at(behind, after)
        log_forward = _score(judged, gain * moved + jnp.sqrt(variance) * xi, gain, variance)
        log_backward = _score(pulled, x - decay * after, gain, variance)
        return (after, log_weight + log_backward - log_forward), None

    judged = None if judge is None else _before(judge.features)
    inputs = (
        _coefficients(chain, start),
        _before(forward.features),
        judged,
        _after(backward.features),
        noise,
    )
    first = log_rho(chain, start) - log_mu(start)
    (end, log_weight), _ = jax.lax.scan(step, (start, first), inputs)
    return end, log_weight + log_gamma(end) - log_rho(chain, end)


def simulate(chain: Chain, forward: Side, start: Array, noise: Array) -> Path:
    """One path of the sampler, kept whole and unscored."""

    def step(x: Array, inputs: tuple) -> tuple[Array, tuple]:
        (decay, gain, variance), ahead, xi = inputs
        hint = forward.hint(ahead, x)
        displacement = gain * forward.control(ahead, x, hint) + jnp.sqrt(variance) * xi
        after = decay * x + displacement
        return after, (after, displacement, hint)

    inputs = (_coefficients(chain, start), _before(forward.features), noise)
    _, (points, displacements, hints) = jax.lax.scan(step, start, inputs)
    return Path(jnp.concatenate([start[None], points]), displacements, hints)


def score_path(chain: Chain, forward: Side, backward: Side, log_mu: LogProb, path: Path) -> Array:
    """The log weight of a stored path less log gamma at its end, all steps at once."""
    start, end = path.x[0], path.x[-1]
    _, gain, variance = _coefficients(chain, start)
    controls = jax.vmap(forward.control)(_before(forward.features), path.x[:-1], path.hints)
    log_forward = jnp.sum(jax.vmap(_score)(controls, path.displacement, gain, variance))
    log_backward = backward_log_likelihood(chain, backward, path.x)
    return log_rho(chain, start) - log_mu(start) - log_rho(chain, end) + log_backward - log_forward


def backward_log_likelihood(chain: Chain, backward: Side, points: Float[Array, "points dim"]) -> Array:
    """sum_k log B_k(x_k | x_{k+1}) - log R(x_k | x_{k+1}) of one stored path: the sampler's own data."""
    x, after = points[:-1], points[1:]
    decay, gain, variance = _coefficients(chain, points)
    pulled = jax.vmap(backward.at)(_after(backward.features), after)
    return jnp.sum(jax.vmap(_score)(pulled, x - decay[:, None] * after, gain, variance))


def _score(control: Array, displacement: Array, gain: Array, variance: Array) -> Array:
    """log N(decay x + displacement; decay x + gain control, variance I) minus the same without control."""
    return (gain / variance) * jnp.sum(control * (displacement - 0.5 * gain * control))


def _coefficients(chain: Chain, like: Array) -> tuple[Array, ...]:
    return tuple(jnp.asarray(c, like.dtype) for c in (chain.decay, chain.gain, chain.variance))


def _before(features: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[:-1], features)


def _after(features: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[1:], features)
