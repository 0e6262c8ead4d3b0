"""Runs cells several at a time, each on cores of its own, and shares work and cores with other runners."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep import process
from bridgemark.benchmarks.sweep.claims import Claims
from bridgemark.benchmarks.sweep.core_locks import CoreLocks
from bridgemark.benchmarks.sweep.interruption import uninterrupted
from bridgemark.benchmarks.sweep.limits import CellLimits
from bridgemark.benchmarks.sweep.outcome import phrases
from bridgemark.benchmarks.sweep.process import CellProcess
from bridgemark.benchmarks.sweep.progress import Display
from bridgemark.benchmarks.sweep.request import Cell

RETRY_SECONDS = 0.5  # between two tries to claim a cell or to lock a core that another runner has


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """Where cells run: the store for their rows, the cores that they may use, and their limits.

    At most `workers` cells run at a time, each on `cores_per_cell` of the `cores`. Where there are `devices`,
    numbers of GPUs, each cell has one of them to itself. `plugins` are files.
    """

    store: Store
    cores: tuple[int, ...]
    cores_per_cell: int
    workers: int
    limits: CellLimits
    plugins: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


def run_cells(cells: Sequence[Cell], workplace: Workplace, display: Display) -> None:
    """Run the cells in order until every row is stored, by this runner or by another on the same store.

    A cell that uses more than the limits is ended, and its rows are failures. However this function ends, no
    process that it started goes on.
    """
    with CoreLocks() as locks:
        crew = Crew(cells, workplace, locks, display)
        try:
            while not crew.is_done():
                crew.start_cells()
                crew.show_reports(crew.running)
                crew.end_cells()
        finally:
            crew.stop()


class Crew:
    """The cells that wait, and the processes of those that run."""

    def __init__(
        self, cells: Sequence[Cell], workplace: Workplace, locks: CoreLocks, display: Display
    ) -> None:
        self.waiting = deque(cells)
        self.running: list[CellProcess] = []
        self.workplace, self.locks, self.display = workplace, locks, display
        self.claims = Claims(workplace.store.root / ".claims")
        self.free_devices = list(workplace.devices)
        self.next_try = 0.0
        self.said = ""  # the last reason for waiting that was shown

    def is_done(self) -> bool:
        """Whether no cell waits or runs."""
        return not self.waiting and not self.running

    def start_cells(self) -> None:
        """Start cells for which there are cores, and which no other runner has."""
        if time.monotonic() < self.next_try:
            return
        while self.waiting and len(self.running) < self.workplace.workers:
            why_not = self._start_cell()
            if why_not is not None:
                self.next_try = time.monotonic() + RETRY_SECONDS
                if self.waiting and not self.running and why_not != self.said:
                    self.said = why_not
                    self.display.remark(f"{why_not}; waiting")
                return

    def show_reports(self, cell_processes: Sequence[CellProcess]) -> None:
        """Show what the processes have reported, and tell other runners that they run."""
        for cell_process in cell_processes:
            self.claims.touch(cell_process.cell.identity)
        for cell_process, message in process.listen(cell_processes):
            if "stored" in message:
                self.display.row_stored(cell_process.cell)
            else:
                self.display.phase_changed(cell_process.cell, cell_process.phase)

    def end_cells(self) -> None:
        """End the cells that are over, and store their unfinished rows as failures."""
        for cell_process in list(filter(process.is_over, self.running)):
            self.show_reports([cell_process])
            self._end_cell(cell_process)
            self._forget(cell_process)

    def stop(self) -> None:
        """End every process. What is stored stays, and nothing else is stored."""
        for cell_process in list(self.running):
            process.kill(cell_process)
            self._forget(cell_process)

    @uninterrupted
    def _start_cell(self) -> str | None:
        """Start the next cell that no other runner has; return why there is none, or no core."""
        workplace = self.workplace
        cores = self.locks.lock(workplace.cores, workplace.cores_per_cell)
        if len(cores) < workplace.cores_per_cell:
            self.locks.unlock(cores)
            return "other runners use the cores"
        cell = self._claim_cell()
        if cell is None:
            self.locks.unlock(cores)
            return "other runners have the cells that are left"
        device = self.free_devices.pop(0) if self.workplace.devices else None
        self.running.append(
            process.start(
                cell, tuple(cores), workplace.store, workplace.plugins, workplace.limits, device=device
            )
        )
        self.display.cell_started(cell)
        return None

    def _claim_cell(self) -> Cell | None:
        """Claim the next cell, without rows that another runner has stored meanwhile."""
        for _ in range(len(self.waiting)):
            cell = self.waiting.popleft()
            if not self.claims.take(cell.identity):
                self.waiting.append(cell)
                continue
            missing = tuple(row for row in cell.rows if not self.workplace.store.settled(row))
            if missing:
                return replace(cell, rows=missing)
            self.claims.release(cell.identity)
            self.display.cell_started(cell)
            self._show_end(cell, 0.0, unreported=len(cell.rows))
        return None

    def _end_cell(self, cell_process: CellProcess) -> None:
        store, rows = self.workplace.store, cell_process.cell.rows
        failure = process.why_unfinished(cell_process, store)
        process.kill(cell_process)
        unreported = [row for row in rows if row.identity not in cell_process.stored]
        now = datetime.now(UTC).isoformat(timespec="seconds")
        for row in rows:
            # A process may have ended after storing a row, or may have said so without doing it.
            stored = store.find(row)
            if stored is None or (row in unreported and not store.settled(row)):
                store.write(replace(row, status=failure.status, reason=failure.reason, started=now))
        self._show_end(cell_process.cell, cell_process.seconds, len(unreported))

    def _show_end(self, cell: Cell, seconds: float, unreported: int) -> None:
        outcome = phrases(stored_rows(cell.rows, self.workplace.store), seconds)
        self.display.cell_ended(cell, outcome, unreported)

    def _forget(self, cell_process: CellProcess) -> None:
        """Leave the cores and the cell of a process that has ended to whoever wants them."""
        self.running.remove(cell_process)
        self.locks.unlock(cell_process.cores)
        if cell_process.device is not None:
            self.free_devices.append(cell_process.device)
        self.claims.release(cell_process.cell.identity)
        self.next_try = 0.0


def stored_rows(rows: Sequence[Row], store: Store) -> tuple[Row, ...]:
    """Those of the rows that are stored, as they are stored."""
    stored = [store.find(row) for row in rows]
    return tuple(row for row in stored if row is not None)
