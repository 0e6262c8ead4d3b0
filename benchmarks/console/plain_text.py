"""Plain text on a console: strangers' names and reasons neither style it nor move its cursor."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bridgemark.benchmarks.text import printable


def print_plain(console: Console, text: str) -> None:
    """Print a line as it is: without markup or colours, and not broken at the width of the console."""
    console.print(printable(text), markup=False, highlight=False, soft_wrap=True)


def plain(text: str) -> Text:
    """A text for a table of Rich, which would read "[/x]" in a string as markup."""
    return Text(printable(text))


def add_plain_row(table: Table, *cells: str) -> None:
    """Add a row of plain text to a table."""
    table.add_row(*map(plain, cells))
