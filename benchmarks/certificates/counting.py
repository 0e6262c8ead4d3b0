"""A density that counts how often it is evaluated, by which the counts that samplers declare are checked.

The count is of executions, under every transformation of JAX:

- A value is counted by `jax.debug.callback`, which runs whenever the compiled program evaluates the density,
  inside a loop as often as the loop runs, and under `vmap` once per lane.
- A gradient is counted by the rule of differentiation of the density. The rule calls back instead of the
  value, once per evaluation, because reverse mode evaluates a value and its gradient once and only multiplies
  by cotangents afterwards.
- A Hessian-vector product has no such place. It is linear in its vector, and where it is executed depends on
  the mode: in the forward pass, in the backward pass, or once per row of a Hessian. A callback beside it
  would run in the forward pass alone. So the vector itself is sent through the primitive `_tick`: the
  identity, which counts whenever it is executed. It is linear, and its transpose is itself, which no callback
  of JAX is; so JAX moves the count to wherever it moves the product.

Under `vmap` the primitive must know how many lanes it stands for. Its batching rule multiplies their number
by the size of the batch, but JAX applies the rule only where the vector is batched, and all points may share
one vector. So the vector is multiplied by ones that depend on the point: it is batched whenever the point is.
This is done before the product, for forward mode, and after it, for reverse mode.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, PRNGKeyArray

from bridgemark.benchmarks.rows.cost import Cost
from bridgemark.targets.base import Density, Joint, LogProb, Simulate


class Tally:
    """Numbers of evaluations so far; read the attributes after `jax.effects_barrier()`, or call `cost`.

    `gradients` counts gradients with or without their value, and Hessian-vector products.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start again from zero."""
        self.values = 0
        self.gradients = 0
        self.simulations = 0

    def cost(self) -> Cost:
        """The numbers so far, after all programs that were started have ended."""
        jax.effects_barrier()
        return Cost(values=self.values, gradients=self.gradients, simulations=self.simulations)

    # The arrays that the callbacks are given are not used. They make `vmap` run a callback once per lane.
    def add_values(self, count: int, _: Array) -> None:
        """Count evaluations of the log density alone."""
        self.values += count

    def add_gradients(self, count: int, _: Array) -> None:
        """Count gradients, or Hessian-vector products."""
        self.gradients += count

    def add_simulations(self, count: int, *_: Array) -> None:
        """Count draws of y given x."""
        self.simulations += count


def count_evaluations(density: Density, tally: Tally) -> Density:
    """The same density, which adds to `tally` whenever it, its likelihood or its simulator is evaluated.

    Executions are counted: every lane of a `vmap`, also those that a loop has finished with and both branches
    of a condition, and whatever `jax.checkpoint` evaluates again. Derivatives of a simulation add nothing.
    """
    joint = density.joint and replace(density.joint, simulate=_counted_simulator(density.joint, tally))
    likelihood = density.log_likelihood and _counted_function(density.log_likelihood, tally)
    log_prob = _counted_function(density.log_prob, tally)
    return replace(density, log_prob=log_prob, log_likelihood=likelihood, joint=joint)


def _counted_function(function: LogProb, tally: Tally) -> LogProb:
    """The same function of one point, which counts its values, gradients and Hessian-vector products."""
    gradient = jax.grad(function)

    @jax.custom_jvp
    def counted_gradient(x: Array) -> Array:
        return gradient(x)

    @counted_gradient.defjvp
    def gradient_and_product(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
        (x,), (direction,) = primals, tangents
        ones = jnp.where(x > 0, 1.0, 1.0)  # batched whenever x is; not simplified before that
        counted_direction = _tick.bind(ones * direction, count=tally.add_gradients, lanes=1)
        product = jax.jvp(gradient, (x,), (counted_direction,))[1]
        return gradient(x), ones * product

    @jax.custom_jvp
    def value(x: Array) -> Array:
        jax.debug.callback(partial(tally.add_values, 1), x)
        return function(x)

    @value.defjvp
    def value_and_derivative(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
        (x,), (direction,) = primals, tangents
        jax.debug.callback(partial(tally.add_gradients, 1), x)
        return function(x), jnp.sum(counted_gradient(x) * direction)

    return value


def _counted_simulator(joint: Joint, tally: Tally) -> Simulate:
    """The simulator of the joint, which counts its draws: one per key and point."""

    def simulate(key: PRNGKeyArray, x: Array) -> Array:
        jax.debug.callback(partial(tally.add_simulations, 1), x, jax.random.key_data(key))
        return joint.simulate(key, x)

    return simulate


def _run_tick(x: Array, count: Callable[[int, Array], None], lanes: int) -> Array:
    """Count `lanes` executions and return x."""
    jax.debug.callback(partial(count, lanes), x)
    return x


def _batch_tick(
    arrays: tuple[Array], axes: tuple[int], count: Callable[[int, Array], None], lanes: int
) -> tuple[Array, int]:
    """One tick of the whole batch, which counts all of its lanes."""
    (x,), (axis,) = arrays, axes
    return _tick.bind(x, count=count, lanes=lanes * x.shape[axis]), axis


def _transpose_tick(cotangent: Array, _: Any, **counter: Any) -> list[Array]:
    return [_tick.bind(cotangent, **counter)]


def _tick_shape(x: Any, count: Callable[[int, Array], None], lanes: int) -> Any:
    return x


_tick = Primitive("tick")
_tick.def_impl(jax.jit(_run_tick, static_argnames=("count", "lanes")))
_tick.def_abstract_eval(_tick_shape)
ad.deflinear2(_tick, _transpose_tick)
batching.primitive_batchers[_tick] = _batch_tick
mlir.register_lowering(_tick, mlir.lower_fun(_run_tick, multiple_results=False))
