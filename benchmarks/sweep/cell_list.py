"""Cells as lines of a file, which any program that starts jobs can hand out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.reading import row_from_json
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.rows.unreadable import UnreadableRow
from bridgemark.benchmarks.sweep.crew import Workplace, run_cells
from bridgemark.benchmarks.sweep.limits import CellLimits, memory_per_cell
from bridgemark.benchmarks.sweep.progress import Display
from bridgemark.benchmarks.sweep.request import Cell


@dataclass(frozen=True, kw_only=True)
class ListedCell:
    """A cell with all that is needed to run it elsewhere, as long as the same code and files are there.

    `plugins` are absolute paths, `cores` is the number of cores, `seconds` the processor seconds per core,
    and `megabytes` the memory; None means what the machine has.
    """

    cell: Cell
    plugins: tuple[str, ...]
    cores: int
    seconds: float
    megabytes: float | None

    def to_line(self) -> str:
        """The cell as one line of JSON; it begins with what people look for."""
        first = self.cell.rows[0]
        return json.dumps(
            {
                "cell": self.cell.identity,
                "sampler": first.sampler,
                "target": first.target,
                "plugins": self.plugins,
                "cores": self.cores,
                "seconds": self.seconds,
                "megabytes": self.megabytes,
                "costly": self.cell.costly,
                "jax_platform": self.cell.jax_platform,
                "rows": [row.to_json() for row in self.cell.rows],
            }
        )


def run_listed(listed: ListedCell, store: Store, display: Display) -> None:
    """Run a cell on cores of this machine, unless its rows are stored or another process runs it.

    Rows are stored one by one, so a cell that was stopped goes on with its next row.
    """
    workplace = Workplace(
        store=store,
        cores=environment.available_cores(),
        cores_per_cell=listed.cores,
        workers=1,
        limits=CellLimits(
            seconds=listed.seconds, megabytes=listed.megabytes or memory_per_cell(1), cores=listed.cores
        ),
        plugins=listed.plugins,
    )
    run_cells([listed.cell], workplace, display)


def read_list(path: Path) -> list[ListedCell]:
    """The cells in a file. Raises BadInput for one that cannot be read, and for a line that is no cell."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {path} ({error}); `bridgemark plan > {path.name}` makes it") from None
    cells = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            cells.append(_from_line(line, f"{path}, line {number}"))
    return cells


def choose_cell(cells: Sequence[ListedCell], beginning: str | None, line: int | None) -> ListedCell:
    """The cell on a line, counted from 1, or the only one whose identity begins so. Raises BadInput."""
    if (beginning is None) == (line is None):
        raise BadInput("give either the identity of a cell or --line")
    if line is not None:
        if not 1 <= line <= len(cells):
            raise BadInput(f"--line must be from 1 to {len(cells)}, not {line}")
        return cells[line - 1]
    matching = [listed for listed in cells if listed.cell.identity.startswith(str(beginning))]
    if len(matching) != 1:
        raise BadInput(f"{len(matching)} of {len(cells)} cells begin with {beginning!r}")
    return matching[0]


def _from_line(line: str, origin: str) -> ListedCell:
    try:
        return from_json(json.loads(line))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, UnreadableRow):
        raise BadInput(f"{origin} is not a cell; make the file again with `bridgemark plan`") from None


def from_json(data: dict[str, Any]) -> ListedCell:
    """The cell that `ListedCell.to_line` wrote. Raises many kinds of errors for anything else."""
    rows = tuple(map(row_from_json, data["rows"]))
    cell = Cell(rows, bool(data["costly"]), data["jax_platform"])
    if cell.identity != data["cell"]:
        raise ValueError("the rows are those of another cell")
    return ListedCell(
        cell=cell,
        plugins=tuple(data["plugins"]),
        cores=int(data["cores"]),
        seconds=float(data["seconds"]),
        megabytes=None if data["megabytes"] is None else float(data["megabytes"]),
    )
