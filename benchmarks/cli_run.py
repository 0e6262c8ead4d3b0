"""The command `run`, which runs the missing rows of a grid."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridgemark.benchmarks.cli_options import (
    RESULTS,
    ComputeOn,
    Costly,
    Gradients,
    Names,
    Plugins,
    Precision,
    Results,
    Seconds,
    Timeout,
    Workers,
)
from bridgemark.benchmarks.errors import choose, require_positive
from bridgemark.benchmarks.sweep.presets import PRESETS, parse_budgets, split_names

if TYPE_CHECKING:
    from bridgemark.benchmarks.rows.store import Store
    from bridgemark.benchmarks.sweep.plan import Request

INTERRUPTED = 130  # the exit status by which a shell reports Ctrl-C


def run(
    sampler: Names = [],  # noqa: B006  Typer copies it
    target: Names = [],  # noqa: B006
    seeds: Annotated[int | None, typer.Option(help="Number of seeds; they are 0, 1, 2, ...")] = None,
    draws: Annotated[int | None, typer.Option(help="Number of draws per seed, for every target.")] = None,
    preset: Annotated[str, typer.Option(help=f"Grid to start from: {', '.join(PRESETS)}.")] = "default",
    plugin: Plugins = [],  # noqa: B006
    results: Results = RESULTS,
    workers: Workers = None,
    cores: Annotated[int, typer.Option(help="Number of cores per cell.")] = 1,
    timeout: Timeout = None,
    budget: Gradients = [],  # noqa: B006
    seconds: Seconds = [],  # noqa: B006
    costly: Costly = False,
    precision: Annotated[Precision, typer.Option(help="Floating-point precision.")] = Precision.FLOAT32,
    device: ComputeOn = None,
) -> None:
    """Run the missing rows of a grid.

    A row is one seed of one sampler on one target. Rows that are stored are not run again.
    """
    require_positive(seeds=seeds, draws=draws, workers=workers, cores=cores, timeout=timeout)
    chosen_preset = choose("preset", [preset], PRESETS)[preset]
    store = _prepare_planning(results)
    from bridgemark.benchmarks.sweep.plan import Request

    request = Request(
        preset=chosen_preset,
        samplers=split_names(sampler),
        targets=split_names(target),
        seeds=seeds,
        draws=draws,
        precision=precision.value,
        cores=cores,
        budgets=parse_budgets("budget", budget, "gradients") + parse_budgets("seconds", seconds, "seconds"),
        costly=costly,
        plugins=tuple(plugin),
        jax_platform=device and device.value,
    )
    _run_sweep(request, store, workers, timeout)


def _prepare_planning(results: Path) -> "Store":
    """Make the settings of this process our own, before JAX is imported, and open the store for writing."""
    from bridgemark.benchmarks.rows import environment

    environment.configure_planning()
    from bridgemark.benchmarks.rows.store import Store

    store = Store(results / "store")
    store.require_writable()
    return store


def _run_sweep(request: "Request", store: "Store", workers: int | None, timeout: float | None) -> None:
    """Run a sweep and print its progress and its outcome. Exits with status 130 when interrupted."""
    from rich.console import Console

    from bridgemark.benchmarks.console.summary import print_summary
    from bridgemark.benchmarks.sweep.runner import run as run_sweep

    console = Console()
    try:
        result = run_sweep(request, store, workers, timeout, console)
    except KeyboardInterrupt:
        console.print("interrupted; what is stored stays, and the same command continues from there")
        raise typer.Exit(INTERRUPTED) from None
    print_summary(result.rows, result.ran, store, console)
