"""The commands that read stored rows: `table`, `figures`, `show`, `compare` and `publish`."""

from pathlib import Path
from typing import Annotated

import typer

from bridgemark.benchmarks.commands.options import RESULTS, Published, Results, layered, published_only
from bridgemark.benchmarks.errors import BadInput


def table(
    results: Results = RESULTS,
    published: Published = None,
    latex: Annotated[bool, typer.Option("--latex", help="Also DIR/tables/summary.tex, in booktabs.")] = False,
) -> None:
    """Write the tables and the leaderboard of the published rows and of yours.

    They go to DIR/tables and DIR/README.md; and, with the packages of the extra `page`, at most 10,000 of
    them to DIR/leaderboard.html.
    """
    from bridgemark.benchmarks.analysis.row_table import row_table
    from bridgemark.benchmarks.export.latex import summary_as_latex
    from bridgemark.benchmarks.pages import board
    from bridgemark.benchmarks.pages.html import page
    from bridgemark.benchmarks.rows.reading import without_garbage_collection

    both = layered(results, published)
    with without_garbage_collection():
        rows = both.read()
        board.write(rows, both, results)
        if latex:
            (results / "tables" / "summary.tex").write_text(summary_as_latex(row_table(rows)))
    print(f"tables and leaderboard of {len(rows)} rows are in {results}")
    try:
        page.require_showable(rows)
    except BadInput as why:
        print(f"{page.FILE_NAME} is not made: {why}")
    else:
        page.write(rows, both, results)


def figures(results: Results = RESULTS, published: Published = None) -> None:
    """Draw the figures of published rows and of yours in DIR/figures, and those of a paper in DIR/paper."""
    from bridgemark.benchmarks.drawing import figures as drawing
    from bridgemark.benchmarks.drawing.paper import writing
    from bridgemark.benchmarks.drawing.paper.figure import Sources

    both = layered(results, published)
    rows = both.read()
    drawing.write(rows, results)
    writing.write(Sources(rows, both.folders), results)
    print(f"figures are in {results / 'figures'} and {writing.folder_of(results)}")


def show(
    identity: Annotated[str, typer.Argument(help="First digits of the row's identity.")],
    results: Results = RESULTS,
    published: Published = None,
) -> None:
    """Show one row in full.

    Where no truth of its target is known, also what all samplers estimate, and which of them agree.
    """
    from rich.console import Console

    from bridgemark.benchmarks.analysis.density_key import key_of_row
    from bridgemark.benchmarks.analysis.unknown_density import estimate_all, is_unknown
    from bridgemark.benchmarks.console.estimates import print_estimates
    from bridgemark.benchmarks.console.summary import print_row

    both = layered(results, published)
    row = both.find(identity)
    print_row(row)
    if is_unknown([row]):
        rows = [item for item in both.read() if key_of_row(item) == key_of_row(row)]
        if is_unknown(rows):
            print_estimates(estimate_all(rows, both), Console())


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
    """Compare two sets of results, by default your own with the published ones.

    Shows what changed from A to B by more than the noise between seeds. The exit status is 1 if anything did.
    """
    from bridgemark.benchmarks.analysis.compare import compare as compare_rows
    from bridgemark.benchmarks.console.changes import print_comparison
    from bridgemark.benchmarks.rows.results import Results as ReadResults
    from bridgemark.benchmarks.text import printable

    if tolerance < 1:
        raise BadInput(f"--tolerance must be at least 1, not {tolerance}")
    before, after = published_only(a).read(), ReadResults((b,)).read()
    comparison = compare_rows(before, after, tolerance)
    print(f"A: {'the published rows' if a is None else printable(str(a))}; B: {printable(str(b))}")
    print_comparison(comparison, with_only_a=a is not None)
    raise typer.Exit(int(len(comparison.changed) > 0))


def publish(results: Results = RESULTS, published: Published = None) -> None:
    """Publish your rows, certificates and studies, and make all published pages and figures again.

    For maintainers, in a clone. Rows of plug-ins and of another version of the code are left out, and rows
    that yours supersede are removed. Without rows of your own, only the pages and figures are made.
    """
    from bridgemark.benchmarks.rows import settings

    settings.configure_planning()
    from rich.console import Console

    from bridgemark.benchmarks import publication
    from bridgemark.benchmarks.console.joining import print_left_out
    from bridgemark.benchmarks.pages.html.page import require_packages
    from bridgemark.benchmarks.rows.results import PUBLISHED
    from bridgemark.benchmarks.text import count

    folder = published or PUBLISHED
    require_packages()
    addition = publication.add(results, folder)
    print_left_out(addition.left_out, Console())
    rows = publication.write_pages(folder)
    added = count(addition.rows, "row")
    print(f"{added} of {results} added; pages and figures of {rows} rows are in {folder}")
