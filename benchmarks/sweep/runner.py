"""The sweep: missing cells as pinned subprocesses, a few at a time; each ends as stored rows."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from rich.console import Console

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.row import Row, worst
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep import process
from bridgemark.benchmarks.sweep.plan import Cell, Request, missing_cells, plan
from bridgemark.benchmarks.sweep.process import Running
from bridgemark.benchmarks.sweep.progress import Display, display

Place = tuple[int, ...]  # the core numbers of one worker


@dataclass(frozen=True)
class Sweep:
    """What a sweep left in the store: every row of the grid that is there, and how many of them it ran."""

    rows: tuple[Row, ...]
    ran: int


def run(
    request: Request,
    store: Store,
    workers: int | None = None,
    timeout: float | None = None,
    console: Console | None = None,
) -> Sweep:
    """Run every row of the grid that the store lacks, and show progress on `console`.

    `timeout` is in seconds per cell, the preset's when None. Raises BadInput before any cell starts.
    """
    console = console or Console()
    places = slots(workers, request.cores)
    rows = plan(request)
    cells = missing_cells(rows, store, request.costly)
    console.print(f"{sum(len(cell.rows) for cell in cells)} of {len(rows)} rows to run in {len(cells)} cells")
    with display(cells, console) as shown:
        sweep(cells, places, timeout or request.preset.timeout, store, request.plugins, shown)
    stored = tuple(found for row in rows if (found := store.find(row)))
    return Sweep(stored, sum(len(cell.rows) for cell in cells))


def slots(workers: int | None, cores: int) -> list[Place]:
    """Disjoint cores for each worker; as many workers as fit when None. Raises BadInput for too few cores."""
    available = environment.available_cores()
    workers = workers or max(1, len(available) // cores)
    if workers * cores > len(available):
        need = f"{workers} worker(s) of {cores} core(s) need {workers * cores} cores"
        raise BadInput(f"{need} but {len(available)} can be used; lower --workers or --cores")
    return [available[i * cores : (i + 1) * cores] for i in range(workers)]


def sweep(
    cells: Sequence[Cell],
    places: Sequence[Place],
    timeout: float,
    store: Store,
    plugins: tuple[str, ...],
    shown: Display,
) -> None:
    """Run every cell, one in each place at a time, and store a row for every seed."""
    waiting, free = deque(cells), list(reversed(places))
    running: list[Running] = []
    try:
        while waiting or running:
            while waiting and free:
                running.append(process.start(waiting.popleft(), free.pop(), store, plugins))
                shown.started(running[-1].cell)
            _tell(running, shown)
            for one in [one for one in running if process.over(one, timeout)]:
                _tell([one], shown)
                _settle(one, timeout, store, shown)
                running.remove(one)
                free.append(one.cores)
    finally:
        for one in running:
            process.kill(one)


def _tell(running: Sequence[Running], shown: Display) -> None:
    for one, message in process.listen(running):
        if "done" in message:
            shown.seed_done(one.cell)
        else:
            shown.phase(one.cell, one.phase)


def _settle(one: Running, timeout: float, store: Store, shown: Display) -> None:
    """End a process that has ended or is overdue, store what it could not, and show how it went."""
    verdict = process.verdict(one, timeout, store)
    process.kill(one)
    rows, undone = one.cell.rows, [row for row in one.cell.rows if row.identity not in one.done]
    for row in undone:
        if not store.settled(row):  # it may have been killed between storing a row and saying so
            store.write(replace(row, **verdict, started=datetime.now(UTC).isoformat(timespec="seconds")))
    outcome = worst([found for row in rows if (found := store.find(row))])
    shown.ended_cell(one.cell, f"{outcome} {one.seconds:.1f} s", len(undone))
