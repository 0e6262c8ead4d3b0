"""Runs a sweep: each missing cell in a subprocess bound to its own cores, several at a time."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeAlias

from rich.console import Console

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.row import Row, worst_status
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep import process
from bridgemark.benchmarks.sweep.plan import Cell, Request, missing_cells, plan
from bridgemark.benchmarks.sweep.process import CellProcess
from bridgemark.benchmarks.sweep.progress import Display, create_display
from bridgemark.benchmarks.text import count

CoreSet: TypeAlias = tuple[int, ...]  # the numbers of the cores that one worker uses


@dataclass(frozen=True)
class SweepResult:
    """The rows of the grid that are stored after a sweep, and the number of rows that the sweep ran."""

    rows: tuple[Row, ...]
    ran: int


def run(
    request: Request,
    store: Store,
    workers: int | None = None,
    timeout: float | None = None,
    console: Console | None = None,
) -> SweepResult:
    """Run every row of the grid that the store lacks, and show the progress on `console`.

    `timeout` is in seconds per cell; None means the preset's. Raises BadInput before any cell starts.
    """
    console = console or Console()
    core_sets = divide_cores(workers, request.cores)
    rows = plan(request)
    cells = missing_cells(rows, store, request.costly, request.jax_platform)
    missing = sum(len(cell.rows) for cell in cells)
    console.print(f"{missing} of {count(len(rows), 'row')} to run in {count(len(cells), 'cell')}")
    with create_display(cells, console) as display:
        run_cells(cells, core_sets, timeout or request.preset.timeout, store, request.plugins, display)
    return SweepResult(_stored(rows, store), missing)


def divide_cores(workers: int | None, cores: int) -> list[CoreSet]:
    """Give each worker `cores` cores of its own; None means as many workers as there are cores for.

    Raises BadInput where there are too few cores.
    """
    available = environment.available_cores()
    workers = workers or max(1, len(available) // cores)
    if workers * cores > len(available):
        raise BadInput(
            f"{workers} worker(s) of {cores} core(s) need {workers * cores} cores, "
            f"but {len(available)} can be used; lower --workers or --cores"
        )
    return [available[i * cores : (i + 1) * cores] for i in range(workers)]


def run_cells(
    cells: Sequence[Cell],
    core_sets: Sequence[CoreSet],
    timeout: float,
    store: Store,
    plugins: tuple[str, ...],
    display: Display,
) -> None:
    """Run the cells in order, one at a time on each set of cores, until every row is stored.

    A cell that is not finished after `timeout` seconds is stopped. However this function ends, no process
    that it started goes on.
    """
    waiting, free = deque(cells), list(reversed(core_sets))
    running: list[CellProcess] = []
    try:
        while waiting or running:
            while waiting and free:
                running.append(process.start(waiting.popleft(), free.pop(), store, plugins))
                display.cell_started(running[-1].cell)
            _show_reports(running, display)
            over = [cell_process for cell_process in running if process.is_over(cell_process, timeout)]
            for cell_process in over:
                _show_reports([cell_process], display)
                _end_cell(cell_process, timeout, store, display)
                running.remove(cell_process)
                free.append(cell_process.cores)
    finally:
        for cell_process in running:
            process.kill(cell_process)


def _show_reports(running: Sequence[CellProcess], display: Display) -> None:
    for cell_process, message in process.listen(running):
        if "stored" in message:
            display.row_stored(cell_process.cell)
        else:
            display.phase_changed(cell_process.cell, cell_process.phase)


def _end_cell(cell_process: CellProcess, timeout: float, store: Store, display: Display) -> None:
    """End a process that is over, store its unfinished rows as failures, and show the outcome."""
    failure = process.why_unfinished(cell_process, timeout, store)
    process.kill(cell_process)
    rows = cell_process.cell.rows
    unreported = [row for row in rows if row.identity not in cell_process.stored]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for row in unreported:
        if not store.settled(row):  # the process may have ended between storing a row and reporting it
            store.write(replace(row, status=failure.status, reason=failure.reason, started=now))
    outcome = f"{worst_status(_stored(rows, store))} {cell_process.seconds:.1f} s"
    display.cell_ended(cell_process.cell, outcome, len(unreported))


def _stored(rows: Sequence[Row], store: Store) -> tuple[Row, ...]:
    """Those of the rows that are stored, as they are stored."""
    stored = [store.find(row) for row in rows]
    return tuple(row for row in stored if row is not None)
