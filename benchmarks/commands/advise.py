"""The command `advise`.

Modules that import JAX are imported inside the command, so that help is shown at once.
"""

from pathlib import Path
from typing import Annotated

import typer

from bridgemark.benchmarks.commands.options import RESULTS
from bridgemark.benchmarks.errors import BadInput, require_positive


def advise(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="Python file with a model, or a Stan program.")
    ],
    minutes: Annotated[float, typer.Option(help="Wall minutes, about; compiling included.")] = 5.0,
    cores: Annotated[int, typer.Option(help="Cores to run on.")] = 2,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the draws and the answer.")] = RESULTS
    / "advice",
    memory: Annotated[
        float | None,
        typer.Option(metavar="MB", help="Megabytes per process. Default: a part of the machine's."),
    ] = None,
) -> None:
    """Say which draws of a model's posterior to use, and whether to trust them.

    A pilot looks at the density; a chain, a particle method, a path sampler and a Gaussian fit draw from it.
    The exit status is 0 where the draws are trusted and 1 where they are not. "I do not know" is an answer.
    """
    from rich.console import Console
    from rich.table import Table

    from bridgemark.benchmarks.advise import answer
    from bridgemark.benchmarks.advise.race import run_race
    from bridgemark.benchmarks.advise.verdict import judge, weigh
    from bridgemark.benchmarks.console.plain_text import add_plain_row, print_plain
    from bridgemark.benchmarks.rows.environment import available_cores
    from bridgemark.benchmarks.rows.files import require_writable
    from bridgemark.benchmarks.sweep.interruption import exit_when_stopped
    from bridgemark.benchmarks.sweep.limits import memory_per_cell

    require_positive(minutes=minutes, cores=cores, memory=memory)
    if not model.is_file():
        raise BadInput(f"{model} is not a file; give a Python file or a Stan program")
    available = available_cores()
    if cores > len(available):
        raise BadInput(f"--cores {cores} are more than the {len(available)} of this machine")
    console = Console()
    with exit_when_stopped("there is no answer"):
        require_writable(out, "--out")
        megabytes = memory or memory_per_cell(min(cores, 2))
        race = run_race(
            model, out, 60 * minutes, available[:cores], megabytes, lambda line: print_plain(console, line)
        )
        verdict = judge(race.pilot, race.families, race.failed)
        words = answer.in_words(verdict, race)
        scores = {name: weigh(family).scores for name, family in race.families.items()}
    for line in ("", *words):
        print_plain(console, line)
    tables = {
        answer.HEADINGS: answer.table(race, scores),
        answer.EVIDENCE_HEADINGS: answer.evidence_table(scores),
    }
    for headings, lines in tables.items():
        table = Table(*headings)
        for cells in lines:
            add_plain_row(table, *cells)
        console.print(table)
    script = answer.snippet(verdict, model)
    if script is not None:
        (out / "run_alone.py").write_text(script)
        console.print(script, markup=False, highlight=False, soft_wrap=True)
    (out / "answer.txt").write_text("\n".join(words) + "\n")
    raise typer.Exit(0 if verdict.trusted else 1)
