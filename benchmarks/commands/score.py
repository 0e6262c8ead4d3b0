"""The commands for programs outside this project: `score` for their draws, `target` for their densities.

Modules that import JAX are imported inside the commands, so that help is shown at once.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridgemark.benchmarks.commands.completion import complete_targets
from bridgemark.benchmarks.commands.options import RESULTS, Costly, Plugins, Results
from bridgemark.benchmarks.errors import BadInput

if TYPE_CHECKING:
    from bridgemark.benchmarks.rows.row import Row

TargetName = Annotated[
    str,
    typer.Option(
        "--target", help="Name of the target that the program drew from.", autocompletion=complete_targets
    ),
]
Name = Annotated[str, typer.Option(help="Name for the program: no registered sampler has it.")]
StatedGradients = Annotated[
    int, typer.Option("--gradients", help="Gradients that a run evaluated in all, warm-up included.")
]
StatedValues = Annotated[
    int, typer.Option("--values", help="Log-densities that a run evaluated without a gradient.")
]
StatedSeconds = Annotated[
    float, typer.Option("--seconds", help="Wall seconds of a run in all, warm-up included.")
]
LogWeights = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Column or array of log weights, with E[mean(w f(x))] = Z E[f(x)]. Default: none.",
    ),
]
LogZ = Annotated[
    float | None,
    typer.Option(help="The program's own estimate of log Z. Log weights then are those of resampled draws."),
]
Chains = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="Column with numbers of chains. Default: chain or .chain, if there is one."
    ),
]
FirstSeed = Annotated[int, typer.Option(help="Number of the first run; further files are numbered on.")]
FilesAreChains = Annotated[
    bool, typer.Option("--files-are-chains", help="The files are the chains of one run, as Stan writes them.")
]


def score(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Files of draws: .csv, .npz or .parquet.")
    ],
    target: TargetName,
    name: Name,
    gradients: StatedGradients,
    seconds: StatedSeconds,
    values: StatedValues = 0,
    log_weights: LogWeights = None,
    log_z: LogZ = None,
    chains: Chains = None,
    files_are_chains: FilesAreChains = False,
    seed: FirstSeed = 0,
    costly: Costly = False,
    plugin: Plugins = [],  # noqa: B006
    results: Results = RESULTS,
) -> None:
    """Score draws that another program made, and store them as rows marked external.

    Each file is one run. Rows and pages show them beside the others; they are neither certified nor ranked,
    because the program counted its own gradients. Draws that are not finite make a failed row, and the exit
    status 1.
    """
    from bridgemark.benchmarks.rows import settings

    settings.configure_planning()
    from bridgemark.benchmarks.external.layout import Layout
    from bridgemark.benchmarks.external.scoring import Run, Statement, score_runs
    from bridgemark.benchmarks.rows.results import store_of

    if seed < 0:
        raise BadInput(f"--seed must not be negative, not {seed}")
    runs = [Run(seed, tuple(files))]
    if not files_are_chains:
        runs = [Run(seed + number, (path,)) for number, path in enumerate(files)]
    statement = Statement(name=name, gradients=gradients, values=values, seconds=seconds, log_z=log_z)
    layout = Layout(log_weights, chains)
    rows = score_runs(runs, target, statement, layout, store_of(results), plugin, costly)
    for row in rows:
        print(_line(row))
    raise typer.Exit(int(any(row.status != "ok" for row in rows)))


def target(
    name: Annotated[str, typer.Argument(metavar="TARGET", help="Name.", autocompletion=complete_targets)],
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to write. Default: one of the target's name.")
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Compare log-densities of a port, .json or .csv, with the target."),
    ] = None,
    plugin: Plugins = [],  # noqa: B006
) -> None:
    """Describe a target for another program, or check a port of it.

    Writes target.json with the definition, probes.csv with the log-density and gradient at 32 points, and the
    data. A port to Stan, PyMC or Julia computes `log_density`, and `gradient0` and so on if it can, at those
    points. --check says whether that is the same density up to a constant; the exit status is 1 if not.
    """
    from bridgemark.benchmarks.rows import settings

    settings.configure_planning()
    from bridgemark.benchmarks.external import agreement, description

    if check is not None and output is not None:
        raise BadInput("--check writes nothing; leave out --output")
    described = description.build(name, plugin)
    if check is None:
        paths = description.write(described, output or Path(name))
        print(f"{', '.join(path.name for path in paths)} are in {paths[0].parent}")
        return
    port = agreement.read(check, described.target.density.dim)
    result = agreement.compare(description.evaluate_probes(described.target), port)
    for line in agreement.sentences(result):
        print(line)
    raise typer.Exit(int(not result.is_same))


def _line(row: "Row") -> str:
    """What a row says, in one line."""
    from bridgemark.benchmarks.analysis import columns
    from bridgemark.benchmarks.text import count, number

    label = f"{row.sampler} x {row.target}, seed {row.seed}"
    if row.status != "ok":
        return f"{label}: {row.status}, {row.reason}"
    sizes = row.metrics[columns.ESS_BULK_MIN], row.metrics[columns.IMPORTANCE_ESS]
    shown = {
        "log Z": number(row.metrics[columns.LOG_Z], 4),
        "worst bias² of x": number(row.metrics.get(columns.BIAS2_X_MAX)),
        "ESS": number(next((size for size in sizes if size is not None), None)),
    }
    facts = [f"{name} {text}" for name, text in shown.items() if text]
    scores = ", ".join([count(row.draws, "draw"), *facts])
    return f"{label}: {scores}; bridgemark show {row.identity[:8]}"
