"""The command `run`, which runs the missing rows of a grid."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridgemark.benchmarks.commands.options import (
    RESULTS,
    ComputeOn,
    Costly,
    Devices,
    DryRun,
    Engine,
    Gradients,
    Memory,
    Plugins,
    Precision,
    Preset,
    Published,
    Results,
    SamplerNames,
    Seconds,
    ShardOption,
    TargetNames,
    Timeout,
    Variations,
    Workers,
    grid,
    layered,
    published_only,
    resources_of,
)

if TYPE_CHECKING:
    from bridgemark.benchmarks.sweep.request import Request
    from bridgemark.benchmarks.sweep.runner import Resources

REFUSED = 2  # the exit status where a target or a plug-in was refused and the others ran


def run(
    context: typer.Context,
    sampler: SamplerNames = [],  # noqa: B006  Typer copies it
    target: TargetNames = [],  # noqa: B006
    vary: Variations = [],  # noqa: B006
    seeds: Annotated[int | None, typer.Option(help="Number of seeds; they are 0, 1, 2, ...")] = None,
    draws: Annotated[int | None, typer.Option(help="Number of draws per seed, for every target.")] = None,
    preset: Preset = "default",
    plugin: Plugins = [],  # noqa: B006
    results: Results = RESULTS,
    published: Published = None,
    workers: Workers = None,
    cores: Annotated[int, typer.Option(help="Number of cores per cell.")] = 1,
    timeout: Timeout = None,
    memory: Memory = None,
    shard: ShardOption = None,
    engine: Engine = None,
    budget: Gradients = [],  # noqa: B006
    seconds: Seconds = [],  # noqa: B006
    costly: Costly = False,
    precision: Annotated[Precision, typer.Option(help="Floating-point precision.")] = Precision.FLOAT32,
    device: ComputeOn = None,
    devices: Devices = None,
    dry_run: DryRun = False,
) -> None:
    """Run the missing rows of a grid, and compare them with the published ones.

    A row is one seed of one sampler on one target. Rows that are stored are not run again.
    """
    request, resources = grid(context.params), resources_of(context.params)
    act = _forecast if dry_run else _run_sweep
    act(request, results, published, resources)


def _forecast(request: "Request", results: Path, published: Path | None, resources: "Resources") -> None:
    """Print what a sweep would run, and how long it would take by rows that are published or stored."""
    from rich.console import Console

    from bridgemark.benchmarks.console.forecast import print_forecast
    from bridgemark.benchmarks.console.plain_text import print_plain
    from bridgemark.benchmarks.rows.results import store_of
    from bridgemark.benchmarks.sweep.planning import plan_apart
    from bridgemark.benchmarks.sweep.request import missing_cells
    from bridgemark.benchmarks.sweep.runner import number_of_workers

    workers = number_of_workers(resources.workers, request.cores)
    earlier = layered(results, published).read_if_any()
    console, plan = Console(), plan_apart(request)
    for line in plan.refused:
        print_plain(console, line)
    cells = missing_cells(plan.rows, store_of(results), request, resources.shard)
    print_forecast(plan.rows, cells, earlier, workers, console)
    raise typer.Exit(REFUSED if plan.refused else 0)


def _run_sweep(request: "Request", results: Path, published: Path | None, resources: "Resources") -> None:
    """Run a sweep, print its progress and its outcome, and compare what it ran with the published rows.

    Exits with status 2 where something was refused, and with 128 plus the number of a signal that stopped it.
    """
    from bridgemark.benchmarks.console.plain_text import SteadyConsole
    from bridgemark.benchmarks.console.summary import print_summary
    from bridgemark.benchmarks.rows.results import store_of
    from bridgemark.benchmarks.sweep.interruption import exit_when_stopped
    from bridgemark.benchmarks.sweep.runner import run as run_sweep

    store, console = store_of(Path(os.path.abspath(results))), SteadyConsole()
    with exit_when_stopped():
        store.require_writable()
        published_rows = published_only(published).read_if_any()
        result = run_sweep(request, store, resources, console)
    print_summary(result.rows, result.ran, store, console)
    if result.ran:
        from bridgemark.benchmarks.console.against_published import print_against_published

        print_against_published(published_rows, result.rows, console)
    raise typer.Exit(REFUSED if result.refused else 0)
