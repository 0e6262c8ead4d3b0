"""The options of the command line that are long or that several commands share."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bridgemark.benchmarks.commands.completion import complete_presets, complete_samplers, complete_targets
from bridgemark.benchmarks.errors import BadInput, choose, require_positive
from bridgemark.benchmarks.sampler_names import split_sampler_names, vary
from bridgemark.benchmarks.sweep import presets
from bridgemark.benchmarks.sweep.presets import PRESETS, parse_budgets, split_names

if TYPE_CHECKING:
    from bridgemark.benchmarks.rows.results import Results as ReadResults
    from bridgemark.benchmarks.sweep.request import Request
    from bridgemark.benchmarks.sweep.runner import Resources

RESULTS = Path("results") / "local"


class Precision(StrEnum):
    """Floating-point precision of a run."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"


class Device(StrEnum):
    """Kinds of devices that cells can compute on, as JAX calls them."""

    CPU = "cpu"
    CUDA = "cuda"
    ROCM = "rocm"
    TPU = "tpu"


class Kind(StrEnum):
    """What `list` can list."""

    SAMPLERS = "samplers"
    TARGETS = "targets"


Results = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder of your own results; your rows are in DIR/store.")
]
Published = Annotated[
    Path | None,
    typer.Option(
        "--published", metavar="DIR", help="Folder of published results. Default: those of bridgemark itself."
    ),
]
Plugins = Annotated[
    list[str],
    typer.Option("--plugin", metavar="FILE", help="Python file with SAMPLERS or TARGETS. Repeatable."),
]
NAMES_HELP = "Comma-separated, repeatable. Default: those of the preset."
SamplerNames = Annotated[
    list[str], typer.Option(metavar="NAMES", help=NAMES_HELP, autocompletion=complete_samplers)
]
Variations = Annotated[
    list[str],
    typer.Option(
        "--vary",
        metavar="SETTING=VALUES",
        help="Run every sampler at each of these values, such as steps=16,32. Repeatable: all combinations.",
    ),
]
TargetNames = Annotated[
    list[str], typer.Option(metavar="NAMES", help=NAMES_HELP, autocompletion=complete_targets)
]
Workers = Annotated[
    int | None, typer.Option(help="Number of cells at a time. Default: as many as there are cores for.")
]
Timeout = Annotated[
    float | None,
    typer.Option(help="Processor seconds per cell and core, for all its seeds. Default: the preset's."),
]
Memory = Annotated[
    float | None,
    typer.Option(metavar="MB", help="Megabytes per cell. Default: an equal part of the machine's memory."),
]
Engine = Annotated[
    str | None,
    typer.Option(metavar="dask:...", help="Dask workers: dask:local:N, or dask: and a scheduler's address."),
]
ShardOption = Annotated[
    str | None,
    typer.Option("--shard", metavar="K/N", help="Run the K-th of N parts of the grid, such as 2/8."),
]
Gradients = Annotated[
    list[str],
    typer.Option(
        metavar="AMOUNTS", help="Budgets in gradients for fitting and sampling together, such as 1e4,1e5."
    ),
]
Seconds = Annotated[
    list[str],
    typer.Option(
        metavar="AMOUNTS", help="Budgets in seconds for fitting and sampling together, such as 5,20."
    ),
]
ComputeOn = Annotated[
    Device | None, typer.Option("--device", help="Kind of device to compute on. Default: what JAX prefers.")
]
Devices = Annotated[
    str | None,
    typer.Option(metavar="0,1,...", help="Numbers of GPUs; each cell has one of them to itself."),
]
Costly = Annotated[
    bool,
    typer.Option("--costly", help="Also Sinkhorn divergence and classifier test: up to a minute per row."),
]
KeepWeights = Annotated[
    bool,
    typer.Option("--keep-weights", help="Keep weighted draws for ArviZ with their weights. Else: resample."),
]
Preset = Annotated[
    str,
    typer.Option(help=f"Grid to start from: {', '.join(PRESETS)}.", autocompletion=complete_presets),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Run nothing; say what would be run, and how long it would take.")
]


def published_only(published: Path | None) -> "ReadResults":
    """The published results, which are by default those of this installation."""
    from bridgemark.benchmarks.rows.results import PUBLISHED
    from bridgemark.benchmarks.rows.results import Results as ReadResults

    return ReadResults((published or PUBLISHED,))


def layered(local: Path, published: Path | None) -> "ReadResults":
    """One's own results laid over the published ones."""
    from bridgemark.benchmarks.rows.results import Results as ReadResults

    return ReadResults((*published_only(published).folders, local))


def grid(options: Mapping[str, Any]) -> "Request":
    """The grid that the options of a command ask for, by their names.

    Raises BadInput for an unknown preset, for wrong budgets, and for numbers that are not positive.
    """
    from bridgemark.benchmarks.sweep.request import Request

    require_positive(**{name: options[name] for name in ("seeds", "draws", "cores")})
    gradients = parse_budgets("budget", options["budget"], "gradients")
    seconds = parse_budgets("seconds", options["seconds"], "seconds")
    device = options["device"]
    preset = choose("preset", [options["preset"]], PRESETS)[options["preset"]]
    return Request(
        preset=preset,
        samplers=_samplers(options["sampler"], options.get("vary") or [], preset),
        targets=split_names(options["target"]),
        seeds=options["seeds"],
        draws=options["draws"],
        precision=Precision(options["precision"]).value,
        cores=options["cores"],
        budgets=gradients + seconds,
        costly=options["costly"],
        plugins=tuple(options["plugin"]),
        jax_platform=None if device is None else Device(device).value,
    )


def _samplers(names: list[str], variations: list[str], preset: presets.Preset) -> tuple[str, ...]:
    """The names of the samplers with their variations; empty where those of the preset run as they are.

    Raises BadInput where samplers that nobody names are to be varied.
    """
    chosen = split_sampler_names(names)
    if not variations:
        return chosen
    if not chosen and preset.samplers is None:
        raise BadInput("--vary needs the names of the samplers whose setting it varies: use --sampler")
    return vary(chosen or preset.samplers or (), variations)


def resources_of(options: Mapping[str, Any]) -> "Resources":
    """What a sweep may use by the options of a command; those that the command lacks have their defaults.

    Raises BadInput for numbers that are not positive, and for a wrong shard.
    """
    from bridgemark.benchmarks.sweep.request import parse_shard
    from bridgemark.benchmarks.sweep.runner import Resources

    numbers = {name: options.get(name) for name in ("workers", "timeout", "memory")}
    require_positive(**numbers)
    return Resources(
        **numbers,
        shard=parse_shard(options.get("shard")),
        devices=split_names([options.get("devices") or ""]),
        engine=options.get("engine"),
    )
