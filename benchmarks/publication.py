"""Published results: how rows join them, and the pages and figures that follow from them."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.certificates import certify
from bridgemark.benchmarks.drawing import figures
from bridgemark.benchmarks.drawing.paper import writing
from bridgemark.benchmarks.drawing.paper.figure import Sources
from bridgemark.benchmarks.joining.merging import current, merge
from bridgemark.benchmarks.joining.present_code import own_samplers, own_targets, sort_rows
from bridgemark.benchmarks.pages import board, truths
from bridgemark.benchmarks.pages.html import page
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.results import (
    Results,
    certificates_folder,
    checks_folder,
    rows_folder,
    store_of,
)
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.studies import stored
from bridgemark.benchmarks.studies.study import studies


class Addition(NamedTuple):
    """How many rows were added to published ones, and how many were left out, by reason."""

    rows: int
    left_out: dict[str, int]


def add(local: Path, folder: Path) -> Addition:
    """Add one's own results to published ones: rows as measured here, and all that is stored beside them.

    These are certificates, studies and checks of truths. Rows that the present code of this project does not
    make are left out, and so are certificates that are stale. Published rows keep their origin unless they
    were measured here now. Rows that later ones supersede are removed. Raises BadInput for rows that cannot
    be read or written.
    """
    present, left_out = sort_rows(store_of(local).read_all())
    if present:
        added = [replace(row, origin="measured here") for row in present]
        before = published.read(rows_folder(folder))
        published.write(current(merge(before, added)), rows_folder(folder))
    _add_certificates(local, folder)
    _add_studies(local, folder)
    _add_checks(local, folder)
    return Addition(len(present), {reason: len(rows) for reason, rows in left_out.items()})


def write_pages(folder: Path) -> int:
    """Make all figures, tables and pages of published results again, and return the number of rows.

    The README beside the folder gets the overview if it has markers for it. The same rows give the same
    files. Raises BadInput where a package of the extra `page` is missing.
    """
    rows = Results((folder,)).read()
    figures.write(rows, folder)
    writing.write(Sources(rows, (folder,)), folder)
    write_texts(rows, folder)
    return len(rows)


def write_texts(rows: list[Row], folder: Path) -> None:
    """Make the tables and pages of published results again, as `write_pages` does, but not the figures.

    One of the pages, TRUTHS.md, is made of the registered targets and not of the rows.
    """
    results = Results((folder,))
    board.write(rows, results, folder, folder.absolute().parent / "README.md")
    truths.write(folder)
    page.write(rows, results, folder)


def _add_studies(local: Path, folder: Path) -> None:
    """Copy the studies that this version of the code can run."""
    for name in studies():
        path = stored.path_of(local, name)
        if path.exists():
            stored.path_of(folder, name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, stored.path_of(folder, name))


def _add_checks(local: Path, folder: Path) -> None:
    """Copy the checks of truths of targets of this project."""
    for name in sorted(own_targets()):
        path = checks_folder(local) / f"{name}.json"
        if path.exists():
            checks_folder(folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, checks_folder(folder) / path.name)


def _add_certificates(local: Path, folder: Path) -> None:
    """Copy the valid certificates of samplers of this project."""
    samplers = registry.samplers()
    for name in sorted(own_samplers()):
        path = certificates_folder(local) / f"{name}.json"
        certificate = certify.read(path)
        if certificate is not None and certificate.identity == certify.identity_of(samplers[name]):
            certificates_folder(folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, certificates_folder(folder) / path.name)
