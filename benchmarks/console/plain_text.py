"""Plain text on a console."""

from rich.console import Console


def print_plain(console: Console, text: str) -> None:
    """Print a line as it is: without markup or colours, and not broken at the width of the console."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
