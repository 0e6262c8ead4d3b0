"""The cases that `accelerator.py` measures, and their sizes on a GPU, on one core and in a test."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import accelerator_programs as programs
from accelerator_lines import Line, log_density_error, log_weight_error, measure

COPIES = 10
FULL_PRECISION = "highest"


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
    precisions: tuple[str, ...] = (FULL_PRECISION, "default")


FULL = ("lgcp-1600", "ionosphere-35", "funnel-10")
ON_ACCELERATOR = Sizes(
    paths=dict.fromkeys(FULL, 2_000),
    updates=5,
    chains=(64, 1_024),
    length=50,
    particles=100_000,
    products=((8_192, 8_192, 4), (2_000, 1_600, 100), (2_000, 64, 1_000)),
    numbers=2**27,
    errors=FULL,
)
ON_A_CORE = ON_ACCELERATOR._replace(
    paths={"lgcp-1600": 32, "ionosphere-35": 2_000, "funnel-10": 2_000},
    updates=1,
    length=10,
    products=((1_024, 1_024, 4), (256, 1_600, 10), (2_000, 64, 100)),
    numbers=2**25,
    precisions=(FULL_PRECISION,),
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


class Case(NamedTuple):
    """A line without results, and how they are measured."""

    line: Line
    measure: Callable[[Line], Line]


def cases(sizes: Sizes, kind: str) -> Iterator[Case]:
    """Everything that is measured on this kind of device, the most important first."""
    full, *_ = precisions = sizes.precisions
    for precision in precisions:
        for rows, inner, repeats in sizes.products:
            line = Line(kind, "product", f"({inner} x {inner})", rows, precision)
            yield Case(line, partial(measure, prepare=partial(programs.product, inner, repeats)))
    line = Line(kind, "copy", "x + 1", sizes.numbers)
    yield Case(line, partial(measure, prepare=partial(programs.stream, COPIES)))
    for precision in precisions:
        for target in sizes.errors:
            yield Case(Line(kind, "density", target, None, precision), log_density_error)
    yield from steps(sizes, kind, full)
    for chains in sizes.chains:
        line = Line(kind, "nuts", f"ionosphere-35, {chains} chains", chains)
        prepare = partial(programs.nuts, "ionosphere-35", sizes.length)
        yield Case(line, partial(measure, prepare=prepare))
    line = Line(kind, "smc", "gmm40-2", sizes.particles)
    yield Case(line, partial(measure, prepare=partial(programs.smc, "gmm40-2")))
    for precision in precisions[1:]:
        for target in sizes.errors:
            yield Case(Line(kind, "weights", target, None, precision), log_weight_error)
        yield from steps(sizes, kind, precision)


def steps(sizes: Sizes, kind: str, precision: str) -> Iterator[Case]:
    """The training steps of all targets with both losses, the largest target first."""
    for target, paths in sizes.paths.items():
        for loss in programs.LOSSES:
            line = Line(kind, "step", f"{target}, {loss}", paths, precision)
            prepare = partial(programs.training_step, target, loss, sizes.updates)
            yield Case(line, partial(measure, prepare=prepare))
