"""Losses that make forward paths meet backward ones: what they evaluate, and how gradients flow."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from bridgemark.samplers.common.parallel import over_devices
from bridgemark.samplers.pathspace.path_measure import Law
from bridgemark.samplers.pathspace.paths import Path, forward_controls, run, score_path
from bridgemark.targets.base import LogProb


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
        paths, log_weights = run_batch(parameters.networks, problem, self.stick)
        return -jnp.mean(log_weights), Outcome(log_weights, paths)

    def gradients(self, steps: int) -> int:
        return 2 * (steps + 1)  # a gradient at every point, a Hessian-vector product at all but the last,
        # whose gradient is that of log gamma at the end


class Detached(Loss):
    """A loss on paths held fixed: no derivative of the score is needed, nothing is stored but the path."""

    values: ClassVar[int] = 1

    def __call__(self, parameters: Parameters, problem: Problem) -> tuple[Array, Outcome]:
        paths, known = detached_run(parameters.networks, problem)

        def score(networks: Any, paths: Path) -> Array:
            law = problem.law(networks)
            return jax.vmap(lambda path: score_path(law, path))(paths)

        scored = lambda networks: over_devices(score, networks, paths)  # noqa: E731
        log_weights = _with_value(known, scored, parameters.networks)
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
        paths, log_weights = detached_run(parameters.networks, problem)

        def misses(networks: Any, paths: Path) -> Array:
            return jax.vmap(partial(self._misses, problem, networks))(paths)

        return jnp.mean(over_devices(misses, parameters.networks, paths)), Outcome(log_weights, paths)

    def _misses(self, problem: Problem, networks: Any, path: Path) -> Array:
        """Half the weighted square by which one path's controls miss the adjoint at its end."""
        law, fixed = problem.law(networks), problem.law(jax.lax.stop_gradient(networks))
        potential = jax.grad(lambda x: problem.log_gamma(x) - law.chain.log_end(x))
        features, hint = jax.tree.map(lambda leaf: leaf[-1], (fixed.backward.features, path.hints))
        pulled = fixed.backward.control(features, path.x[-1], hint)
        adjoint = jax.lax.stop_gradient(potential(path.x[-1]) - pulled)
        misses = forward_controls(law, path) - jnp.asarray(law.chain.memory()[:-1], float)[:, None] * adjoint
        weights = jnp.asarray(law.chain.ahead.gain**2 / law.chain.ahead.variance, float)
        return 0.5 * jnp.sum(weights[:, None] * misses**2)

    def gradients(self, steps: int) -> int:
        return steps + 2


def run_batch(networks: Any, problem: Problem, stick: bool = False) -> tuple[Path, Float[Array, " batch"]]:
    """The batch's paths and log weights, differentiable through the paths; `stick` as in `run`."""

    def part(networks: Any, batch: Batch) -> tuple[Path, Array]:
        law = problem.law(networks)
        return jax.vmap(lambda start, noise: run(law, problem.log_gamma, start, noise, stick))(*batch)

    return over_devices(part, networks, problem.batch)


def detached_run(networks: Any, problem: Problem) -> tuple[Path, Float[Array, " batch"]]:
    """The batch's paths and log weights, with no gradient through them."""
    return jax.lax.stop_gradient(run_batch(jax.lax.stop_gradient(networks), problem))


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
