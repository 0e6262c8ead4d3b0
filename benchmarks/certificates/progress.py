"""Shows which sampler or target is being checked: one changing line in a terminal, fixed lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from bridgemark.benchmarks.text import duration, printable


@contextmanager
def show_reading(console: Console) -> Iterator[Callable[[str], object]]:
    """Show, in a terminal, what is read; gives the function that says what is read now."""
    with console.status("reading") as status:
        yield lambda phase: status.update(Text(printable(f"reading: {phase}")))  # a path is no markup


class CheckProgress:
    """The progress of checking `count` samplers or targets, as a context manager."""

    def __init__(self, console: Console, count: int) -> None:
        self.console, self.count, self.begun = console, count, 0
        cut = Column(no_wrap=True, overflow="ellipsis")
        text = TextColumn("{task.description}", markup=False, table_column=cut)
        columns = (SpinnerColumn(), text, TimeElapsedColumn())
        self.line = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self.task = self.line.add_task("")
        self.title, self.remarks = "", set[str]()

    def __enter__(self) -> "CheckProgress":
        self.line.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.line.stop()

    def begin(self, name: str, seconds: float | None) -> None:
        """The checks of a sampler or a target begin; they are expected to take so many seconds."""
        self.begun += 1
        expected = "" if seconds is None else f", about {duration(seconds)}"
        self.title = f"[{self.begun}/{self.count}] {printable(name)}{expected}"
        if self.console.is_terminal:
            self.line.reset(self.task, description=self.title)
        else:
            self._print(f"{self.title}: checking")

    def show(self, text: str) -> None:
        """Show what is happening; only in a terminal, because it would be too much for a log."""
        self.line.update(self.task, description=f"{self.title}: {text}")

    def remark_once(self, text: str) -> None:
        """Print a line, unless it was printed before."""
        if text not in self.remarks:
            self.remarks.add(text)
            self._print(text)

    def _print(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)
