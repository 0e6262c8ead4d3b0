"""Losses that make forward and backward path measures agree, with their cost and the flow of gradients."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from bridgemark.samplers.common.parallel import over_devices
from bridgemark.samplers.pathspace.path_measure import PathMeasure
from bridgemark.samplers.pathspace.paths import Path, run, score_path
from bridgemark.targets.base import LogProb


class Parameters(NamedTuple):
    """What is trained: the networks of a path measure, and an estimate of log Z for trajectory balance."""

    networks: Any
    log_z: Float[Array, ""]


class Batch(NamedTuple):
    """Starting points and noise of a batch of paths: everything random about them."""

    start: Float[Array, "batch dim"]
    noise: Float[Array, "batch steps dim"]


class Problem(NamedTuple):
    """One evaluation of a loss: how networks make a path measure, its target, and a batch of paths."""

    path_measure: Callable[[Any], PathMeasure]
    log_target: LogProb
    batch: Batch


class WeightedPaths(NamedTuple):
    """The paths of a batch and their log weights."""

    log_weights: Float[Array, " batch"]
    paths: Path


class Loss(ABC):
    """A function of the parameters that is least where forward and backward path measures agree.

    In training, a path costs `gradients_per_path(steps)` gradients of log gamma and `values_per_path`
    evaluations without a gradient. `paths_per_start` paths of a batch share their starting point.
    """

    values_per_path: ClassVar[int] = 0
    paths_per_start: int = 1

    @abstractmethod
    def __call__(self, parameters: Parameters, problem: Problem) -> tuple[Float[Array, ""], WeightedPaths]:
        """The loss, to be differentiated with respect to `parameters`, and the paths it was computed on."""

    @abstractmethod
    def gradients_per_path(self, steps: int) -> int:
        """Gradients of log gamma that one path of `steps` steps costs; a Hessian-vector product is one."""


@dataclass(frozen=True)
class ReverseKL(Loss):
    """KL(forward || backward path measure), differentiated through the simulated paths.

    With `sticking_the_landing` the part of the gradient whose mean is zero is left out (Roeder, Wu,
    Duvenaud 2017): where the two measures agree, the gradient on every single path is zero.
    """

    sticking_the_landing: bool = True

    def __call__(self, parameters: Parameters, problem: Problem) -> tuple[Array, WeightedPaths]:
        paths, log_weights = run_batch(parameters.networks, problem, self.sticking_the_landing)
        return -jnp.mean(log_weights), WeightedPaths(log_weights, paths)

    def gradients_per_path(self, steps: int) -> int:
        # A gradient at every point, and a Hessian-vector product at every point but the last. The gradient
        # of log gamma(x_K), a term of the log weight, completes the second count.
        return 2 * (steps + 1)


class DetachedLoss(Loss):
    """A loss of the log weights of paths that are held fixed while it is differentiated.

    No derivative of the score is needed, and only the paths are stored.
    """

    values_per_path: ClassVar[int] = 1

    def __call__(self, parameters: Parameters, problem: Problem) -> tuple[Array, WeightedPaths]:
        paths, log_weights = run_detached_batch(parameters.networks, problem)

        def score_paths(networks: Any, paths: Path) -> Array:
            measure = problem.path_measure(networks)
            return jax.vmap(lambda path: score_path(measure, path))(paths)

        def score_all_paths(networks: Any) -> Array:
            return over_devices(score_paths, networks, paths)

        differentiable = _value_with_gradient_of(score_all_paths, parameters.networks, log_weights)
        return self.dispersion(differentiable, parameters.log_z), WeightedPaths(log_weights, paths)

    @abstractmethod
    def dispersion(self, log_weights: Float[Array, " batch"], log_z: Array) -> Float[Array, ""]:
        """A number that is zero where all log weights are one constant, and positive elsewhere."""

    def gradients_per_path(self, steps: int) -> int:
        return steps + 1


@dataclass(frozen=True)
class LogVariance(DetachedLoss):
    """Half the variance of log w (Nüsken and Richter 2021).

    With `paths_per_start` = 1 the variance is taken over all paths. With more, it is taken over the paths
    of each starting point and averaged, which lets the log weight depend on the starting point, as it
    does for an exact half bridge.
    """

    paths_per_start: int = 1

    def dispersion(self, log_weights: Array, log_z: Array) -> Array:
        whole_batch = self.paths_per_start == 1
        groups = log_weights[None] if whole_batch else log_weights.reshape(-1, self.paths_per_start)
        return 0.5 * jnp.mean(jnp.var(groups, axis=1, ddof=1))


@dataclass(frozen=True)
class TrajectoryBalance(DetachedLoss):
    """Half the mean square of log w - log Z, with log Z a parameter of its own (Malkin et al. 2022)."""

    def dispersion(self, log_weights: Array, log_z: Array) -> Array:
        return 0.5 * jnp.mean((log_weights - log_z) ** 2)


def run_batch(
    networks: Any, problem: Problem, sticking_the_landing: bool = False
) -> tuple[Path, Float[Array, " batch"]]:
    """Simulate the batch: its paths and log weights, differentiable through the paths as in `run`."""

    def run_paths(networks: Any, batch: Batch) -> tuple[Path, Array]:
        measure = problem.path_measure(networks)

        def run_path(start: Array, noise: Array) -> tuple[Path, Array]:
            return run(measure, problem.log_target, start, noise, sticking_the_landing)

        return jax.vmap(run_path)(batch.start, batch.noise)

    return over_devices(run_paths, networks, problem.batch)


def run_detached_batch(networks: Any, problem: Problem) -> tuple[Path, Float[Array, " batch"]]:
    """Simulate the batch with no gradient through it: its paths and log weights."""
    return jax.lax.stop_gradient(run_batch(jax.lax.stop_gradient(networks), problem))


def _value_with_gradient_of(function: Callable[[Any], Array], argument: Any, value: Array) -> Array:
    """Return `value` as if it were function(argument), with that function's derivative.

    The two may differ by a constant. The function is then evaluated in the derivative only: computing its
    value, too, would be one more pass over the stored paths.
    """

    @jax.custom_vjp
    def constant(argument: Any) -> Array:
        return value

    def forward(argument: Any) -> tuple[Array, Any]:
        return value, argument

    def backward(argument: Any, cotangent: Array) -> tuple[Any]:
        return jax.vjp(function, argument)[1](cotangent)

    constant.defvjp(forward, backward)
    return constant(argument)
