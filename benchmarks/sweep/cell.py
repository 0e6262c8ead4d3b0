"""The process of one cell, `python -m bridgemark.benchmarks.sweep.cell`: its specification is a JSON line on its input.

Standard input stays open as a lifeline: when it ends, the parent is gone and so is this process.
Progress goes as JSON lines to what was standard output; prints of libraries go to standard error.
"""

import json
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bridgemark.benchmarks.rows import environment


@dataclass(frozen=True, kw_only=True)
class Specification:
    """What a cell needs to know: `rows` are the records to complete, as JSON data, one a seed."""

    sampler: str
    target: str
    plugins: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    precision: str
    core_ids: tuple[int, ...]
    store: str
    costly: bool

    def to_line(self) -> bytes:
        """One line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"


def main() -> None:
    """Read the specification, bind this process to its cores and precision, then compute."""
    with os.fdopen(0, "rb", buffering=0, closefd=False) as lifeline:
        spec = Specification(**json.loads(lifeline.readline()))
    threading.Thread(target=_die_with_parent, daemon=True).start()
    say = _channel()
    environment.configure(spec.core_ids, spec.precision)

    # Only now, because JAX reads cores and precision when it is imported.
    from bridgemark.benchmarks import registry
    from bridgemark.benchmarks.rows.row import Row
    from bridgemark.benchmarks.rows.store import Store
    from bridgemark.benchmarks.sweep.measure import run_cell

    sampler = registry.samplers(spec.plugins)[spec.sampler]
    target = registry.build(spec.target, registry.targets(spec.plugins)[spec.target])
    rows = [Row.from_json(row) for row in spec.rows]
    run_cell(sampler, target, rows, Store(Path(spec.store)), say, spec.costly)


def _channel() -> Callable[..., None]:
    """Keep the parent's pipe for ourselves; whatever else is printed goes to standard error."""
    pipe = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return lambda **message: print(json.dumps(message), file=pipe)


def _die_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
