"""The files below tables/: every stored row by sampler, and the summary table as CSV and Markdown."""

from pathlib import Path

import pandas as pd

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.summary_table import summary_table

LEFT_OUT = (columns.SAMPLER, columns.CONFIG, columns.SOURCE)  # of summary.md: the label names the sampler


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
        _as_text(rows).dropna(axis=1, how="all").to_csv(paths[-1], index=False)
    summary = _as_text(summary_table(table))
    summary.to_csv(folder / "summary.csv", index=False)
    # The names of ends, floors and errors have a dot; the page leaves them to the CSV file.
    shown = [name for name in summary.columns if "." not in name and name not in LEFT_OUT]
    (folder / "summary.md").write_text(summary[shown].fillna("").to_markdown(index=False) + "\n")
    return [*paths, folder / "summary.csv", folder / "summary.md"]


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    """The table with floats to six significant digits, NaN spelt out; None stays, which is left empty."""
    return table.map(lambda value: f"{value:.6g}" if isinstance(value, float) else value)
