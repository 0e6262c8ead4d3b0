"""Which lanes of a `vmap` need what a loop or a condition of a program computes.

Under `vmap` a loop goes on until its last lane has finished, and computes for the others, too, what it then
throws away; it may be new points. Of a condition both branches are computed, and one is thrown away. While
control flow is followed, the functions of `jax.lax` for loops and conditions note, as the program is traced,
whether the lane needs what is being computed. What they compute stays the same.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

ALL: Any = np.True_


class Lanes:
    """What is known of the lane that is being traced: `needed`, a boolean that JAX may trace."""

    def __init__(self) -> None:
        self.needed: Array = ALL

    def where(self, condition: Any, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, whose lanes are needed only where they were before and the condition holds."""

        def restricted(*operands: Any) -> Any:
            outside = self.needed
            self.needed = outside & condition
            try:
                return function(*operands)
            finally:
                self.needed = outside

        return restricted

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Within this context, know which lanes are needed in each loop and condition that is traced.

        `jax.checkpoint` is switched off, because what it evaluates again to save memory is not part of the
        algorithm.
        """
        flow = ControlFlow(self)
        checkpoint = jax.checkpoint
        jax.checkpoint = lambda function, **_: function
        jax.lax.while_loop, jax.lax.fori_loop = flow.while_loop, flow.fori_loop
        jax.lax.cond, jax.lax.switch = flow.cond, flow.switch
        try:
            yield
        finally:
            jax.checkpoint = checkpoint
            jax.lax.while_loop, jax.lax.fori_loop = flow.jax_while_loop, flow.jax_fori_loop
            jax.lax.cond, jax.lax.switch = flow.jax_cond, flow.jax_switch


class ControlFlow:
    """The functions of `jax.lax` for loops and conditions, which tell `lanes` what is needed."""

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes
        self.jax_while_loop, self.jax_fori_loop = jax.lax.while_loop, jax.lax.fori_loop
        self.jax_cond, self.jax_switch = jax.lax.cond, jax.lax.switch

    def while_loop(self, cond_fun: Callable, body_fun: Callable, init_val: Any) -> Any:
        """The loop, which carries its condition along: it is computed as often as in `jax.lax.while_loop`."""

        def step(carry: tuple[Any, Array]) -> tuple[Any, Array]:
            value, goes_on = carry
            value = self.lanes.where(goes_on, body_fun)(value)
            return value, self.lanes.where(goes_on, cond_fun)(value)

        # Under `jit` the condition sees arrays, as in the loop: `~done` of a Python number is another thing.
        first = init_val, jax.jit(lambda value: cond_fun(value))(init_val)
        return self.jax_while_loop(lambda carry: carry[1], step, first)[0]

    def fori_loop(self, lower: Any, upper: Any, body_fun: Callable, init_val: Any, **options: Any) -> Any:
        """The loop, of whose lanes those are needed that have not reached their upper limit."""

        def step(i: Array, value: Any) -> Any:
            return self.lanes.where(i < upper, body_fun)(i, value)

        return self.jax_fori_loop(lower, upper, step, init_val, **options)

    def cond(self, pred: Any, true_fun: Callable, false_fun: Callable, *operands: Any, **options: Any) -> Any:
        """The condition, of whose two branches a lane needs one.

        BlackJAX still gives each branch an operand of its own: `cond(pred, x, true_fun, y, false_fun)`.
        """
        if not callable(true_fun):
            of_true, true_fun, (of_false, false_fun), operands = true_fun, false_fun, operands, ()
            true_fun, false_fun = partial(true_fun, of_true), partial(false_fun, of_false)
        holds = jnp.asarray(pred, bool)
        branches = self.lanes.where(holds, true_fun), self.lanes.where(~holds, false_fun)
        return self.jax_cond(pred, *branches, *operands, **options)

    def switch(self, index: Any, branches: Sequence[Callable], *operands: Any, **options: Any) -> Any:
        """The choice, of whose branches a lane needs one."""
        chosen = jnp.clip(index, 0, len(branches) - 1)
        restricted = [self.lanes.where(chosen == i, branch) for i, branch in enumerate(branches)]
        return self.jax_switch(index, restricted, *operands, **options)
