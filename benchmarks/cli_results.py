"""The commands that read stored rows: `table`, `figures`, `show`, `compare` and `publish`."""

from pathlib import Path
from typing import Annotated

import typer

from bridgemark.benchmarks.cli_options import RESULTS, Published, Results, layered
from bridgemark.benchmarks.errors import BadInput


def table(results: Results = RESULTS, published: Published = None) -> None:
    """Write the tables and the leaderboard of the published rows and of yours.

    They go to DIR/tables and DIR/README.md.
    """
    from bridgemark.benchmarks.pages import board
    from bridgemark.benchmarks.rows.reading import without_garbage_collection

    both = layered(results, published)
    with without_garbage_collection():
        rows = both.read()
        board.write(rows, both, results)
    print(f"tables and leaderboard of {len(rows)} rows are in {results}")


def figures(results: Results = RESULTS, published: Published = None) -> None:
    """Draw the figures of the published rows and of yours, in DIR/figures."""
    from bridgemark.benchmarks.drawing import figures as drawing

    drawing.write(layered(results, published).read(), results)
    print(f"figures are in {results / 'figures'}")


def show(
    identity: Annotated[str, typer.Argument(help="First digits of the row's identity.")],
    results: Results = RESULTS,
    published: Published = None,
) -> None:
    """Show one row in full."""
    from bridgemark.benchmarks.console.summary import print_row

    print_row(layered(results, published).find(identity))


def compare(
    a: Annotated[
        Path | None, typer.Argument(metavar="A", help="Folder of results, before. Default: published ones.")
    ] = None,
    b: Annotated[
        Path, typer.Argument(metavar="B", help="Folder of results, after. Default: your own.")
    ] = RESULTS,
    tolerance: Annotated[
        float, typer.Option(help="Ratio up to which median seconds count as the same.")
    ] = 1.5,
) -> None:
    """Compare two sets of results.

    Shows what changed from A to B by more than the noise between seeds. The exit status is 1 if anything did.
    """
    from bridgemark.benchmarks.analysis.compare import compare as compare_rows
    from bridgemark.benchmarks.console.changes import print_comparison
    from bridgemark.benchmarks.rows.results import PUBLISHED
    from bridgemark.benchmarks.rows.results import Results as ReadResults

    if tolerance < 1:
        raise BadInput(f"--tolerance must be at least 1, not {tolerance}")
    before, after = ReadResults((a or PUBLISHED,)), ReadResults((b,))
    comparison = compare_rows(before.read(), after.read(), tolerance)
    print_comparison(comparison)
    raise typer.Exit(int(len(comparison.changed) > 0))


def publish(results: Results = RESULTS, published: Published = None) -> None:
    """Copy your rows and certificates to the published ones, and make all published pages and figures again.

    For maintainers, in a clone. Rows that yours supersede are removed. Without rows of your own, only the
    pages and figures are made.
    """
    from bridgemark.benchmarks import publication
    from bridgemark.benchmarks.rows.results import PUBLISHED

    folder = published or PUBLISHED
    added = publication.add(results, folder)
    rows = publication.write_pages(folder)
    print(f"{added} rows of {results} added; pages and figures of {rows} rows are in {folder}")
