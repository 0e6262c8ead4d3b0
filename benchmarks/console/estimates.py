"""What `bridgemark show` prints of a density without a known truth."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bridgemark.benchmarks.analysis import unknown_density
from bridgemark.benchmarks.analysis.estimates import Estimates
from bridgemark.benchmarks.console.plain_text import add_plain_row, plain


def print_estimates(made: Sequence[Estimates], console: Console) -> None:
    """Print what the samplers estimate, and which of them agree."""
    if not made:
        return
    console.print(unknown_density.ABOUT.replace("\n", " "))
    for headings, lines in unknown_density.tables(made):
        table = Table()
        for heading in headings:
            table.add_column(plain(heading), overflow="fold")
        for cells in lines:
            add_plain_row(table, *cells)
        console.print(table)
