"""A density that counts how often it is evaluated, by which the counts that samplers declare are checked.

The count is of executions, under every transformation of JAX. What is counted passes through the primitive
`_tick`: the identity, which calls back to the host whenever the compiled program executes it, inside a loop
as often as the loop runs. Under `vmap` it is executed once for the whole batch, and counts every lane.

- A value is counted where its point passes through.
- A gradient is counted by the rule of differentiation of the density. Its point passes through instead of
  that of the value, once per evaluation, because reverse mode evaluates a value and its gradient once and
  only multiplies by cotangents afterwards.
- A Hessian-vector product has no such place. It is linear in its vector, and where it is executed depends on
  the mode: in the forward pass, in the backward pass, or once per row of a Hessian. So the vector itself
  passes through. The primitive is linear, and its transpose is itself; so JAX moves the count to wherever it
  moves the product.

A vector is counted only where its product is used; a point always, which JAX is told by an effect.

Beside it the primitive is given whether its lane is needed (see `lanes`), a boolean for each lane. The rule
of batching gives both the same batch, so that the host sees as many booleans as there are lanes. All points
may share one vector, and all keys one point. So the boolean is made to depend on the point, or on the key: it
is batched whenever that is.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir, partial_eval
from jaxtyping import Array, PRNGKeyArray

from bridgemark.benchmarks.certificates.lanes import Lanes
from bridgemark.benchmarks.rows.cost import Cost
from bridgemark.targets.base import Density, Joint, LogProb, Simulate

VALUES, GRADIENTS, SIMULATIONS = "values", "gradients", "simulations"
# What JAX is told of a primitive that it must not leave out although nothing uses its result.
EFFECTS = jax.make_jaxpr(lambda: jax.debug.callback(lambda: None))().effects


class Tally:
    """Numbers of evaluations so far, complete once the results of the programs that make them are there.

    `gradients` counts gradients with or without their value, and Hessian-vector products. Inside
    `lanes.followed()` an evaluation is needed unless its lane of a `vmap` has left the loop, or has not taken
    the branch of a condition, that makes it; outside all are.
    """

    def __init__(self) -> None:
        self.lanes = Lanes()
        self.reset()

    def reset(self) -> None:
        """Start again from zero."""
        self._executed, self._needed = Counter(), Counter()

    def add(self, kind: str, needed: np.ndarray) -> None:
        """Count the evaluations of one batch; `needed` says of each whether its lane needs it."""
        self._executed[kind] += needed.size
        self._needed[kind] += int(np.count_nonzero(needed))

    def executed(self) -> Cost:
        """All evaluations that were executed."""
        return _cost(self._executed)

    def needed(self) -> Cost:
        """The evaluations that were executed for lanes that needed them."""
        return _cost(self._needed)


def _cost(counts: Counter[str]) -> Cost:
    return Cost(values=counts[VALUES], gradients=counts[GRADIENTS], simulations=counts[SIMULATIONS])


def count_evaluations(density: Density, tally: Tally) -> Density:
    """The same density, which adds to `tally` whenever it, its likelihood or its simulator is evaluated.

    Executions are counted: every lane of a `vmap`, also those that a loop has finished with and both branches
    of a condition, and whatever `jax.checkpoint` evaluates again. A value or gradient counts also where its
    result is not used; a Hessian-vector product does not. Derivatives of a simulation add nothing.
    """
    joint = density.joint and replace(density.joint, simulate=_counted_simulator(density.joint, tally))
    likelihood = density.log_likelihood and _counted_function(density.log_likelihood, tally)
    log_prob = _counted_function(density.log_prob, tally)
    return replace(density, log_prob=log_prob, log_likelihood=likelihood, joint=joint)


def _counted_function(function: LogProb, tally: Tally) -> LogProb:
    """The same function of one point, which counts its values, gradients and Hessian-vector products."""
    gradient = jax.grad(function)

    @jax.custom_jvp
    def counted_gradient(x: Array, needed: Array) -> Array:
        return gradient(x)

    @counted_gradient.defjvp
    def gradient_and_product(
        primals: tuple[Array, Array], tangents: tuple[Array, Any]
    ) -> tuple[Array, Array]:
        (x, needed), (direction, _) = primals, tangents
        needed_at_x, count = _batched_with(x, needed), partial(tally.add, GRADIENTS)
        direction = _tick.bind(direction, needed_at_x, count=count, linear=True)
        return gradient(x), jax.jvp(gradient, (x,), (direction,))[1]

    @jax.custom_jvp
    def value(x: Array, needed: Array) -> Array:
        return function(_count_at(x, needed, partial(tally.add, VALUES)))

    @value.defjvp
    def value_and_derivative(
        primals: tuple[Array, Array], tangents: tuple[Array, Any]
    ) -> tuple[Array, Array]:
        (x, needed), (direction, _) = primals, tangents
        x = _count_at(x, needed, partial(tally.add, GRADIENTS))
        return function(x), jnp.sum(counted_gradient(x, needed) * direction)

    return lambda x: value(jnp.asarray(x), tally.lanes.needed)


def _counted_simulator(joint: Joint, tally: Tally) -> Simulate:
    """The simulator of the joint, which counts its draws: one per key and point."""

    def simulate(key: PRNGKeyArray, x: Array) -> Array:
        needed = _batched_with(jax.random.key_data(key), tally.lanes.needed)
        return joint.simulate(key, _count_at(x, needed, partial(tally.add, SIMULATIONS)))

    return simulate


def _batched_with(array: Array, needed: Array) -> Array:
    """The boolean `needed`, batched whenever the array is; JAX does not simplify it before that."""
    return jnp.where(jnp.ravel(array)[0] > 0, needed, needed)


def _count_at(x: Array, needed: Array, count: Callable[[np.ndarray], None]) -> Array:
    """The point itself, which counts when it is computed; its derivatives count nothing."""
    return _tick.bind(x, needed, count=count, linear=False)


def _tick_shape(x: Any, needed: Any, linear: bool, **_: Any) -> tuple[Any, Any]:
    return x, set() if linear else EFFECTS


def _lower_tick(
    ctx: Any, x: Any, needed: Any, count: Callable[[np.ndarray], None], linear: bool
) -> list[Any]:
    """The identity, and a call of the host with the booleans of all lanes.

    `jax.debug.callback` would put them on a device first, which takes longer than all the rest.
    """

    def call(lanes: np.ndarray) -> tuple[()]:
        count(np.asarray(lanes))
        return ()

    ctx = ctx.replace(avals_in=ctx.avals_in[1:], avals_out=[])
    mlir.emit_python_callback(
        ctx, call, None, [needed], ctx.avals_in, [], has_side_effect=True, returns_token=False
    )
    return [x]


def _batch_tick(arrays: Sequence[Array], axes: Sequence[int | None], **counter: Any) -> tuple[Array, int]:
    """One tick of the whole batch, along the first axis of both arrays."""
    (size,) = {array.shape[axis] for array, axis in zip(arrays, axes, strict=True) if axis is not None}
    batched = [batching.bdim_at_front(array, axis, size) for array, axis in zip(arrays, axes, strict=True)]
    return _tick.bind(*batched, **counter), 0


def _differentiate_tick(tangent: Array, x: Array, needed: Array, linear: bool, **counter: Any) -> Array:
    """Count the derivative of what is linear, a vector; the derivative of a point counts nothing."""
    return _tick.bind(tangent, needed, linear=True, **counter) if linear else tangent


def _transpose_tick(cotangent: Array, x: Any, needed: Array, **counter: Any) -> list[Array | None]:
    return [_tick.bind(cotangent, needed, **counter), None]


def _recompute_tick(
    _: Any, unknown: Sequence[bool], instantiated: Sequence[bool], equation: Any
) -> tuple[Any, Any, list[bool], list[bool], list[Any]]:
    """Tick again in whatever `jax.checkpoint` evaluates again; JAX would not, because of the effect."""
    residuals = [
        variable for variable, is_there in zip(equation.invars, instantiated, strict=True) if not is_there
    ]
    earlier = None if any(unknown) else equation
    return earlier, equation, [any(unknown)], [True], residuals


_tick = Primitive("tick")
_tick.def_impl(jax.jit(_tick.bind, static_argnames=("count", "linear")))
_tick.def_effectful_abstract_eval(_tick_shape)
ad.defjvp(_tick, _differentiate_tick, None)
ad.primitive_transposes[_tick] = _transpose_tick
batching.primitive_batchers[_tick] = _batch_tick
partial_eval.partial_eval_jaxpr_custom_rules[_tick] = _recompute_tick
mlir.register_lowering(_tick, _lower_tick)
