"""The commands `certify sampler` and `certify target`.

Modules that import JAX are imported inside the commands, so that help is shown at once.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridgemark.benchmarks.commands.options import RESULTS, Plugins, Published, Results, layered
from bridgemark.benchmarks.errors import require_positive

if TYPE_CHECKING:
    from rich.console import Console

    from bridgemark.benchmarks.certificates.certify import Certificate
    from bridgemark.benchmarks.rows.results import Results as ReadResults

# Eight times what the longest check of a published certificate took, on one core: "same without compilation".
SECONDS = 1_800.0
REFUSED = 2  # the exit status where something was refused and the rest was checked

Timeout = Annotated[float, typer.Option(metavar="SECONDS", help="Processor seconds per check.")]
Memory = Annotated[
    float | None,
    typer.Option(metavar="MB", help="Megabytes per process. Default: an equal part of the machine's memory."),
]
Badge = Annotated[
    bool, typer.Option("--badge", help="Also draw each verdict as DIR/certificates/NAME.svg, a badge.")
]

certify = typer.Typer(no_args_is_help=True, help="Check samplers and targets against closed forms.")


@certify.command("sampler")
def certify_sampler(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME|FILE", help="Samplers, or Python files with SAMPLERS.")
    ],
    results: Results = RESULTS,
    published: Published = None,
    timeout: Timeout = SECONDS,
    memory: Memory = None,
    badge: Badge = False,
) -> None:
    """Run a fixed battery of checks on samplers, and store their certificates in DIR/certificates.

    A sampler whose certificate is published or stored, and still valid, is not checked again. A badge that is
    there already is drawn again with each new certificate.
    """
    from bridgemark.benchmarks.sweep.interruption import exit_when_stopped

    require_positive(timeout=timeout, memory=memory)
    with exit_when_stopped():
        status = _certify_samplers(names, results, published, timeout, memory, badge)
    raise typer.Exit(status)


@certify.command("target")
def certify_target(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME|FILE", help="Targets, or Python files with TARGETS.")
    ],
    plugin: Plugins = [],  # noqa: B006
    timeout: Timeout = SECONDS,
    memory: Memory = None,
) -> None:
    """Check what targets promise: their gradient, that they are proper, exact draws and statistics."""
    from bridgemark.benchmarks.sweep.interruption import exit_when_stopped

    require_positive(timeout=timeout, memory=memory)
    with exit_when_stopped():
        status = _certify_targets(names, plugin, timeout, memory)
    raise typer.Exit(status)


def _certify_samplers(
    names: list[str],
    folder: Path,
    published: Path | None,
    timeout: float,
    memory: float | None,
    with_badges: bool,
) -> int:
    """Check the samplers that have no valid certificate. Returns the exit status."""
    from bridgemark.benchmarks.certificates import certify as certificates
    from bridgemark.benchmarks.certificates.examination import SAMPLER_BATTERY, examine
    from bridgemark.benchmarks.certificates.forecast import forecast
    from bridgemark.benchmarks.certificates.listing import list_samplers
    from bridgemark.benchmarks.certificates.progress import show_reading
    from bridgemark.benchmarks.console.certificates import print_certificate, print_plan, print_unstored
    from bridgemark.benchmarks.console.plain_text import SteadyConsole
    from bridgemark.benchmarks.sweep.limits import CellLimits, memory_per_cell

    console, results = SteadyConsole(), layered(folder, published)
    limits = CellLimits(seconds=timeout, megabytes=memory or memory_per_cell(len(SAMPLER_BATTERY.parts)))
    files = [name for name in names if name.endswith(".py")]
    with show_reading(console) as show:
        listing = list_samplers([name for name in names if name not in files], files, limits.megabytes, show)
    valid = certificates.find_valid(listing.subjects, results)
    waiting = forecast([subject for subject in listing.subjects if subject.name not in valid], results)
    if waiting or with_badges:
        certificates.require_writable(results)
    print_plan(listing.refused, list(valid.values()), waiting, console)
    _draw_badges(list(valid.values()), results, with_badges, console)
    verdicts = [certificate.passed for certificate in valid.values()]
    for examined in examine(waiting, listing.plugins, SAMPLER_BATTERY, limits, console):
        if not examined.was_limited:
            certificates.store(examined.certificate, results)
        print_certificate(examined.certificate, console)
        if examined.was_limited:
            print_unstored(examined.certificate, console)
        else:
            _draw_badges([examined.certificate], results, with_badges, console)
        verdicts.append(examined.certificate.passed)
    return REFUSED if listing.refused else int(not all(verdicts))


def _draw_badges(
    certified: list["Certificate"], results: "ReadResults", wanted: bool, console: "Console"
) -> None:
    """Draw the badges of certificates where they are wanted, or where there are older ones."""
    from bridgemark.benchmarks.certificates import badge
    from bridgemark.benchmarks.console.plain_text import print_plain

    for certificate in certified:
        if wanted or badge.path_of(certificate.sampler, results).exists():
            print_plain(console, f"badge: {badge.write(certificate, results)}")


def _certify_targets(names: list[str], plugins: list[str], timeout: float, memory: float | None) -> int:
    """Check targets, and store nothing. Returns the exit status."""
    from bridgemark.benchmarks.certificates.examination import TARGET_BATTERY, examine
    from bridgemark.benchmarks.certificates.forecast import Expected
    from bridgemark.benchmarks.certificates.listing import list_targets
    from bridgemark.benchmarks.certificates.progress import show_reading
    from bridgemark.benchmarks.console.certificates import print_certificate, print_refused
    from bridgemark.benchmarks.console.plain_text import SteadyConsole
    from bridgemark.benchmarks.sweep.limits import CellLimits, memory_per_cell

    console = SteadyConsole()
    limits = CellLimits(seconds=timeout, megabytes=memory or memory_per_cell(len(TARGET_BATTERY.parts)))
    files = [name for name in names if name.endswith(".py")]
    registered = [name for name in names if name not in files]
    with show_reading(console) as show:
        listing = list_targets(registered, files, plugins, limits.megabytes, show)
    print_refused(listing.refused, console)
    verdicts = []
    targets = [Expected(subject, None) for subject in listing.subjects]
    for examined in examine(targets, listing.plugins, TARGET_BATTERY, limits, console):
        print_certificate(examined.certificate, console, "fingerprint")
        verdicts.append(examined.certificate.passed)
    return REFUSED if listing.refused else int(not all(verdicts))
