"""Published results: how rows join them, and the pages and figures that follow from them."""

import shutil
from dataclasses import replace
from pathlib import Path

from bridgemark.benchmarks.analysis import columns
from bridgemark.benchmarks.analysis.row_table import drop_superseded, row_table
from bridgemark.benchmarks.drawing import figures
from bridgemark.benchmarks.pages import board
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.results import Results, certificates_folder, rows_folder, store_of
from bridgemark.benchmarks.rows.row import Origin, Row


def add(local: Path, folder: Path, origin: Origin = "measured here") -> int:
    """Add the rows and certificates of one's own results to published ones, and return the number of rows.

    Rows that later ones supersede are removed. Raises BadInput for rows that cannot be read or written.
    """
    added = [replace(row, origin=origin) for row in store_of(local).read_all()]
    if added:
        before = published.read(rows_folder(folder))
        published.write(current(merge(before, added)), rows_folder(folder))
    for path in sorted(certificates_folder(local).glob("*.json")):
        certificates_folder(folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, certificates_folder(folder) / path.name)
    return len(added)


def merge(before: list[Row], added: list[Row]) -> list[Row]:
    """Both, without those of the first that have the identity of one of the second."""
    rows = {row.identity: row for row in before} | {row.identity: row for row in added}
    return list(rows.values())


def current(rows: list[Row]) -> list[Row]:
    """The rows that no later edit of their sampler or target and no later run superseded."""
    identities = set(drop_superseded(row_table(rows))[columns.IDENTITY])
    return [row for row in rows if row.identity in identities]


def write_pages(folder: Path) -> int:
    """Make all figures, tables and pages of published results again, and return the number of rows.

    The README beside the folder gets the overview if it has markers for it. The same rows give the same
    files.
    """
    results = Results((folder,))
    rows = results.read()
    figures.write(rows, folder)
    board.write(rows, results, folder, folder.absolute().parent / "README.md")
    return len(rows)
