"""Everything in text that is made of rows: tables, the leaderboard and the overview of a README."""

from collections.abc import Sequence
from pathlib import Path

from bridgemark.benchmarks.analysis import tables
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.analysis.summary_table import summary_table
from bridgemark.benchmarks.pages import estimates, leaderboard
from bridgemark.benchmarks.pages.shown_rows import shown_rows
from bridgemark.benchmarks.rows.results import Results
from bridgemark.benchmarks.rows.row import Row


def write(rows: Sequence[Row], results: Results, folder: Path, readme: Path | None = None) -> None:
    """Write the tables and README.md in `folder`, and the overview between the markers of `readme`.

    `results` has the certificates and the stored draws. A `readme` that does not exist or has no markers
    stays as it is. Summaries are made once for all pages.
    """
    table = row_table(rows)
    summary = summary_table(table)
    tables.write(summary, folder)
    shown = shown_rows(table, summary)
    leaderboard.write(table, results, folder, shown, estimates.sections(rows, results))
    if readme is not None and readme.is_file():
        leaderboard.update_readme(readme, shown)
