"""Measures one program on the device, as a line of what `accelerator.py` writes."""

import gc
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import accelerator_programs as programs
import jax
import numpy as np
from arithmetic import kernels

from bridgemark.benchmarks.text import one_line

TURN_SECONDS, LEAST_TURNS, MOST_TURNS = 2.0, 2, 20
SMALLEST = 64  # of the sizes that are tried where there is too little memory


class Line(NamedTuple):
    """A measured case; None is unknown or without a meaning.

    Attributes:
        device: the kind of device.
        part: what was run: a training step, a product, ...
        case: the target, and whatever else distinguishes it from the cases of this part.
        size: paths in a batch, chains, particles, rows of a matrix, or numbers copied.
        precision: of matrix products, as JAX names it.
        compile_seconds: seconds until the program was compiled.
        seconds: of the best call.
        work: how much a call makes, in `unit`s.
        gradients: gradients of log gamma in a call.
        products: floating-point operations of matrix products in a call, counted by `arithmetic`.
        others: all others in a call, counted likewise.
        loop_bytes: bytes that enter and leave the iterations of loops, or those of all gradients.
        kernels: kernels that a call starts, where the length of all loops is known.
        scratch_bytes: memory of the device that the program needs besides its inputs and outputs.
        repeats: whether two calls gave the same bits.
        error: root mean square error of a log density or weight, in nats.
        note: why something is missing or smaller.
    """

    device: str
    part: str
    case: str
    size: int | None = None
    precision: str = "highest"
    compile_seconds: float | None = None
    seconds: float | None = None
    work: float | None = None
    unit: str | None = None
    gradients: float | None = None
    products: float | None = None
    others: float | None = None
    loop_bytes: float | None = None
    kernels: int | None = None
    scratch_bytes: int | None = None
    repeats: bool | None = None
    error: float | None = None
    note: str | None = None


def measure(line: Line, prepare: Callable[[int], Any]) -> Line:
    """The line with what was measured of the program that `prepare` makes for a size.

    Where the device has too little memory, half of the size is tried.
    """
    assert line.size is not None
    try:
        with jax.default_matmul_precision(line.precision):
            return measure_program(line, prepare(line.size))
    except Exception as error:
        note = one_line(error, 200)
    if "RESOURCE_EXHAUSTED" in note and line.size >= 2 * SMALLEST:
        gc.collect()
        return measure(
            line._replace(size=line.size // 2, note=f"{line.size:,} need too much memory"), prepare
        )
    return line._replace(note=note)


def measure_program(line: Line, program: Any) -> Line:
    """Compile a program, call it again and again, and say what it did."""
    begun = time.perf_counter()
    compiled = jax.jit(program.run).lower(*program.arguments).compile()
    compile_seconds = time.perf_counter() - begun
    first = jax.device_get(jax.tree.leaves(jax.block_until_ready(compiled(*program.arguments))))
    seconds: list[float] = []
    while len(seconds) < LEAST_TURNS or (sum(seconds) < TURN_SECONDS and len(seconds) < MOST_TURNS):
        begun = time.perf_counter()
        output = jax.block_until_ready(compiled(*program.arguments))
        seconds.append(time.perf_counter() - begun)
    gradients = program.count(output)
    counted = program.fixed.plus(program.per_gradient.times(gradients))
    memory = compiled.memory_analysis()
    return line._replace(
        compile_seconds=compile_seconds,
        seconds=min(seconds),
        work=program.work,
        unit=program.unit,
        gradients=gradients or None,
        products=counted.products or None,
        others=counted.others or None,
        loop_bytes=counted.loop_bytes or None,
        kernels=kernels(compiled),
        scratch_bytes=None if memory is None else memory.temp_size_in_bytes,
        repeats=all(map(_same_bits, first, jax.device_get(jax.tree.leaves(output)))),
    )


def _same_bits(before: Any, after: Any) -> bool:
    return before.shape == after.shape and before.tobytes() == after.tobytes()


def log_density_error(line: Line) -> Line:
    """The line with the error of a target's log density."""
    with jax.default_matmul_precision(line.precision):
        return line._replace(error=programs.log_density_error(line.case))


def log_weight_error(line: Line) -> Line:
    """The line with the root mean square of what its precision changes in log weights of `dds`."""
    weights = []
    for precision in ("highest", line.precision):
        with jax.default_matmul_precision(precision):
            weights.append(programs.log_weights(line.case, programs.POINTS))
    difference = weights[1] - weights[0]
    note = f"mean {np.mean(difference):.2g}; log weights have deviation {np.std(weights[0]):.3g}"
    return line._replace(error=float(np.sqrt(np.mean(difference**2))), note=note)
