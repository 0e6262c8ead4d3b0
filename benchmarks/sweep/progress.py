"""Shows the progress of a sweep: a line of text per finished cell, and live bars in a terminal."""

import textwrap
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from bridgemark.benchmarks.sweep.request import Cell
from bridgemark.benchmarks.text import duration, printable

NO_BREAK = "\u00a0"  # a space at which no line is broken


class Display(ABC):
    """The progress of a sweep, as a context manager. The runner calls the four methods named after events.

    The base class counts and estimates; subclasses show.
    """

    def __init__(self, cells: Sequence[Cell], console: Console) -> None:
        self.console = console
        self.count = len(cells)
        self.total_work = sum(cell.work for cell in cells)
        self.ended = 0
        self.work_done = 0.0
        self.start = time.monotonic()

    @abstractmethod
    def __enter__(self) -> "Display": ...

    @abstractmethod
    def __exit__(self, *_: object) -> None: ...

    def cell_started(self, cell: Cell) -> None:
        """The process of a cell was started."""
        self._show_start(cell)

    def phase_changed(self, cell: Cell, phase: str) -> None:
        """A cell has begun another phase."""
        self._show_phase(cell, phase)

    def row_stored(self, cell: Cell) -> None:
        """A cell has stored one of its rows."""
        self.work_done += cell.work / len(cell.rows)
        self._show_row(cell)

    def cell_ended(self, cell: Cell, outcome: Sequence[str], unreported: int) -> None:
        """The process of a cell is over; `unreported` of its rows were never reported as stored.

        `outcome` is phrases on how it ended, at whose ends the line may be broken.
        """
        self.ended += 1
        self.work_done += cell.work / len(cell.rows) * unreported
        counter = f"[{self.ended:{len(str(self.count))}}/{self.count}]"
        text = f"{counter} {cell.name}: {_joined(outcome)} ({_joined([self.time_left()])})"
        self.console.print(
            _wrapped(text, self.console.width, len(counter) + 1),
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        self._show_end(cell)

    def time_left(self) -> str:
        """The remaining time in words, estimated from the work done so far."""
        if not self.work_done:
            return "time left unknown"
        seconds = self.seconds() * max(self.total_work - self.work_done, 0.0) / self.work_done
        return f"about {duration(round(seconds))} left"

    def remark(self, text: str) -> None:
        """Show a line of text."""
        self.console.print(text, markup=False, highlight=False)

    def seconds(self) -> float:
        """Seconds since the display was made."""
        return time.monotonic() - self.start

    @abstractmethod
    def _show_start(self, cell: Cell) -> None: ...

    @abstractmethod
    def _show_phase(self, cell: Cell, phase: str) -> None: ...

    @abstractmethod
    def _show_row(self, cell: Cell) -> None: ...

    @abstractmethod
    def _show_end(self, cell: Cell) -> None: ...


class TextDisplay(Display):
    """One line of text per finished cell; what happens within a cell would be too much for a log."""

    def __enter__(self) -> "TextDisplay":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def _show_start(self, cell: Cell) -> None:
        pass

    def _show_phase(self, cell: Cell, phase: str) -> None:
        pass

    def _show_row(self, cell: Cell) -> None:
        pass

    def _show_end(self, cell: Cell) -> None:
        pass


class BarDisplay(Display):
    """A bar for the whole sweep, and one for each running cell with its phase."""

    def __init__(self, cells: Sequence[Cell], console: Console) -> None:
        super().__init__(cells, console)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(30),
            TextColumn("{task.fields[text]}"),
            TimeElapsedColumn(),
        )
        self.bars = Progress(*columns, console=console, transient=True)
        self.sweep_bar = self.bars.add_task("whole sweep", total=self.total_work, text="starting")
        self.cell_bars: dict[str, TaskID] = {}

    def __enter__(self) -> "BarDisplay":
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def _show_start(self, cell: Cell) -> None:
        self.cell_bars[cell.name] = self.bars.add_task(cell.name, total=len(cell.rows), text="starting")

    def _show_phase(self, cell: Cell, phase: str) -> None:
        self.bars.update(self.cell_bars[cell.name], text=phase)
        self._update_sweep_bar()

    def _show_row(self, cell: Cell) -> None:
        self.bars.advance(self.cell_bars[cell.name])
        self._update_sweep_bar()

    def _show_end(self, cell: Cell) -> None:
        self.bars.remove_task(self.cell_bars.pop(cell.name))
        self._update_sweep_bar()

    def _update_sweep_bar(self) -> None:
        text = f"{self.ended} of {self.count} cells, {self.time_left()}"
        self.bars.update(self.sweep_bar, completed=self.work_done, text=text)


def _joined(phrases: Sequence[str]) -> str:
    """Phrases on one line, to be broken between them only."""
    return ", ".join(printable(phrase).replace(" ", NO_BREAK) for phrase in phrases)


def _wrapped(text: str, width: int, indent: int) -> str:
    """The text on lines of at most `width` characters; the later ones are indented."""
    lines = textwrap.wrap(text, width, subsequent_indent=" " * indent, break_on_hyphens=False)
    return "\n".join(lines).replace(NO_BREAK, " ")


def create_display(cells: Sequence[Cell], console: Console) -> Display:
    """Bars in a terminal, lines of text elsewhere."""
    return BarDisplay(cells, console) if console.is_terminal else TextDisplay(cells, console)
