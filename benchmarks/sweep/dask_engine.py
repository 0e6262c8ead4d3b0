"""Runs cells on the workers of a Dask scheduler, on this machine or on many that share a folder."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.optional import optional_package
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep.cell_list import ListedCell, from_json, run_listed
from bridgemark.benchmarks.sweep.crew import stored_rows
from bridgemark.benchmarks.sweep.outcome import phrases
from bridgemark.benchmarks.sweep.progress import Display, TextDisplay

PREFIX, LOCAL = "dask:", "local:"
CONNECT_SECONDS = 30


def run_with_dask(engine: str, cells: Sequence[ListedCell], store: Store, display: Display) -> None:
    """Run cells on the workers of `engine`: "dask:local:N", or "dask:" and the address of a scheduler.

    Each is a task whose key is the identity of the cell, so that a cell is run once whoever asks for it. A
    task that loses its worker is run again on another one. Raises BadInput where the scheduler cannot be
    reached, and what `require_engine` raises.
    """
    require_engine(engine)
    distributed = optional_package("distributed", "cluster")
    with _client(distributed, engine) as client:
        futures = {}
        for listed in cells:
            task = client.submit(
                _run_line, listed.to_line(), str(store.root), key=listed.cell.identity, pure=False
            )
            futures[task] = listed
            display.cell_started(listed.cell)
        for future in distributed.as_completed(list(futures)):
            cell = futures[future].cell
            rows = stored_rows(cell.rows, store)
            outcome = phrases(rows, future.result()) if future.status == "finished" else [str(future.status)]
            display.cell_ended(cell, outcome, len(cell.rows))


def _run_line(line: str, store_root: str) -> float:
    """Run the cell of a line in the process of a worker, and return the seconds that it took."""
    listed = from_json(json.loads(line))
    with TextDisplay([listed.cell], Console(quiet=True)) as display:
        run_listed(listed, Store(Path(store_root)), display)
        return display.seconds()


def require_engine(engine: str) -> None:
    """Raise BadInput for a text that is no engine, and where Dask is not installed."""
    optional_package("distributed", "cluster")
    address = engine.removeprefix(PREFIX)
    workers = address.removeprefix(LOCAL)
    is_number = workers.isdecimal() and int(workers) > 0
    if not engine.startswith(PREFIX) or not address or (address.startswith(LOCAL) and not is_number):
        raise BadInput(f"--engine takes dask:local:N or dask:ADDRESS, not {engine!r}")


def _client(distributed: ModuleType, engine: str) -> Any:
    """A client of the scheduler. A worker runs one cell at a time, and bridgemark limits its memory."""
    address = engine.removeprefix(PREFIX)
    if not address.startswith(LOCAL):
        try:
            return distributed.Client(address, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise BadInput(f"no Dask scheduler answers at {address} ({error})") from None
    workers = int(address.removeprefix(LOCAL))
    return distributed.Client(n_workers=workers, threads_per_worker=1, memory_limit=0, dashboard_address=None)
