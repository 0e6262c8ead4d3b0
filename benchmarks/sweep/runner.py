"""Runs a sweep: plans the grid, and runs the cells of the rows that the store lacks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.console import Console
from rich.text import Text

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep.cell_list import ListedCell
from bridgemark.benchmarks.sweep.crew import Workplace, run_cells, stored_rows
from bridgemark.benchmarks.sweep.dask_engine import require_engine, run_with_dask
from bridgemark.benchmarks.sweep.limits import CellLimits, memory_per_cell
from bridgemark.benchmarks.sweep.plan_cache import PlanCache
from bridgemark.benchmarks.sweep.planning import Plan, plan_apart
from bridgemark.benchmarks.sweep.progress import create_display
from bridgemark.benchmarks.sweep.request import Cell, Request, Shard, missing_cells
from bridgemark.benchmarks.text import count, printable


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a sweep may use. None stands for the default.

    Attributes:
        workers: the number of cells at a time; by default as many as there are cores for.
        timeout: processor seconds per cell and core; by default the preset's.
        memory: megabytes per cell; by default an equal part of what the machine has.
        shard: the part of the cells that this runner runs; by default all.
        devices: numbers of GPUs, of which each cell has one to itself; by default JAX chooses.
        engine: the Dask workers that run the cells, as for `dask_engine`; by default this process runs them.
    """

    workers: int | None = None
    timeout: float | None = None
    memory: float | None = None
    shard: Shard | None = None
    devices: tuple[str, ...] = ()
    engine: str | None = None


@dataclass(frozen=True)
class SweepResult:
    """The rows of the grid that are stored after a sweep, and the number of rows that the sweep ran.

    `refused` has one line on each target or plug-in that could not be planned.
    """

    rows: tuple[Row, ...]
    ran: int
    refused: tuple[str, ...] = ()


def run(
    request: Request, store: Store, resources: Resources | None = None, console: Console | None = None
) -> SweepResult:
    """Run every row of the grid that the store lacks, and show the progress on `console`.

    Raises BadInput before any cell starts.
    """
    resources, console = resources or Resources(), console or Console()
    workers = number_of_workers(resources.workers, request.cores)
    if resources.engine is not None:
        require_engine(resources.engine)
    plan = plan_and_show(request, store, console)
    request = replace(request, plugins=plan.plugins)
    workplace = _workplace(request, store, resources, workers)
    cells = missing_cells(plan.rows, store, request, resources.shard)
    missing = sum(len(cell.rows) for cell in cells)
    console.print(f"{missing} of {count(len(plan.rows), 'row')} to run in {count(len(cells), 'cell')}")
    with create_display(cells, console) as display:
        if resources.engine is None:
            run_cells(cells, workplace, display)
        else:
            run_with_dask(resources.engine, _listed(cells, request, resources), store, display)
    return SweepResult(stored_rows(plan.rows, store), missing, tuple(plan.refused))


def listed_cells(request: Request, store: Store, resources: Resources, console: Console) -> list[ListedCell]:
    """The cells of the rows that the store lacks, for whatever program runs them.

    Raises BadInput where nothing can be planned.
    """
    plan = plan_and_show(request, store, console)
    request = replace(request, plugins=plan.plugins)
    return _listed(missing_cells(plan.rows, store, request, resources.shard), request, resources)


def plan_and_show(request: Request, store: Store, console: Console) -> Plan:
    """Plan a request, show on `console` what is planned at the moment, and print what is refused.

    Raises BadInput where nothing can be planned.
    """
    with console.status("planning") as status:

        def show_phase(phase: str) -> None:
            status.update(Text(printable(f"planning: {phase}")))  # a path is no markup

        plan = plan_apart(request, plan_cache(store), show_phase)
    for line in plan.refused:
        console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
    return plan


def plan_cache(store: Store) -> PlanCache:
    """Where the plans of the sweeps into a store are kept."""
    return PlanCache(store.root / ".plans")


def number_of_workers(workers: int | None, cores_per_cell: int) -> int:
    """The number of cells at a time; None means as many as there are cores for.

    Raises BadInput where there are too few cores.
    """
    available = len(environment.available_cores())
    workers = workers or max(1, available // cores_per_cell)
    if workers * cores_per_cell > available:
        raise BadInput(
            f"{workers} worker(s) of {cores_per_cell} core(s) need {workers * cores_per_cell} cores, "
            f"but {available} can be used; lower --workers or --cores"
        )
    return workers


def _listed(cells: Sequence[Cell], request: Request, resources: Resources) -> list[ListedCell]:
    seconds = resources.timeout or request.preset.timeout
    return [
        ListedCell(
            cell=cell,
            plugins=request.plugins,
            cores=request.cores,
            seconds=seconds,
            megabytes=resources.memory,
        )
        for cell in cells
    ]


def _workplace(request: Request, store: Store, resources: Resources, workers: int) -> Workplace:
    cores, cores_per_cell = environment.available_cores(), request.cores
    if resources.devices:
        workers = min(workers, len(resources.devices))
        # XLA compiles for a GPU on all cores that it gets, and most of a cell's time is compiling.
        cores_per_cell = max(request.cores, len(cores) // workers)
    limits = CellLimits(
        seconds=resources.timeout or request.preset.timeout,
        megabytes=resources.memory or memory_per_cell(workers),
        cores=cores_per_cell,
    )
    return Workplace(
        store=store,
        cores=cores,
        cores_per_cell=cores_per_cell,
        workers=workers,
        limits=limits,
        plugins=request.plugins,
        devices=resources.devices,
    )
