"""The archive of a release: all published rows as CSV and Parquet, with a page that explains the columns."""

import zipfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from bridgemark.benchmarks.analysis.row_table import row_table
from bridgemark.benchmarks.analysis.tables import as_csv
from bridgemark.benchmarks.export import schema
from bridgemark.benchmarks.export.parquet import as_parquet
from bridgemark.benchmarks.rows.row import Row

EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a ZIP archive can date a file
READ_BY_ALL = 0o644 << 16  # the mode of a file, where ZIP archives have it


def write(rows: Sequence[Row], folder: Path) -> Path:
    """Write bridgemark-VERSION-rows.zip, and return its path. The same rows give the same bytes.

    Raises BadInput where the package pyarrow is missing, and OSError.
    """
    number, table = version("bridgemark"), row_table(rows)
    contents = {
        "README.md": schema.page(table, number).encode(),
        "rows.csv": as_csv(table).encode(),
        "rows.parquet": as_parquet(table),
    }
    name = f"bridgemark-{number}-rows"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in contents.items():
            entry = zipfile.ZipInfo(f"{name}/{file}", EARLIEST)
            entry.external_attr = READ_BY_ALL
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return path
