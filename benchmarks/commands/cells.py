"""The commands by which other programs run the cells of a grid: `plan`, `cell` and `merge`."""

from pathlib import Path
from typing import Annotated

import typer

from bridgemark.benchmarks.commands.options import (
    RESULTS,
    ComputeOn,
    Costly,
    Gradients,
    Memory,
    Plugins,
    Precision,
    Preset,
    Results,
    SamplerNames,
    Seconds,
    TargetNames,
    Timeout,
    Variations,
    grid,
    resources_of,
)


def plan(
    context: typer.Context,
    sampler: SamplerNames = [],  # noqa: B006  Typer copies it
    target: TargetNames = [],  # noqa: B006
    vary: Variations = [],  # noqa: B006
    seeds: Annotated[int | None, typer.Option(help="Number of seeds; they are 0, 1, 2, ...")] = None,
    draws: Annotated[int | None, typer.Option(help="Number of draws per seed, for every target.")] = None,
    preset: Preset = "default",
    plugin: Plugins = [],  # noqa: B006
    results: Results = RESULTS,
    cores: Annotated[int, typer.Option(help="Number of cores per cell.")] = 1,
    timeout: Timeout = None,
    memory: Memory = None,
    budget: Gradients = [],  # noqa: B006
    seconds: Seconds = [],  # noqa: B006
    costly: Costly = False,
    precision: Annotated[Precision, typer.Option(help="Floating-point precision.")] = Precision.FLOAT32,
    device: ComputeOn = None,
) -> None:
    """Print the cells that `run` would run, one per line, for `bridgemark cell`."""
    from rich.console import Console

    from bridgemark.benchmarks.rows.results import store_of
    from bridgemark.benchmarks.sweep.runner import listed_cells

    request, resources = grid(context.params), resources_of(context.params)
    for listed in listed_cells(request, store_of(results), resources, Console(stderr=True)):
        print(listed.to_line())


def cell(
    identity: Annotated[str | None, typer.Argument(help="First digits of the cell's identity.")] = None,
    line: Annotated[int | None, typer.Option(help="Number of the cell's line, from 1.")] = None,
    cells: Annotated[
        Path, typer.Option("--plan", metavar="FILE", help="File that `bridgemark plan` wrote.")
    ] = Path("cells.jsonl"),
    results: Results = RESULTS,
) -> None:
    """Run one cell of a plan. It ends at once where its rows are stored.

    The exit status is 1 if a row of the cell failed.
    """
    import os

    from bridgemark.benchmarks.console.plain_text import SteadyConsole
    from bridgemark.benchmarks.rows.results import store_of
    from bridgemark.benchmarks.sweep.cell_list import choose_cell, read_list, run_listed
    from bridgemark.benchmarks.sweep.crew import stored_rows
    from bridgemark.benchmarks.sweep.interruption import exit_when_stopped
    from bridgemark.benchmarks.sweep.progress import create_display

    listed = choose_cell(read_list(cells), identity, line)
    store = store_of(Path(os.path.abspath(results)))
    with exit_when_stopped(), create_display([listed.cell], SteadyConsole()) as display:
        store.require_writable()
        run_listed(listed, store, display)
    settled = all(map(store.settled, stored_rows(listed.cell.rows, store)))
    raise typer.Exit(int(not settled))


def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of results.")],
    results: Results = RESULTS,
) -> None:
    """Copy the rows of other folders of results into yours. A row that ended well is never replaced."""
    from bridgemark.benchmarks.rows.results import store_of
    from bridgemark.benchmarks.sweep.merging import merge_stores
    from bridgemark.benchmarks.text import count

    store = store_of(results)
    store.require_writable()
    copied = merge_stores(map(store_of, folders), store)
    print(f"{count(copied, 'row')} copied into {results}")
