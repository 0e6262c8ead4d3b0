"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Results = Annotated[Path, typer.Option(help="Folder of the results; the store is DIR/store.", metavar="DIR")]
Plugins = Annotated[
    list[str],
    typer.Option("--plugin", metavar="FILE", help="A Python file with SAMPLERS or TARGETS; repeatable."),
]
RESULTS = Path("results")
