"""The command line. Everything heavy is imported inside the commands, so that help is instant."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridgemark.benchmarks.cli_certify import certify
from bridgemark.benchmarks.cli_options import RESULTS, Plugins, Results
from bridgemark.benchmarks.errors import BadInput, choose, require_positive
from bridgemark.benchmarks.sweep.presets import PRESETS, amounts, split

if TYPE_CHECKING:
    from bridgemark.benchmarks.rows.store import Store

INTERRUPTED = 130  # the exit status by which a shell reports Ctrl-C

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Benchmark sampling algorithms: diffusion, Schrödinger bridge, SMC and MCMC in one table.",
)


class Precision(StrEnum):
    """Floating point of a cell."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"


class Kind(StrEnum):
    """What can be listed."""

    SAMPLERS = "samplers"
    TARGETS = "targets"


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"bridgemark {version('bridgemark')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """What comes before any command."""


Names = Annotated[
    list[str], typer.Option(metavar="NAMES", help="Comma-separated or repeated; the preset's when not given.")
]
Amounts = Annotated[
    list[str],
    typer.Option(
        metavar="AMOUNTS",
        help="Comma-separated: what fitting and drawing may spend together; sizes are found that do.",
    ),
]


@app.command()
def run(
    sampler: Names = [],  # noqa: B006  Typer copies it
    target: Names = [],  # noqa: B006
    seeds: Annotated[int | None, typer.Option(help="How many seeds: 0, 1, ...")] = None,
    draws: Annotated[int | None, typer.Option(help="Draws a seed, for every target.")] = None,
    preset: Annotated[str, typer.Option(help=f"The grid to start from: {', '.join(PRESETS)}.")] = "default",
    plugin: Plugins = [],  # noqa: B006
    results: Results = RESULTS,
    workers: Annotated[
        int | None, typer.Option(help="Cells at once; default: as many as cores allow.")
    ] = None,
    cores: Annotated[int, typer.Option(help="Cores a cell.")] = 1,
    timeout: Annotated[float | None, typer.Option(help="Seconds a cell (all its seeds).")] = None,
    budget: Amounts = [],  # noqa: B006
    seconds: Amounts = [],  # noqa: B006
    costly: Annotated[
        bool,
        typer.Option("--costly", help="Sinkhorn divergence and classifier test, too: up to a minute a row."),
    ] = False,
    precision: Annotated[Precision, typer.Option(help="Floating point of the cells.")] = Precision.FLOAT32,
) -> None:
    """Run what is missing of a grid of samplers, targets and seeds; what is stored is not run again."""
    require_positive(seeds=seeds, draws=draws, workers=workers, cores=cores, timeout=timeout)
    (grid,) = choose("preset", [preset], PRESETS).values()
    store = _store(results)
    store.require_writable()
    from rich.console import Console

    from bridgemark.benchmarks.console.summary import print_summary
    from bridgemark.benchmarks.sweep.plan import Request
    from bridgemark.benchmarks.sweep.runner import run as run_sweep

    request = Request(
        preset=grid,
        samplers=split(sampler),
        targets=split(target),
        seeds=seeds,
        draws=draws,
        precision=precision.value,
        cores=cores,
        budgets=amounts("budget", budget, "gradients") + amounts("seconds", seconds, "seconds"),
        costly=costly,
        plugins=tuple(plugin),
    )
    console = Console()
    try:
        sweep = run_sweep(request, store, workers, timeout, console)
    except KeyboardInterrupt:
        console.print("interrupted; what is stored stays, and the same command goes on from there")
        raise typer.Exit(INTERRUPTED) from None
    print_summary(sweep.rows, sweep.ran, store, console)


@app.command("list")
def list_(kind: Annotated[Kind, typer.Argument()], plugin: Plugins = []) -> None:  # noqa: B006
    """List the registered samplers or targets."""
    from bridgemark.benchmarks.console import summary

    {"samplers": summary.print_samplers, "targets": summary.print_targets}[kind.value](tuple(plugin))


@app.command()
def table(
    results: Results = RESULTS,
    readme: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Page with the markers; default: README.md beside DIR."),
    ] = None,
) -> None:
    """Write the tables and the leaderboard from what is stored, also between the markers of a README."""
    from bridgemark.benchmarks.analysis import tables
    from bridgemark.benchmarks.pages import leaderboard

    records = _store(results).read_some()
    tables.write(records, results)
    leaderboard.write(records, results)
    page = readme or results.absolute().parent / "README.md"
    updated = page.is_file() and leaderboard.update_readme(page, records)
    if readme and not updated:
        raise BadInput(f"{readme} has no lines {leaderboard.BEGIN} and {leaderboard.END}; put both in")
    print(f"tables and leaderboard of {len(records)} rows are in {results}" + f" and {page.name}" * updated)


@app.command()
def figures(results: Results = RESULTS) -> None:
    """Draw the figures from what is stored."""
    from bridgemark.benchmarks.drawing import figures as drawing

    _store(results).read_some()
    drawing.write(_store(results), results)
    print(f"figures are in {results}")


@app.command()
def show(identity: Annotated[str, typer.Argument(help="First digits.")], results: Results = RESULTS) -> None:
    """Show one stored record, whole, by the first digits of its identity."""
    from bridgemark.benchmarks.console.summary import print_record

    found = [record for record in _store(results).read_some() if record.identity.startswith(identity)]
    if len(found) != 1:
        some = ", ".join(f"{record.identity} ({record.sampler} x {record.target})" for record in found[:5])
        raise BadInput(
            f"{len(found)} records begin with {identity!r}; " + (some or "file names are identities")
        )
    print_record(found[0])


app.add_typer(certify, name="certify")


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="Folder of results, before.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Folder of results, after.")],
    tolerance: Annotated[float, typer.Option(help="Factor within which seconds are alike.")] = 1.5,
) -> None:
    """Say what changed from A to B beyond the noise of the seeds; status 1 if anything did."""
    from bridgemark.benchmarks.analysis.compare import compare as compare_rows
    from bridgemark.benchmarks.console.changes import print_comparison

    if tolerance < 1:
        raise BadInput(f"--tolerance must be at least 1, not {tolerance}")
    found = compare_rows(_store(a).read_some(), _store(b).read_some(), tolerance)
    print_comparison(found)
    raise typer.Exit(int(len(found.changed) > 0))


@app.command()
def reference(name: Annotated[str, typer.Argument(help="A target.")]) -> None:
    """Compute a target's truth again by long runs and store it beside the target."""
    from bridgemark.benchmarks.references.reference import make

    make(name)


def _store(results: Path) -> "Store":
    from bridgemark.benchmarks.rows.store import Store

    return Store(results / "store")


def main() -> None:
    """The console script: bad input is one line on standard error and status 2."""
    try:
        app()
    except BadInput as error:
        print(f"bridgemark: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
