"""The command line. Heavy packages are imported inside the commands, so that help appears at once."""

import sys
from typing import Annotated

import typer

from bridgemark.benchmarks.commands.advise import advise
from bridgemark.benchmarks.commands.cells import cell, merge, plan
from bridgemark.benchmarks.commands.certify import certify
from bridgemark.benchmarks.commands.doctor import doctor
from bridgemark.benchmarks.commands.export import export
from bridgemark.benchmarks.commands.join import check_rows, join, rerun
from bridgemark.benchmarks.commands.options import Kind, Plugins
from bridgemark.benchmarks.commands.reference import reference
from bridgemark.benchmarks.commands.results import compare, figures, publish, show, table
from bridgemark.benchmarks.commands.run import run
from bridgemark.benchmarks.commands.score import score, target
from bridgemark.benchmarks.commands.study import study
from bridgemark.benchmarks.errors import BadInput

app = typer.Typer(
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


app.command()(plan)
app.command()(cell)
app.command()(merge)
app.command()(table)
app.command()(figures)
app.command()(study)
app.command()(show)
app.add_typer(certify, name="certify")
app.command()(doctor)
app.command()(compare)
app.command()(score)
app.command()(target)
app.command()(export)
app.command()(publish)
app.command()(join)
app.command()(rerun)
app.command("check-rows")(check_rows)
app.command()(reference)
app.command()(advise)


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
