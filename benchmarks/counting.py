"""A target that counts, on the host, how often it is evaluated: the check on what samplers declare."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array

from targets.base import Target


class Tally:
    """How many values, and gradients and Hessian-vector products, were evaluated so far."""

    def __init__(self) -> None:
        self.values = 0
        self.gradients = 0

    def add_value(self, _: Array) -> None:
        """One evaluation of log gamma alone."""
        self.values += 1

    def add_gradient(self, _: Array) -> None:
        """One gradient, its value included, or one Hessian-vector product."""
        self.gradients += 1


def counting(target: Target, tally: Tally) -> Target:
    """The same target, whose log_prob adds to `tally` whenever it is run: under jit, vmap, grad and twice grad.

    Read the tally after `jax.effects_barrier()`. It sees executions: every lane of a vmap counts, the
    masked ones of a vmapped loop and both branches of a vmapped cond too, and so does whatever
    `jax.checkpoint` runs again.
    """
    gradient = jax.grad(target.log_prob)

    @jax.custom_jvp
    def counted_gradient(x: Array) -> Array:
        return gradient(x)

    @counted_gradient.defjvp
    def products(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
        # The product is counted where it is made: in a forward pass or, transposed, in every pull back.
        (x,), (direction,) = primals, tangents
        _, product = jax.jvp(gradient, (x,), (_linear_tick(direction, tally.add_gradient),))
        return gradient(x), product

    @jax.custom_jvp
    def log_prob(x: Array) -> Array:
        jax.debug.callback(tally.add_value, x)
        return target.log_prob(x)

    @log_prob.defjvp
    def value_and_gradient(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
        (x,), (direction,) = primals, tangents
        jax.debug.callback(tally.add_gradient, x)
        return target.log_prob(x), jnp.sum(counted_gradient(x) * direction)

    return replace(target, log_prob=log_prob)


def _linear_tick(x: Array, tick: Callable[[Array], None]) -> Array:
    """x itself, ticking when that is run; linear, and its own transpose, which JAX's callbacks are not."""
    return _tick.bind(x, tick=tick)


def _run_tick(x: Array, tick: Callable[[Array], None]) -> Array:
    jax.debug.callback(tick, x)
    return x


_tick = Primitive("tick")
_tick.def_impl(partial(jax.jit, static_argnames="tick")(_run_tick))
_tick.def_abstract_eval(lambda x, tick: x)
ad.deflinear2(_tick, lambda cotangent, _, tick: [_linear_tick(cotangent, tick)])
batching.primitive_batchers[_tick] = lambda xs, axes, tick: (
    jax.vmap(partial(_run_tick, tick=tick), axes[0], axes[0])(xs[0]),
    axes[0],
)
mlir.register_lowering(_tick, mlir.lower_fun(_run_tick, multiple_results=False))
