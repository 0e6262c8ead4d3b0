"""The options of the command line that are long or that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bridgemark.benchmarks.rows.results import Results as ReadResults

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
Names = Annotated[
    list[str],
    typer.Option(metavar="NAMES", help="Comma-separated, repeatable. Default: those of the preset."),
]
Workers = Annotated[
    int | None, typer.Option(help="Number of cells at a time. Default: as many as there are cores for.")
]
Timeout = Annotated[
    float | None, typer.Option(help="Seconds per cell, for all its seeds. Default: the preset's.")
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
Costly = Annotated[
    bool,
    typer.Option("--costly", help="Also Sinkhorn divergence and classifier test: up to a minute per row."),
]


def layered(local: Path, published: Path | None) -> "ReadResults":
    """One's own results laid over the published ones, which are by default those of this installation."""
    from bridgemark.benchmarks.rows.results import PUBLISHED
    from bridgemark.benchmarks.rows.results import Results as ReadResults

    return ReadResults((published or PUBLISHED, local))
