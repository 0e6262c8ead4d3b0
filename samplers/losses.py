"""Losses that make forward paths meet backward ones: what they evaluate, and how gradients flow."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from samplers.control import Network
from samplers.gaussian import log_standard_normal
from samplers.paths import Chain, Side, run, score_path, simulate
from targets.base import LogProb


class Batch(NamedTuple):
    """Starting points and noise of a batch of paths: everything random about it."""

    start: Float[Array, "batch dim"]
    noise: Float[Array, "batch steps dim"]


class Problem(NamedTuple):
    """Paths from N(0, I): the forward side made by a network, the backward side it is judged against."""

    chain: Chain
    forward: Callable[[Network], Side]
    backward: Side
    log_gamma: LogProb
    batch: Batch


class Loss(ABC):
    """A function of the forward network, least where forward and backward path laws agree.

    A path costs `gradients(steps)` gradients of log gamma and `values` evaluations without one.
    """

    values: ClassVar[int] = 0

    @abstractmethod
    def __call__(self, network: Network, problem: Problem) -> tuple[Float[Array, ""], Float[Array, " batch"]]:
        """The loss, to be differentiated in `network`, and the log weights of the batch."""

    @abstractmethod
    def gradients(self, steps: int) -> int:
        """Gradients of log gamma that a path of so many steps costs, training step included."""


@dataclass(frozen=True)
class ReverseKL(Loss):
    """KL(forward || backward paths), differentiated through the path, sticking the landing.

    The score part of the gradient, whose mean is zero, is dropped (Roeder, Wu, Duvenaud 2017): where the
    two laws agree every sample's gradient vanishes.
    """

    def __call__(self, network: Network, problem: Problem) -> tuple[Array, Array]:
        chain, forward, backward, log_gamma, batch = problem
        side, judge = forward(network), forward(jax.lax.stop_gradient(network))

        def one(start: Array, noise: Array) -> Array:
            return run(chain, side, backward, log_gamma, log_standard_normal, start, noise, judge)[1]

        weights = jax.vmap(one)(*batch)
        return -jnp.mean(weights), weights

    def gradients(self, steps: int) -> int:
        return 2 * steps + 1  # a gradient and a Hessian-vector product a step, a gradient at the end


@dataclass(frozen=True)
class LogVariance(Loss):
    """Half the variance of log w over paths held fixed (Nüsken and Richter 2021).

    No derivative of the score is needed and nothing is stored but the path.
    """

    values: ClassVar[int] = 1

    def __call__(self, network: Network, problem: Problem) -> tuple[Array, Array]:
        chain, forward, backward, log_gamma, batch = problem
        side, mover = forward(network), forward(jax.lax.stop_gradient(network))

        def one(start: Array, noise: Array) -> Array:
            path = simulate(chain, mover, start, noise)
            return log_gamma(path.x[-1]) + score_path(chain, side, backward, log_standard_normal, path)

        weights = jax.vmap(one)(*batch)
        return 0.5 * jnp.var(weights, ddof=1), weights

    def gradients(self, steps: int) -> int:
        return steps
