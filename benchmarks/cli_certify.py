"""The commands under `certify`, and the options that they share with the others."""

from functools import partial
from typing import Annotated

import typer

from bridgemark.benchmarks.cli_options import RESULTS, Plugins, Results
from bridgemark.benchmarks.errors import choose

certify = typer.Typer(no_args_is_help=True, help="Certify on closed forms.")


@certify.command()
def sampler(
    names: Annotated[list[str], typer.Argument(metavar="NAME|FILE", help="Names, or files with SAMPLERS.")],
    results: Results = RESULTS,
) -> None:
    """Try samplers on a fixed battery of checks, and store the verdicts in DIR/certificates."""
    from bridgemark.benchmarks import registry
    from bridgemark.benchmarks.certificates.certify import certify as made
    from bridgemark.benchmarks.certificates.certify import judge_in_parts
    from bridgemark.benchmarks.console import summary

    plugins = tuple(name for name in names if name.endswith(".py"))
    own = [name for plugin in plugins for name in registry.offered(plugin)]
    chosen = choose(
        "sampler", [*(name for name in names if name not in plugins), *own], registry.samplers(plugins)
    )
    verdicts = [
        made(name, each, results / "certificates", partial(judge_in_parts, name, plugins))
        for name, each in chosen.items()
    ]
    summary.print_certificates(verdicts)
    raise typer.Exit(int(not all(verdict.passed for verdict in verdicts)))


@certify.command("target")
def certify_target(names: Annotated[list[str], typer.Argument()], plugin: Plugins = []) -> None:  # noqa: B006
    """Try targets on what they promise: gradient, properness, exact draws, statistics."""
    from bridgemark.benchmarks import registry
    from bridgemark.benchmarks.certificates.certify_target import certify as certified
    from bridgemark.benchmarks.console import summary
    from bridgemark.benchmarks.registry import choose_targets

    chosen = choose_targets(names, registry.targets(tuple(plugin)))
    verdicts = [certified(registry.build(name, builder)) for name, builder in chosen.items()]
    summary.print_certificates(verdicts, "fingerprint")
    raise typer.Exit(int(not all(verdict.passed for verdict in verdicts)))
