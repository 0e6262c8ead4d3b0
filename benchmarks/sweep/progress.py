"""What the screen shows during a sweep: live bars at a terminal, plain lines elsewhere."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from bridgemark.benchmarks.sweep.plan import Cell


class Display(ABC):
    """The sweep so far. A context manager; the runner calls the four events below."""

    def __init__(self, cells: Sequence[Cell], console: Console) -> None:
        self.console = console
        self.count = len(cells)
        self.total = sum(cell.weight for cell in cells)
        self.ended = 0
        self.work = 0.0
        self.begun = time.monotonic()

    def __enter__(self) -> "Display":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    @abstractmethod
    def started(self, cell: Cell) -> None:
        """A cell's process begins."""

    @abstractmethod
    def phase(self, cell: Cell, text: str) -> None:
        """A cell does something else now."""

    def seed_done(self, cell: Cell) -> None:
        """One row of a cell is stored."""
        self.work += cell.weight / len(cell.rows)

    def ended_cell(self, cell: Cell, outcome: str, undone: int) -> None:
        """A cell's process is over; `undone` of its rows were never reported as done."""
        self.ended += 1
        self.work += cell.weight / len(cell.rows) * undone
        place = f"[{self.ended:{len(str(self.count))}}/{self.count}]"
        self.console.print(f"{place} {cell.name}: {outcome} ({self.left()})", markup=False, highlight=False)

    def left(self) -> str:
        """Time left in words, from the work done so far."""
        if not self.work:
            return "time left unknown"
        seconds = (time.monotonic() - self.begun) * max(self.total - self.work, 0.0) / self.work
        return f"about {seconds / 60:.0f} min left" if seconds >= 90 else f"about {seconds:.0f} s left"


class Lines(Display):
    """One line a finished cell; what happens within a cell is too much for a log."""

    def started(self, cell: Cell) -> None:
        pass

    def phase(self, cell: Cell, text: str) -> None:
        pass


class Bars(Display):
    """One bar over the sweep and a line for each running cell with its phase."""

    def __init__(self, cells: Sequence[Cell], console: Console) -> None:
        super().__init__(cells, console)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(30),
            TextColumn("{task.fields[text]}"),
            TimeElapsedColumn(),
        )
        self.bars = Progress(*columns, console=console, transient=True)
        self.sweep = self.bars.add_task("whole sweep", total=self.total, text="starting")
        self.running: dict[str, TaskID] = {}

    def __enter__(self) -> "Display":
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def started(self, cell: Cell) -> None:
        self.running[cell.name] = self.bars.add_task(cell.name, total=len(cell.rows), text="starting")

    def phase(self, cell: Cell, text: str) -> None:
        self.bars.update(self.running[cell.name], text=text)
        self._whole()

    def seed_done(self, cell: Cell) -> None:
        super().seed_done(cell)
        self.bars.advance(self.running[cell.name])
        self._whole()

    def ended_cell(self, cell: Cell, outcome: str, undone: int) -> None:
        super().ended_cell(cell, outcome, undone)
        self.bars.remove_task(self.running.pop(cell.name))
        self._whole()

    def _whole(self) -> None:
        text = f"{self.ended} of {self.count} cells, {self.left()}"
        self.bars.update(self.sweep, completed=self.work, text=text)


def display(cells: Sequence[Cell], console: Console) -> Display:
    """Bars at a terminal, lines elsewhere."""
    return Bars(cells, console) if console.is_terminal else Lines(cells, console)
