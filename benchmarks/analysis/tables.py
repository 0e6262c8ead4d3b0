"""The files below tables/: every stored row by sampler, and the summary table as CSV and Markdown."""

import csv
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.missing import is_not_none
from bridgemark.benchmarks.analysis.summary_table import summary_table
from bridgemark.benchmarks.text import escape_formula, escape_markdown, markdown_table

# Columns that summary.md leaves out: the label names the sampler, and hashes are for programs.
LEFT_OUT = (columns.SAMPLER, columns.CONFIG, columns.SOURCE, columns.TARGET_HASH)


def write(table: pd.DataFrame, results_dir: Path) -> list[Path]:
    """Write tables/SAMPLER.csv, tables/summary.csv and tables/summary.md below `results_dir`.

    `table` is the row table of everything stored, superseded rows and rows with a budget included. Returns
    the paths of the files.
    """
    folder = Path(results_dir) / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for sampler, rows in table.groupby(columns.SAMPLER):
        paths.append(folder / f"{sampler}.csv")
        used = [name for name in rows if is_not_none(rows[name]).any()]
        write_csv(rows.loc[:, used], paths[-1])
    summary = summary_table(table)
    write_csv(summary, folder / "summary.csv")
    # The names of ends, floors and errors have a dot; the page leaves them to the CSV file.
    shown = [name for name in summary.columns if "." not in name and name not in LEFT_OUT]
    cells = [map(_escaped, _texts(summary[name].tolist())) for name in shown]
    page = markdown_table(list(map(_escaped, shown)), list(zip(*cells, strict=True)))
    (folder / "summary.md").write_text(page + "\n")
    return [*paths, folder / "summary.csv", folder / "summary.md"]


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table of numbers, texts and None.

    Floats have six significant digits, None is an empty cell and NaN is spelt out. No spreadsheet evaluates a
    text as a formula.
    """
    cells = [_texts(table[name].tolist()) for name in table.columns]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(map(_text, table.columns))
        writer.writerows(zip(*cells, strict=True))


def _texts(values: Sequence[object]) -> list[str]:
    """The values of a column as texts: quickly where each is its own number, or few are repeated often."""
    if set(map(type, values)) <= {float, type(None)}:
        return ["" if value is None else f"{value:.6g}" for value in values]
    return list(map(_text, values))


@lru_cache(10_000, typed=True)
def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else escape_formula(str(value))


@lru_cache(10_000)
def _escaped(text: str) -> str:
    return escape_markdown(text)
