"""A density that counts, on the host, how often it is evaluated: the check on what samplers declare."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, PRNGKeyArray

from bridgemark.targets.base import Density, Joint, LogProb, Simulate


class Tally:
    """How many values, gradients and Hessian-vector products, and simulations, were made so far."""

    def __init__(self) -> None:
        self.values = 0
        self.gradients = 0
        self.simulations = 0

    def add_values(self, count: int, _: Array) -> None:
        """Evaluations of log gamma alone; the array is what makes JAX run this once a lane."""
        self.values += count

    def add_gradients(self, count: int, _: Array) -> None:
        """Gradients, their values included, or Hessian-vector products."""
        self.gradients += count

    def add_simulations(self, count: int, *_: Array) -> None:
        """Draws of y from the joint, of any point with any key."""
        self.simulations += count


def counting(density: Density, tally: Tally) -> Density:
    """The same density, which adds to `tally` whenever it is evaluated: under jit, vmap and grad of grad.

    So does the `simulate` of its joint, where it has one (derivatives of y by x add nothing).

    Read the tally after `jax.effects_barrier()`. It sees executions: every lane of a vmap counts, the
    masked ones of a vmapped loop and both branches of a vmapped cond too, and so does whatever
    `jax.checkpoint` runs again.
    """
    joint = density.joint and replace(density.joint, simulate=_counting_simulations(density.joint, tally))
    likelihood = density.log_likelihood and counted(density.log_likelihood, tally)
    return replace(density, log_prob=counted(density.log_prob, tally), log_likelihood=likelihood, joint=joint)


def counted(function: LogProb, tally: Tally) -> LogProb:
    """The same function of one point, which adds its values, gradients and Hessian products to `tally`."""
    gradient = jax.grad(function)

    @jax.custom_jvp
    def counted_gradient(x: Array) -> Array:
        return gradient(x)

    @counted_gradient.defjvp
    def products(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
        # The product is counted where it is made: in a forward pass or, transposed, in every pull back.
        (x,), (direction,) = primals, tangents
        ones = jnp.where(x > 0, 1.0, 1.0)  # a lane for every lane of x, in both directions
        ticked = _tick.bind(ones * direction, count=tally.add_gradients, lanes=1)
        return gradient(x), ones * jax.jvp(gradient, (x,), (ticked,))[1]

    @jax.custom_jvp
    def value(x: Array) -> Array:
        jax.debug.callback(partial(tally.add_values, 1), x)
        return function(x)

    @value.defjvp
    def value_and_gradient(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
        (x,), (direction,) = primals, tangents
        jax.debug.callback(partial(tally.add_gradients, 1), x)
        return function(x), jnp.sum(counted_gradient(x) * direction)

    return value


def _counting_simulations(joint: Joint, tally: Tally) -> Simulate:
    def simulate(key: PRNGKeyArray, x: Array) -> Array:
        jax.debug.callback(partial(tally.add_simulations, 1), x, jax.random.key_data(key))
        return joint.simulate(key, x)

    return simulate


def _run_tick(x: Array, count: Callable[[int, Array], None], lanes: int) -> Array:
    jax.debug.callback(partial(count, lanes), x)
    return x


def _batch_tick(xs: tuple[Array], axes: tuple[int], count: Callable, lanes: int) -> tuple[Array, int]:
    return _tick.bind(*xs, count=count, lanes=lanes * xs[0].shape[axes[0]]), axes[0]


# The identity, which counts when it is run: linear and its own transpose, as JAX's callbacks are not.
_tick = Primitive("tick")
_tick.def_impl(jax.jit(_run_tick, static_argnames=("count", "lanes")))
_tick.def_abstract_eval(lambda x, count, lanes: x)
ad.deflinear2(_tick, lambda cotangent, _, **counter: [_tick.bind(cotangent, **counter)])
batching.primitive_batchers[_tick] = _batch_tick
mlir.register_lowering(_tick, mlir.lower_fun(_run_tick, multiple_results=False))
