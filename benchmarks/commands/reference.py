"""The command `reference`.

Modules that import JAX are imported inside the command, so that help is shown at once.
"""

from pathlib import Path
from typing import Annotated

import typer

from bridgemark.benchmarks.commands.completion import complete_targets
from bridgemark.benchmarks.commands.options import RESULTS, Plugins
from bridgemark.benchmarks.errors import require_positive

Out = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder to write NAME.json in. Default: that of the targets of this project, or with --plugin "
        f"{RESULTS / 'references'}.",
    ),
]
Check = Annotated[
    bool,
    typer.Option(
        "--check",
        help="Check what is known already, by independent runs of SMC. The result is stored with the "
        f"reference, or for another truth in --out, by default {RESULTS / 'checks'}.",
    ),
]


def reference(
    name: Annotated[str, typer.Argument(help="Name of a target.", autocompletion=complete_targets)],
    plugin: Plugins = [],  # noqa: B006
    out: Out = None,
    check: Check = False,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Processor seconds in all. Default: no limit.")
    ] = None,
    memory: Annotated[
        float | None, typer.Option(metavar="MB", help="Megabytes. Default: nine tenths of the machine's.")
    ] = None,
) -> None:
    """Estimate a target's true values by long runs, and store them.

    log Z is estimated by two methods or more that must agree, moments by Markov chains that must agree; with
    --check the known moments and log Z are compared with a second method, and the comparison is stored. Only
    a target of this project, in a checkout, reads the stored file by itself; for one of a plug-in the line to
    put into its file is printed.
    """
    import math

    from bridgemark.benchmarks.references.apart import make_apart
    from bridgemark.benchmarks.rows.files import require_writable
    from bridgemark.benchmarks.sweep.interruption import exit_when_stopped
    from bridgemark.benchmarks.sweep.limits import CellLimits, memory_per_cell

    require_positive(timeout=timeout, memory=memory)
    folder = out or (RESULTS / "references" if plugin else None)
    limits = CellLimits(seconds=timeout or math.inf, megabytes=memory or memory_per_cell(1))
    checks = (out or RESULTS / "checks") if check else None
    with exit_when_stopped("nothing was stored"):
        for written in filter(None, (folder, checks)):
            require_writable(written, "--out")
        path = make_apart(name, plugin, folder, limits, lambda line: print(line, flush=True), checks)
    print(f"the {'check' if check else 'reference'} of {name} is in {path}")
