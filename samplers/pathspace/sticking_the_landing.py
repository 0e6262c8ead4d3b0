"""Kernel shifts in two copies, one to move a path and one to score the move.

The gradient of "sticking the landing" (Roeder, Wu, Duvenaud 2017) moves the path by the control that is
being trained but scores it by a copy whose parameters are held fixed.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from bridgemark.samplers.pathspace.path_measure import KernelShift, ShiftFn


class ShiftPair(NamedTuple):
    """One kernel shift twice: to move the path, and to score the move."""

    to_move: KernelShift
    to_score: KernelShift


def with_copy(shift: ShiftFn) -> Callable[[Any, Array, Any], ShiftPair]:
    """The kernel shift evaluated once and used for both purposes."""

    def shift_pair(features: Any, x: Array, guidance: Any) -> ShiftPair:
        value = shift(features, x, guidance)
        return ShiftPair(to_move=value, to_score=value)

    return shift_pair


def with_fixed_copy(shift: ShiftFn) -> Callable[[Any, Array, Any], ShiftPair]:
    """The kernel shift evaluated once; in `to_score` it has no derivative in its parameters.

    The parameters are the features and every array that `shift` closes over, such as the weights of its
    network. Both members still depend on the position, that is on x and on the guidance there. Stopping
    the gradient of the parameters in a second evaluation would give the same derivatives but cost twice
    as much, so a derivative rule is written for the pair instead.
    """

    def shift_pair(features: Any, x: Array, guidance: Any) -> ShiftPair:
        # `closure_convert` turns the arrays that `shift` closes over into arguments: only arguments of a
        # function with a derivative rule of its own can be differentiated.
        converted_shift, closed_over = jax.closure_convert(shift, features, x, guidance)

        def evaluate(parameters: tuple[Any, Any], position: tuple[Array, Any]) -> KernelShift:
            features, closed_over = parameters
            x, guidance = position
            return converted_shift(features, x, guidance, *closed_over)

        @jax.custom_jvp
        def evaluate_pair(parameters: tuple[Any, Any], position: tuple[Array, Any]) -> ShiftPair:
            value = evaluate(parameters, position)
            return ShiftPair(to_move=value, to_score=value)

        @evaluate_pair.defjvp
        def evaluate_pair_and_derivative(
            primals: tuple[Any, Any], tangents: tuple[Any, Any]
        ) -> tuple[ShiftPair, ShiftPair]:
            parameters, position = primals
            parameters_tangent, position_tangent = tangents
            value, by_position = jax.jvp(
                lambda position: evaluate(parameters, position), (position,), (position_tangent,)
            )
            _, by_parameters = jax.jvp(
                lambda parameters: evaluate(parameters, position), (parameters,), (parameters_tangent,)
            )
            by_both = jax.tree.map(jnp.add, by_parameters, by_position)
            return ShiftPair(value, value), ShiftPair(to_move=by_both, to_score=by_position)

        return evaluate_pair((features, closed_over), (x, guidance))

    return shift_pair
