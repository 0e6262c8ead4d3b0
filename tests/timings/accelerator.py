"""What an accelerator gains: `python tests/timings/accelerator.py --out gpu.csv` takes three minutes on a GPU.

It measures training steps of `dds`, NUTS, SMC, matrix products and copies on the device that JAX prefers, and
writes a line of CSV as soon as it has one. `--cpu` measures the same on one core, at sizes that it can do, and
`accelerator_table.py` compares both. `--small` is for tests.
"""

import argparse
import csv
import gc
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from bridgemark.benchmarks.rows import settings
from bridgemark.benchmarks.rows.environment import available_cores, device
from bridgemark.benchmarks.text import one_line

TURN_SECONDS, LEAST_TURNS, MOST_TURNS = 2.0, 2, 20
SMALLEST = 64  # of the sizes that are tried where there is too little memory


class Line(NamedTuple):
    """A measured case; None is unknown or without a meaning.

    Attributes:
        device: the kind of device.
        part: which part of the measurement.
        case: what was run.
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


class Sizes(NamedTuple):
    """How much of everything is measured; `paths` by target, `products` are rows, inner size and repeats."""

    paths: dict[str, int]
    updates: int
    chains: tuple[int, ...]
    length: int
    particles: int
    products: tuple[tuple[int, int, int], ...]
    numbers: int
    errors: tuple[str, ...]


FULL = ("funnel-10", "ionosphere-35", "lgcp-1600")
ON_ACCELERATOR = Sizes(
    paths=dict.fromkeys(FULL, 2_000),
    updates=5,
    chains=(64, 1_024),
    length=50,
    particles=100_000,
    products=((8_192, 8_192, 4), (2_000, 1_600, 100), (2_000, 64, 1_000)),
    numbers=2**28,
    errors=FULL,
)
ON_A_CORE = ON_ACCELERATOR._replace(
    paths={"funnel-10": 2_000, "ionosphere-35": 2_000, "lgcp-1600": 32},
    updates=1,
    length=10,
    products=((1_024, 1_024, 4), (256, 1_600, 10), (2_000, 64, 100)),
    numbers=2**25,
)
SMALL = Sizes(
    paths={"funnel-10": 16},
    updates=1,
    chains=(4,),
    length=2,
    particles=64,
    products=((64, 64, 4),),
    numbers=2**10,
    errors=("funnel-10",),
)


def measure(line: Line, prepare: Callable[[int], Any]) -> Line:
    """The line with what was measured of the program that `prepare` makes for a size.

    Where the device has too little memory, half of the size is tried.
    """
    import jax

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
    import jax
    from arithmetic import kernels

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


def cases(sizes: Sizes, kind: str, precisions: tuple[str, ...]) -> Iterator[Callable[[], Line]]:
    """Everything that is measured, the most important first."""
    import device_cases

    for precision in precisions:
        for rows, inner, repeats in sizes.products:
            line = Line(kind, "product", f"({rows} x {inner}) @ ({inner} x {inner})", rows, precision)
            yield partial(measure, line, partial(device_cases.product, inner, repeats))
    line = Line(kind, "copy", "x + 1", sizes.numbers)
    yield partial(measure, line, partial(device_cases.stream, 10))
    for precision in precisions:
        for target in sizes.errors:
            yield partial(log_density_error, Line(kind, "error", f"{target}, log density", None, precision))
    yield from steps(sizes, kind, precisions[0])
    for chains in sizes.chains:
        line = Line(kind, "nuts", "ionosphere-35", chains, precisions[0])
        yield partial(measure, line, partial(device_cases.nuts, "ionosphere-35", sizes.length))
    line = Line(kind, "smc", "gmm40-2", sizes.particles, precisions[0])
    yield partial(measure, line, partial(device_cases.smc, "gmm40-2"))
    for precision in precisions[1:]:
        for target in sizes.errors:
            yield partial(log_weight_error, Line(kind, "error", f"{target}, log weights", None, precision))
        yield from steps(sizes, kind, precision)


def steps(sizes: Sizes, kind: str, precision: str) -> Iterator[Callable[[], Line]]:
    """The training steps of all targets with both losses."""
    import device_cases

    for target, paths in sizes.paths.items():
        for loss in device_cases.LOSSES:
            line = Line(kind, "step", f"{target}, {loss}", paths, precision)
            yield partial(measure, line, partial(device_cases.training_step, target, loss, sizes.updates))


def log_density_error(line: Line) -> Line:
    """The line with the error of a target's log density."""
    import device_cases
    import jax

    with jax.default_matmul_precision(line.precision):
        return line._replace(error=device_cases.log_density_error(line.case.partition(",")[0]))


def log_weight_error(line: Line) -> Line:
    """The line with the root mean square by which log weights of `dds` differ from those in full precision."""
    import device_cases
    import jax
    import numpy as np

    weights = []
    for precision in ("highest", line.precision):
        with jax.default_matmul_precision(precision):
            weights.append(device_cases.log_weights(line.case.partition(",")[0], device_cases.POINTS))
    difference = weights[1] - weights[0]
    note = f"mean {np.mean(difference):.2g}; log weights have deviation {np.std(weights[0]):.3g}"
    return line._replace(error=float(np.sqrt(np.mean(difference**2))), note=note)


def attempt(case: Callable[[], Line], deadline: float) -> Line:
    """The line of a case, with the reason in its note where it fails or comes too late."""
    line = case.args[0] if isinstance(case, partial) else None
    assert line is not None
    if time.monotonic() > deadline:
        return line._replace(note="not run: the time is over")
    try:
        return case()
    except Exception as error:
        return line._replace(note=one_line(error, 200))


def main() -> None:
    """Measure everything that there is time for, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="tiny sizes, compiled quickly")
    parser.add_argument("--cpu", action="store_true", help="one core instead of the default device")
    parser.add_argument("--out", type=Path, help="file for the lines; default: the screen")
    parser.add_argument("--seconds", type=float, default=600.0, help="after these nothing new is begun")
    options = parser.parse_args()
    deadline = time.monotonic() + options.seconds
    cores = available_cores()
    settings.configure(cores[-1:] if options.cpu else cores, "float32", "cpu" if options.cpu else None)
    if options.small:
        settings.configure_planning()
    kind = device()
    on_cpu = kind.startswith("cpu")
    sizes = SMALL if options.small else ON_A_CORE if on_cpu else ON_ACCELERATOR
    precisions = ("highest",) if on_cpu and not options.small else ("highest", "default")
    file = options.out.open("w", newline="") if options.out else sys.stdout
    with file:
        writer = csv.writer(file)
        writer.writerow(Line._fields)
        for case in cases(sizes, kind, precisions):
            line = attempt(case, deadline)
            writer.writerow(line)
            file.flush()
            print(line, file=sys.stderr)
            gc.collect()


if __name__ == "__main__":
    main()
