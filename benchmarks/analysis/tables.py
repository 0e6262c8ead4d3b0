"""The files below tables/: every stored row by sampler, and the summary table as CSV and Markdown."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.text import csv_cell, escape_markdown, markdown_table

# Columns that summary.md leaves out: the label names the sampler, and hashes are for programs.
LEFT_OUT = (columns.SAMPLER, columns.CONFIG, columns.SOURCE, columns.TARGET_HASH)


def write(table: pd.DataFrame, summary: pd.DataFrame, results_dir: Path) -> list[Path]:
    """Write tables/SAMPLER.csv, tables/summary.csv and tables/summary.md below `results_dir`.

    `table` is the row table of everything stored, superseded rows and rows with a budget included, and
    `summary` its summary table. Returns the paths of the files.
    """
    folder = Path(results_dir) / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    paths = _write_samplers(table, folder)
    write_csv(summary, folder / "summary.csv")
    # The names of ends, floors and errors have a dot; the page leaves them to the CSV file.
    shown = [name for name in summary.columns if "." not in name and name not in LEFT_OUT]
    cells = [_cells(summary[name].tolist(), escape_markdown) for name in shown]
    page = markdown_table(list(map(escape_markdown, shown)), list(zip(*cells, strict=True)))
    (folder / "summary.md").write_text(page + "\n")
    return [*paths, folder / "summary.csv", folder / "summary.md"]


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table of numbers, texts and None.

    Floats have six significant digits, None is an empty cell and NaN is spelt out. No spreadsheet evaluates a
    text as a formula.
    """
    _write_columns(_csv_columns(table), path)


def _write_samplers(table: pd.DataFrame, folder: Path) -> list[Path]:
    """Write the rows of each sampler, without the columns that are empty for all of them."""
    indices_of: dict[str, list[int]] = {}
    for index, sampler in enumerate(table[columns.SAMPLER]):
        indices_of.setdefault(sampler, []).append(index)
    cells = _csv_columns(table)
    paths = []
    for sampler, indices in sorted(indices_of.items()):
        chosen = {name: [column[index] for index in indices] for name, column in cells.items()}
        paths.append(folder / f"{sampler}.csv")
        _write_columns({name: column for name, column in chosen.items() if any(column)}, paths[-1])
    return paths


def _csv_columns(table: pd.DataFrame) -> dict[str, list[str]]:
    """The cells of a CSV file by the name of their column."""
    return {name: _cells(table[name].tolist(), csv_cell) for name in table.columns}


def _write_columns(cells: Mapping[str, Sequence[str]], path: Path) -> None:
    with path.open("w") as file:
        file.write(",".join(map(csv_cell, cells)) + "\n")
        file.writelines(",".join(line) + "\n" for line in zip(*cells.values(), strict=True))


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
