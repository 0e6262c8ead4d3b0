"""Plain text on a console: strangers' names and reasons neither style it nor move its cursor."""

import os
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bridgemark.benchmarks.text import printable


class SteadyConsole(Console):
    """A console whose owner goes on when nobody reads its output any more, as after `| head -1`."""

    def on_broken_pipe(self) -> None:
        """Send further output to nowhere. Rich itself would end the process."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_plain(console: Console, text: str) -> None:
    """Print a line as it is: without markup or colours, and not broken at the width of the console."""
    console.print(printable(text), markup=False, highlight=False, soft_wrap=True)


def plain(text: str) -> Text:
    """A text for a table of Rich, which would read "[/x]" in a string as markup."""
    return Text(printable(text))


def add_plain_row(table: Table, *cells: str) -> None:
    """Add a row of plain text to a table."""
    table.add_row(*map(plain, cells))
