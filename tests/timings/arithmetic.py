"""Counts the arithmetic of a program before it is compiled, and the kernels of one that was compiled.

Loops are counted as often as they run. XLA's own cost analysis counts the body of a loop once, and leaves out
products that it hands to a library, so that it cannot say what a training step costs.
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

# These move numbers and compute none.
MOVES = {
    *("broadcast_in_dim", "concatenate", "convert_element_type", "copy", "dynamic_slice", "expand_dims"),
    *("dynamic_update_slice", "gather", "iota", "pad", "reshape", "rev", "select_n", "slice", "squeeze"),
    *("stop_gradient", "transpose", "optimization_barrier"),
}
# Instructions of XLA that start no kernel.
FREE = {"parameter", "tuple", "get-tuple-element", "bitcast", "constant", "after-all", "partition-id"}
CALLS = {"while", "call", "conditional"}
COMPUTATION = re.compile(r"^(ENTRY )?%?([\w.\-]+) .*\{$")
INSTRUCTION = re.compile(r"^\s+(?:ROOT )?%?[\w.\-]+ = .*? ([a-z][a-z\-0-9]*)\(")
TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"')
CALLED = re.compile(r"(?:body|condition|to_apply|true_computation|false_computation)=%?([\w.\-]+)")


class Arithmetic(NamedTuple):
    """Floating-point operations of matrix products and of everything else, and bytes that loops must move.

    The bytes are those that enter and leave every iteration of every loop: so many are moved if each
    iteration is one kernel and no cache keeps anything for the next.
    """

    products: float = 0.0
    others: float = 0.0
    loop_bytes: float = 0.0

    def times(self, factor: float) -> "Arithmetic":
        """As much of everything, so many times."""
        return Arithmetic(*(factor * amount for amount in self))

    def plus(self, more: "Arithmetic") -> "Arithmetic":
        """The sum of both."""
        return Arithmetic(*(a + b for a, b in zip(self, more, strict=True)))


def arithmetic(function: Callable, *arguments: Any) -> Arithmetic:
    """What a function of JAX computes. A loop of a length that is not known counts as one iteration."""
    return _of_program(jax.make_jaxpr(function)(*arguments).jaxpr)


def _of_program(program: Any) -> Arithmetic:
    total = Arithmetic()
    for equation in program.eqns:
        total = total.plus(_of_equation(equation))
    return total


def _of_equation(equation: Any) -> Arithmetic:
    name, inside = equation.primitive.name, list(_programs_inside(equation.params))
    if name == "dot_general":
        return Arithmetic(products=_product_operations(equation))
    if name == "scan":
        (body,) = inside
        moved = sum(_bytes(variable) for variable in (*body.invars, *body.outvars))
        return _of_program(body).plus(Arithmetic(loop_bytes=moved)).times(equation.params["length"])
    if name == "cond":
        return max(map(_of_program, inside))
    if inside:
        total = Arithmetic()
        for program in inside:
            total = total.plus(_of_program(program))
        return total
    return Arithmetic(others=0 if name in MOVES else _largest(equation))


def _programs_inside(parameters: dict[str, Any]) -> Iterator[Any]:
    """The programs that an operation runs: the body of a loop, branches of a condition, what is called."""
    for value in parameters.values():
        for entry in value if type(value) in (tuple, list) else (value,):
            program = getattr(entry, "jaxpr", entry)
            if getattr(program, "eqns", None) is not None:
                yield program


def _product_operations(equation: Any) -> float:
    (contracted, _), _ = equation.params["dimension_numbers"]
    left, out = equation.invars[0].aval.shape, equation.outvars[0].aval.shape
    return 2.0 * math.prod(out) * math.prod(left[axis] for axis in contracted)


def _largest(equation: Any) -> float:
    """The size of the largest array of floating-point numbers that an operation reads or makes."""
    variables = (*equation.invars, *equation.outvars)
    return max((variable.aval.size for variable in variables if _is_floating(variable.aval)), default=0.0)


def _is_floating(abstract: Any) -> bool:
    return getattr(abstract, "dtype", None) is not None and jnp.issubdtype(abstract.dtype, jnp.inexact)


def _bytes(variable: Any) -> float:
    return variable.aval.size * variable.aval.dtype.itemsize


def kernels(compiled: Any) -> int | None:
    """How many kernels a compiled program starts; None where it has a loop of a length that is not known."""
    computations: dict[str, list[str]] = {}
    entry, current = "", ""
    for line in compiled.as_text().splitlines():
        heading = COMPUTATION.match(line)
        if heading:
            current = heading[2]
            entry = current if heading[1] else entry
            computations[current] = []
        elif current:
            computations[current].append(line)
    count = _kernels_in(entry, computations)
    return None if math.isnan(count) else int(count)


def _kernels_in(name: str, computations: dict[str, list[str]]) -> float:
    """The kernels of a computation; NaN where their number is not known."""
    total = 0.0
    for line in computations[name]:
        instruction = INSTRUCTION.match(line)
        kind = "parameter" if instruction is None else instruction[1]
        if kind in CALLS:
            inside = sum(_kernels_in(called, computations) for called in CALLED.findall(line))
            total += inside * (_trips(line) if kind == "while" else 1)
        elif kind not in FREE:
            total += 1
    return total


def _trips(line: str) -> float:
    trips = TRIPS.search(line)
    return float(trips[1]) if trips else math.nan
