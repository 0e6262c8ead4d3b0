"""The files below tables/: the summary table as CSV and Markdown."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.text import csv_cell, escape_markdown, markdown_table

# Columns that summary.md leaves out: the label names the sampler and says what is external; hashes are for
# programs.
LEFT_OUT = (columns.SAMPLER, columns.CONFIG, columns.SOURCE, columns.TARGET_HASH, columns.EXTERNAL)


def write(summary: pd.DataFrame, results_dir: Path) -> list[Path]:
    """Write tables/summary.csv and tables/summary.md below `results_dir`, and return their paths.

    `summary` is the summary table of everything stored, superseded rows and rows with a budget included.
    """
    folder = Path(results_dir) / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(summary, folder / "summary.csv")
    # The names of ends, floors and errors have a dot; the page leaves them to the CSV file.
    shown = [name for name in summary.columns if "." not in name and name not in LEFT_OUT]
    cells = [_cells(summary[name].tolist(), escape_markdown) for name in shown]
    page = markdown_table(list(map(escape_markdown, shown)), list(zip(*cells, strict=True)))
    (folder / "summary.md").write_text(page + "\n")
    return [folder / "summary.csv", folder / "summary.md"]


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as `as_csv` describes."""
    path.write_text(as_csv(table))


def as_csv(table: pd.DataFrame) -> str:
    """A table of numbers, texts and None as the text of a CSV file.

    Floats have six significant digits, None is an empty cell and NaN is spelt out. No spreadsheet evaluates a
    text as a formula.
    """
    cells = [_cells(table[name].tolist(), csv_cell) for name in table.columns]
    lines = [map(csv_cell, table.columns), *zip(*cells, strict=True)]
    return "".join(",".join(line) + "\n" for line in lines)


def _cells(values: Sequence[object], escape: Callable[[str], str]) -> list[str]:
    """The values of a column as texts, those that are no floats after `escape`."""
    kinds = set(map(type, values))
    if kinds <= {float, type(None)}:
        return ["" if value is None else f"{value:.6g}" for value in values]
    if len(kinds - {type(None)}) == 1:  # otherwise 1 and True, which are equal, could be mixed up
        texts = {value: _cell(value, escape) for value in set(values)}  # each is repeated in many rows
        return [texts[value] for value in values]
    return [_cell(value, escape) for value in values]


def _cell(value: object, escape: Callable[[str], str]) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else escape(str(value))
