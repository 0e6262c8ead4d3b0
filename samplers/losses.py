"""Losses that make forward paths meet backward ones: what they evaluate, and how gradients flow."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from samplers.paths import Law, Path, forward_controls, run, score_path
from targets.base import LogProb


class Parameters(NamedTuple):
    """What is learnt: the networks of a law, and an estimate of log Z for the loss that wants one."""

    networks: Any
    log_z: Float[Array, ""]


class Batch(NamedTuple):
    """Starting points and noise of a batch of paths: everything random about it."""

    start: Float[Array, "batch dim"]
    noise: Float[Array, "batch steps dim"]


class Problem(NamedTuple):
    """A path law made by networks, the density it should end at, and a batch to judge it by."""

    law: Callable[[Any], Law]
    log_gamma: LogProb
    batch: Batch


class Outcome(NamedTuple):
    """The log weights of a batch, and its paths."""

    log_weights: Float[Array, " batch"]
    paths: Path


class Loss(ABC):
    """A function of the parameters, least where forward and backward path laws agree.

    A path costs `gradients(steps)` gradients of log gamma, training step included, and `values`
    evaluations without one. `per_start` paths of a batch share their start.
    """

    values: ClassVar[int] = 0
    per_start: int = 1

    @abstractmethod
    def __call__(self, parameters: Parameters, problem: Problem) -> tuple[Float[Array, ""], Outcome]:
        """The loss, to be differentiated in `parameters`, and the batch it judged."""

    @abstractmethod
    def gradients(self, steps: int) -> int:
        """Gradients of log gamma a path; a Hessian-vector product counts as one."""


@dataclass(frozen=True)
class ReverseKL(Loss):
    """KL(forward || backward paths), differentiated through the path.

    `stick`: the score part of the gradient, whose mean is zero, is dropped (Roeder, Wu, Duvenaud 2017):
    where the two laws agree every sample's gradient vanishes.
    """

    stick: bool = True

    def __call__(self, parameters: Parameters, problem: Problem) -> tuple[Array, Outcome]:
        law = problem.law(parameters.networks)

        def one(start: Array, noise: Array) -> tuple[Path, Array]:
            return run(law, problem.log_gamma, start, noise, self.stick)

        paths, log_weights = jax.vmap(one)(*problem.batch)
        return -jnp.mean(log_weights), Outcome(log_weights, paths)

    def gradients(self, steps: int) -> int:
        return 2 * (steps + 1)  # a gradient at every point, a Hessian-vector product at all but the last,
        # whose gradient is that of log gamma at the end


class Detached(Loss):
    """A loss on paths held fixed: no derivative of the score is needed, nothing is stored but the path."""

    values: ClassVar[int] = 1

    def __call__(self, parameters: Parameters, problem: Problem) -> tuple[Array, Outcome]:
        paths, known = detached_run(parameters.networks, problem)

        def score(networks: Any) -> Array:
            law = problem.law(networks)
            return jax.vmap(lambda path: score_path(law, path))(paths)

        log_weights = _with_value(known, score, parameters.networks)
        return self.spread(log_weights, parameters.log_z), Outcome(known, paths)

    @abstractmethod
    def spread(self, log_weights: Float[Array, " batch"], log_z: Array) -> Float[Array, ""]:
        """How far log weights are from being one constant."""

    def gradients(self, steps: int) -> int:
        return steps + 1


@dataclass(frozen=True)
class LogVariance(Detached):
    """Half the variance of log w (Nüsken and Richter 2021).

    With `per_start` = 1 over all paths; above, within the paths of one start, which leaves the log weight
    free to depend on the start, as it does under an exact half bridge.
    """

    per_start: int = 1

    def spread(self, log_weights: Array, log_z: Array) -> Array:
        groups = log_weights[None] if self.per_start == 1 else log_weights.reshape(-1, self.per_start)
        return 0.5 * jnp.mean(jnp.var(groups, axis=1, ddof=1))


@dataclass(frozen=True)
class TrajectoryBalance(Detached):
    """Half the mean square of log w - log Z, with log Z learnt (Malkin et al. 2022)."""

    def spread(self, log_weights: Array, log_z: Array) -> Array:
        return 0.5 * jnp.mean((log_weights - log_z) ** 2)


@dataclass(frozen=True)
class AdjointMatching(Loss):
    """Regression of the control on the lean adjoint at the end of its own path (Domingo-Enrich et al. 2025).

    u(t, X_t) is drawn towards a_{K-t} grad log(gamma / (R_K phi-hat))(X_K), whose mean given X_t is the
    optimal control, with a the reference's memory and grad log phi-hat the backward control at the end.
    Steps are weighted as in the KL divergence.
    """

    values: ClassVar[int] = 1

    def __call__(self, parameters: Parameters, problem: Problem) -> tuple[Array, Outcome]:
        law = problem.law(parameters.networks)
        fixed = problem.law(jax.lax.stop_gradient(parameters.networks))
        paths, log_weights = detached_run(parameters.networks, problem)
        ahead, memory = law.chain.ahead, law.chain.memory()[:-1]
        potential = jax.grad(lambda x: problem.log_gamma(x) - law.chain.log_end(x))
        last = lambda tree: jax.tree.map(lambda leaf: leaf[-1], tree)  # noqa: E731

        def one(path: Path) -> Array:
            pulled = fixed.backward.control(last(fixed.backward.features), path.x[-1], last(path.hints))
            adjoint = jax.lax.stop_gradient(potential(path.x[-1]) - pulled)
            misses = forward_controls(law, path) - jnp.asarray(memory, float)[:, None] * adjoint
            weights = jnp.asarray(ahead.gain**2 / ahead.variance, float)
            return 0.5 * jnp.sum(weights[:, None] * misses**2)

        return jnp.mean(jax.vmap(one)(paths)), Outcome(log_weights, paths)

    def gradients(self, steps: int) -> int:
        return steps + 2


def detached_run(networks: Any, problem: Problem) -> tuple[Path, Float[Array, " batch"]]:
    """The batch's paths and log weights, with no gradient through them."""
    law = problem.law(jax.lax.stop_gradient(networks))
    one = lambda start, noise: run(law, problem.log_gamma, start, noise)  # noqa: E731
    return jax.lax.stop_gradient(jax.vmap(one)(*problem.batch))


def _with_value(value: Array, function: Callable[[Any], Array], argument: Any) -> Array:
    """`value`, known to be function(argument) up to a constant, with the function's derivative.

    The function is evaluated for its derivative alone, which saves a pass over the stored paths.
    """

    @jax.custom_vjp
    def known(argument: Any) -> Array:
        return value

    def forward(argument: Any) -> tuple[Array, Any]:
        return value, argument

    def backward(argument: Any, cotangent: Array) -> tuple[Any]:
        return jax.vjp(function, argument)[1](cotangent)

    known.defvjp(forward, backward)
    return known(argument)
