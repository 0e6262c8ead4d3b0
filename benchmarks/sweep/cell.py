"""The process of one cell, started as `python -m bridgemark.benchmarks.sweep.cell`.

It reads its specification, one line of JSON, from standard input. Standard input then stays open: when it
ends, the parent process is gone, and this one exits. Progress is reported as lines of JSON on what was
standard output. Whatever libraries print goes to standard error.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridgemark.benchmarks.rows import environment, settings
from bridgemark.benchmarks.sweep.child import open_reports, read_task, run_and_end

if TYPE_CHECKING:
    from bridgemark.benchmarks.rows.row import Row


@dataclass(frozen=True, kw_only=True)
class Specification:
    """What the process of a cell needs to know.

    `sampler` and `target` are registered names, `rows` the rows to run as JSON data, one for each seed and
    budget. `core_ids` are the cores to bind to, `store` is the folder of the store. With `costly` the metrics
    that take long are computed too. `jax_platform` is as for `settings.configure`.
    """

    sampler: str
    target: str
    plugins: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    precision: str
    core_ids: tuple[int, ...]
    store: str
    costly: bool
    jax_platform: str | None

    def to_line(self) -> bytes:
        """The specification as one line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"


def main() -> None:
    """Read the specification, bind this process to its cores and precision, and run the rows."""
    spec, report = Specification(**read_task()), open_reports()
    first = spec.rows[0]
    settings.configure(spec.core_ids, spec.precision, spec.jax_platform, first["device"], first["cores"])

    # Only now, because JAX reads its settings when it is imported.
    from bridgemark.benchmarks import registry
    from bridgemark.benchmarks.rows.reading import row_from_json
    from bridgemark.benchmarks.rows.store import Store
    from bridgemark.benchmarks.sweep.measure import run_cell

    sampler = registry.load_sampler(spec.sampler, spec.plugins)
    target = registry.build(spec.target, registry.load_target(spec.target, spec.plugins))
    rows = [_with_settings(row_from_json(row)) for row in spec.rows]
    run_cell(sampler, target, rows, Store(Path(spec.store)), report, spec.costly)


def _with_settings(row: "Row") -> "Row":
    """The row with the circumstances of this process.

    Raises RuntimeError if its device is not the planned one.
    """
    device = environment.device()
    if device != row.device:
        raise RuntimeError(f"the row was planned for the device {row.device!r}, but JAX has {device!r}")
    return replace(row, flags=settings.flags(), machine=environment.machine(), load=environment.load())


if __name__ == "__main__":
    run_and_end(main)
