"""The command `export`, which writes results for other programs."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridgemark.benchmarks.commands.options import (
    RESULTS,
    KeepWeights,
    Published,
    Results,
    layered,
    published_only,
)
from bridgemark.benchmarks.errors import BadInput

if TYPE_CHECKING:
    from bridgemark.benchmarks.export.formats import Source


class FormatName(StrEnum):
    """The formats by name."""

    CSV = "csv"
    PARQUET = "parquet"
    LATEX = "latex"
    ARVIZ = "arviz"


def export(
    format_name: Annotated[
        FormatName | None, typer.Option("--format", help="Format of the file. Default: csv.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="What to write. Default: rows.csv, rows.parquet, summary.tex, or a folder arviz.",
        ),
    ] = None,
    release: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the archive of a release to this folder instead."),
    ] = None,
    keep_weights: KeepWeights = False,
    results: Results = RESULTS,
    published: Published = None,
) -> None:
    """Export the published rows and yours for other programs.

    csv and parquet have every row, latex the summary table. arviz has a file for each row of your own with
    the draws that are stored beside it, which are thinned. --release writes the published rows alone as CSV
    and Parquet in one archive, with a page that explains the columns.
    """
    from bridgemark.benchmarks.export.formats import Source

    if release is not None and (format_name is not None or output is not None):
        raise BadInput("--release has its own formats and names; leave out --format and --output")
    try:
        if release is not None:
            message = _write_release(release, published)
        else:
            source = Source(layered(results, published), results, keep_weights)
            message = _write_format(format_name or FormatName.CSV, output, source)
    except OSError as error:
        where = release or output or "here"
        raise BadInput(f"cannot write {where} ({error.strerror or error}); give another path") from error
    print(message)


def _write_format(name: FormatName, output: Path | None, source: "Source") -> str:
    from bridgemark.benchmarks.export.formats import FORMATS

    chosen = FORMATS[name.value]
    path = output or Path(chosen.output)
    path.parent.mkdir(parents=True, exist_ok=True)
    return chosen.write(source, path)


def _write_release(folder: Path, published: Path | None) -> str:
    from bridgemark.benchmarks.export import release
    from bridgemark.benchmarks.text import count

    rows = published_only(published).read()
    return f"{count(len(rows), 'published row')} are in {release.write(rows, folder)}"
