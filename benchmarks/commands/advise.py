"""The command `advise`.

Modules that import JAX are imported inside the command, so that help is shown at once.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridgemark.benchmarks.commands.options import RESULTS, KeepWeights
from bridgemark.benchmarks.errors import BadInput, require_positive

if TYPE_CHECKING:
    from bridgemark.benchmarks.advise.race import Race

MARKER = ".advice"  # a file


def advise(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="Python file with a model, or a Stan program.")
    ],
    minutes: Annotated[float, typer.Option(help="Wall minutes, about; compiling included.")] = 5.0,
    cores: Annotated[int, typer.Option(help="Cores to run on; two are used at most.")] = 2,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the draws and the answer.")] = RESULTS
    / "advice",
    memory: Annotated[
        float | None, typer.Option(metavar="MB", help="Megabytes per process. Default: an equal part.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the answer as one JSON document, and nothing else.")
    ] = False,
    keep_weights: KeepWeights = False,
) -> None:
    """Say which draws of a model's posterior to use, and whether to trust them.

    A pilot looks at the density; a chain, a particle method, a path sampler and a Gaussian fit draw from it.
    DIR gets the answer, also as JSON and as a page with plots, and the draws, also as NetCDF for ArviZ.
    The exit status is 0 where the draws are trusted and 1 where they are not. "I do not know" is an answer.
    """
    from rich.console import Console

    from bridgemark.benchmarks.advise.advice import advice_on
    from bridgemark.benchmarks.console.advice import print_advice
    from bridgemark.benchmarks.console.plain_text import print_plain
    from bridgemark.benchmarks.export import advice_files

    require_positive(minutes=minutes, memory=memory)
    if not model.is_file():
        raise BadInput(f"{model} is not a file; give a Python file or a Stan program")
    remarks = Console(stderr=json)
    race = _run_race(model, out, minutes, cores, memory, lambda line: print_plain(remarks, line))
    advice = advice_on(model, race, out, minutes)
    unwritten = advice_files.write_all(advice, out, keep_weights)
    if json:
        print((out / advice_files.DOCUMENT).read_text(), end="")
    else:
        print_advice(advice, remarks)
    for line in (*unwritten, f"files: {out}"):
        print_plain(remarks, line)
    raise typer.Exit(0 if advice.verdict.trusted else 1)


def _run_race(
    model: Path, out: Path, minutes: float, cores: int, memory: float | None, say: Callable[[str], object]
) -> "Race":
    """Run the pilot and all families on cores that no runner times anything on, if there are any."""
    from bridgemark.benchmarks.advise.race import run_race
    from bridgemark.benchmarks.rows.files import require_writable
    from bridgemark.benchmarks.sweep.core_locks import CoreLocks
    from bridgemark.benchmarks.sweep.interruption import exit_when_stopped
    from bridgemark.benchmarks.sweep.limits import memory_per_cell

    available = _available_cores(cores)
    with exit_when_stopped("there is no answer"), CoreLocks() as locks:
        require_writable(out, "--out")
        _claim(out)
        chosen = locks.lock(available, min(cores, 2)) or available[:1]
        megabytes = memory or memory_per_cell(len(chosen))
        return run_race(model, out, 60 * minutes, chosen, megabytes, say)


def _claim(out: Path) -> None:
    """Mark the folder as one whose files `advise` makes, and may remove when it is called again.

    Raises BadInput for a folder that holds something and is not marked.
    """
    marker = out / MARKER
    if not marker.exists() and any(out.iterdir()):
        raise BadInput(f"{out} holds files of something else, which might be replaced; give another --out")
    marker.write_text("`bridgemark advise` made the files in this folder, and replaces them.\n")


def _available_cores(cores: int) -> tuple[int, ...]:
    """The numbers of this machine's cores. Raises BadInput unless there are as many as asked for."""
    from bridgemark.benchmarks.rows.environment import available_cores

    require_positive(cores=cores)
    available = available_cores()
    if cores > len(available):
        raise BadInput(f"--cores {cores} is more than this machine has; give {len(available)} or fewer")
    return available
