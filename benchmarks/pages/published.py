"""The leaderboard's section "Beside published numbers"."""

from collections.abc import Sequence

import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.published import best_published, log_z_truths, with_log_z
from bridgemark.benchmarks.analysis.summary_table import SummaryRow
from bridgemark.benchmarks.text import escape_markdown, markdown_table, number

ABOUT = """\
Numbers that papers report for exactly the same densities, compared with the same truths; budgets differ.
Where a method has several settings, each number is that of its best setting. ± is the standard deviation over
runs. Methods are in order of the root mean square error of a single run, which follows from the error and
this deviation. `benchmarks/analysis/published.csv` has every number, those at other settings included, with
its place in its source."""
HEADINGS = ["method", "source", "log Z error", "at", "ELBO gap", "at "]
HERE = "**here**"


def section(rows: Sequence[SummaryRow]) -> str:
    """The Markdown section, from summary rows; '' where nothing is published for their targets."""
    published = best_published(log_z_truths(rows))
    if not len(published):
        return ""
    parts = ["## Beside published numbers", ABOUT]
    for target, lines in published.groupby(columns.TARGET):
        parts.append(f"### {escape_markdown(str(target))} beside published numbers")
        parts.append(_table(lines, with_log_z(rows, str(target))))
    return "\n\n".join(parts)


def _table(published: pd.DataFrame, rows: Sequence[SummaryRow]) -> str:
    """The rows of this benchmark, then the published numbers."""
    here = {columns.PAPER: HERE, columns.SETTINGS: None, columns.SETTINGS_ELBO: None}
    entries = [_entries({**row, **here, columns.METHOD: row[columns.LABEL]}) for row in rows]
    without_nan = published.astype(object).where(published.notna(), None)
    entries += [_entries(line) for line in without_nan.to_dict("records")]
    return markdown_table(HEADINGS, entries)


def _entries(line: SummaryRow) -> list[str]:
    """The entries of one method, in the order of HEADINGS."""
    return [
        escape_markdown(line[columns.METHOD]),
        line[columns.PAPER],
        _log_z_error(line),
        escape_markdown(line[columns.SETTINGS] or ""),
        number(line.get(columns.ELBO_GAP)),
        escape_markdown(line[columns.SETTINGS_ELBO] or ""),
    ]


def _log_z_error(line: SummaryRow) -> str:
    """The signed error, and the standard deviation over runs where it is known."""
    error, sd = line[columns.LOG_Z_ERROR], number(line[columns.SD])
    text = ("+" if (error or 0.0) > 0 else "") + number(error)
    return f"{text} ± {sd}" if sd else text
