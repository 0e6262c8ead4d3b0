"""The formats that results are exported in, each with the function that writes it."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.analysis.tables import write_csv
from bridgemark.benchmarks.export import inference_data
from bridgemark.benchmarks.export.latex import summary_as_latex
from bridgemark.benchmarks.export.parquet import as_parquet
from bridgemark.benchmarks.rows.results import Results, store_of
from bridgemark.benchmarks.text import count


class Source(NamedTuple):
    """What is exported: all results that are read as one, and the folder of one's own among them.

    Weighted draws are resampled for ArviZ unless their weights are kept.
    """

    results: Results
    local: Path
    keep_weights: bool


class Format(NamedTuple):
    """A format: where it goes by default, and the function that writes it and says what it wrote."""

    output: str
    write: Callable[[Source, Path], str]


def _write_csv(source: Source, path: Path) -> str:
    rows = source.results.read()
    write_csv(row_table(rows), path)
    return f"{count(len(rows), 'row')} are in {path}"


def _write_parquet(source: Source, path: Path) -> str:
    rows = source.results.read()
    path.write_bytes(as_parquet(row_table(rows)))
    return f"{count(len(rows), 'row')} are in {path}"


def _write_latex(source: Source, path: Path) -> str:
    path.write_text(summary_as_latex(row_table(source.results.read())))
    return f"the summary table is in {path}"


def _write_inference_data(source: Source, folder: Path) -> str:
    written = inference_data.write_all(store_of(source.local), folder, source.keep_weights)
    return f"the stored draws of {count(written, 'row')} of your own are in {folder}"


FORMATS = {
    "csv": Format("rows.csv", _write_csv),
    "parquet": Format("rows.parquet", _write_parquet),
    "latex": Format("summary.tex", _write_latex),
    "arviz": Format("arviz", _write_inference_data),
}
