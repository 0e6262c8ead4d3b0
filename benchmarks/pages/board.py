"""Everything in text that is made of stored rows: tables, the leaderboard and the overview of a README."""

from collections.abc import Sequence
from pathlib import Path

from bridgemark.benchmarks.analysis import tables
from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.analysis.summary_table import summary_table
from bridgemark.benchmarks.pages import leaderboard
from bridgemark.benchmarks.rows.row import Row


def write(rows: Sequence[Row], results_dir: Path, readme: Path) -> bool:
    """Write the tables and README.md in `results_dir`, and the overview between the markers of `readme`.

    Returns whether `readme` exists and has markers. Summaries are made once for all pages.
    """
    table = row_table(rows)
    summary = summary_table(table)
    tables.write(table, summary, results_dir)
    summary_rows = leaderboard.summary_rows(table, summary)
    leaderboard.write(table, results_dir, summary_rows)
    return readme.is_file() and leaderboard.update_readme(readme, table, summary_rows)
