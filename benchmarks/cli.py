"""The command line. Heavy packages are imported inside the commands, so that help appears at once."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridgemark.benchmarks.cli_certify import certify
from bridgemark.benchmarks.cli_doctor import doctor
from bridgemark.benchmarks.cli_options import RESULTS, Kind, Plugins, Results
from bridgemark.benchmarks.cli_run import run
from bridgemark.benchmarks.errors import BadInput

if TYPE_CHECKING:
    from bridgemark.benchmarks.rows.store import Store

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Benchmark sampling algorithms: diffusion, Schrödinger bridge, SMC and MCMC in one table.",
)


def _show_version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        print(f"bridgemark {version('bridgemark')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options before any command."""


app.command()(run)


@app.command("list")
def list_(kind: Annotated[Kind, typer.Argument()], plugin: Plugins = []) -> None:  # noqa: B006
    """List the registered samplers or targets."""
    from bridgemark.benchmarks.console.catalogue import print_samplers, print_targets

    {Kind.SAMPLERS: print_samplers, Kind.TARGETS: print_targets}[kind](tuple(plugin))


@app.command()
def table(
    results: Results = RESULTS,
    readme: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="README with markers for the overview. Default: README.md beside DIR."
        ),
    ] = None,
) -> None:
    """Write the tables and the leaderboard.

    They go to DIR/tables and DIR/README.md, and an overview goes between the markers of another README.
    """
    from bridgemark.benchmarks.pages import board
    from bridgemark.benchmarks.pages.leaderboard import BEGIN, END
    from bridgemark.benchmarks.rows.reading import without_garbage_collection

    page = readme or results.absolute().parent / "README.md"
    with without_garbage_collection():
        rows = _store(results).read_nonempty()
        updated = board.write(rows, results, page)
    if readme and not updated:
        raise BadInput(f"{readme} has no lines {BEGIN} and {END}; put both in")
    print(f"tables and leaderboard of {len(rows)} rows are in {results}" + f" and {page.name}" * updated)


@app.command()
def figures(results: Results = RESULTS) -> None:
    """Draw the figures of the stored rows."""
    from bridgemark.benchmarks.drawing import figures as drawing

    store = _store(results)
    drawing.write(store.read_nonempty(), store, results)
    print(f"figures are in {results}")


@app.command()
def show(
    identity: Annotated[str, typer.Argument(help="First digits of the row's identity.")],
    results: Results = RESULTS,
) -> None:
    """Show one stored row in full."""
    from bridgemark.benchmarks.console.summary import print_row

    store = _store(results)
    matching = store.read_matching(identity)
    if len(matching) != 1:
        store.require_nonempty()
        examples = ", ".join(f"{row.identity} ({row.sampler} x {row.target})" for row in matching[:5])
        hint = examples or "the names of the stored files are identities"
        raise BadInput(f"{len(matching)} rows begin with {identity!r}: {hint}")
    print_row(matching[0])


app.add_typer(certify, name="certify")
app.command()(doctor)


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="Folder of results, before.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Folder of results, after.")],
    tolerance: Annotated[
        float, typer.Option(help="Ratio up to which median seconds count as the same.")
    ] = 1.5,
) -> None:
    """Compare two sets of results.

    Shows what changed from A to B by more than the noise between seeds. The exit status is 1 if anything did.
    """
    from bridgemark.benchmarks.analysis.compare import compare as compare_rows
    from bridgemark.benchmarks.console.changes import print_comparison

    if tolerance < 1:
        raise BadInput(f"--tolerance must be at least 1, not {tolerance}")
    comparison = compare_rows(_store(a).read_nonempty(), _store(b).read_nonempty(), tolerance)
    print_comparison(comparison)
    raise typer.Exit(int(len(comparison.changed) > 0))


@app.command()
def reference(name: Annotated[str, typer.Argument(help="Name of a target.")]) -> None:
    """Estimate a target's true values.

    Long runs estimate log Z and moments; the results are stored with the target.
    """
    from bridgemark.benchmarks.references.reference import make

    make(name)


def _store(results: Path) -> "Store":
    from bridgemark.benchmarks.rows.store import Store

    return Store(results / "store")


def main() -> None:
    """Run the command line. Wrong input ends with one line on standard error and status 2."""
    try:
        app()
    except BadInput as error:
        from bridgemark.benchmarks.text import printable

        print(f"bridgemark: {printable(str(error))}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
