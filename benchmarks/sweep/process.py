"""The process of a cell, seen from its parent: starting it, reading its reports, ending it, why it failed."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any

from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.row import Failure
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep.cell import Specification
from bridgemark.benchmarks.sweep.plan import Cell

POLL_SECONDS = 0.1
MAX_MESSAGE = 200  # characters


@dataclass
class CellProcess:
    """The running process of a cell, and what it has reported so far.

    `stdin` and `stdout` are the parent's ends of its pipes; `open` says whether `stdout` can still be read,
    and `unread` holds the beginning of a report that has not arrived completely. `stored` holds the
    identities of the rows that it has stored.
    """

    cell: Cell
    cores: tuple[int, ...]
    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]
    start: float
    phase: str = "starting"
    unread: bytes = b""
    open: bool = True
    stored: set[str] = field(default_factory=set)

    @property
    def seconds(self) -> float:
        """Wall seconds since the process was started."""
        return time.monotonic() - self.start


def start(cell: Cell, cores: tuple[int, ...], store: Store, plugins: tuple[str, ...]) -> CellProcess:
    """Start the process of a cell on these cores. Its standard error goes to the log beside its rows."""
    first = cell.rows[0]
    spec = Specification(
        sampler=first.sampler,
        target=first.target,
        plugins=plugins,
        rows=tuple(row.to_json() for row in cell.rows),
        precision=first.precision,
        core_ids=cores,
        store=str(store.root),
        costly=cell.costly,
        jax_platform=cell.jax_platform,
    )
    with store.open_log(first) as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "bridgemark.benchmarks.sweep.cell"],
            env=environment.child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            bufsize=0,
        )
    assert process.stdin
    assert process.stdout
    with suppress(BrokenPipeError):  # a child that dies at once is noticed later, by its exit status
        process.stdin.write(spec.to_line())
    return CellProcess(cell, cores, process, process.stdin, process.stdout, time.monotonic())


def listen(running: Sequence[CellProcess]) -> Iterator[tuple[CellProcess, dict[str, Any]]]:
    """Yield the reports that have arrived, each with its process; wait a moment where none has."""
    by_pipe = {cell_process.stdout: cell_process for cell_process in running if cell_process.open}
    if not by_pipe:
        time.sleep(POLL_SECONDS)
        return
    ready, _, _ = select.select(list(by_pipe), [], [], POLL_SECONDS)
    for pipe in ready:
        cell_process = by_pipe[pipe]
        data = os.read(pipe.fileno(), 2**16)
        cell_process.open = bool(data)
        *complete, cell_process.unread = (cell_process.unread + data).split(b"\n")
        for message in map(json.loads, complete):
            if "phase" in message:
                cell_process.phase = message["phase"]
            if "stored" in message:
                cell_process.stored.add(message["stored"])
            yield cell_process, message


def is_over(cell_process: CellProcess, timeout: float) -> bool:
    """Whether the process has ended or has exceeded `timeout`, in seconds."""
    return cell_process.process.poll() is not None or cell_process.seconds > timeout


def kill(cell_process: CellProcess) -> None:
    """Kill the whole process group unless the process has ended, and close the pipes."""
    process = cell_process.process
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    cell_process.stdin.close()
    cell_process.stdout.close()


def why_unfinished(cell_process: CellProcess, timeout: float, store: Store) -> Failure:
    """Why rows of a process that is over are not stored."""
    code, phase = cell_process.process.poll(), cell_process.phase
    if code is None:
        return Failure("timeout", f"stopped after {timeout:g} s, while {phase}; see --timeout")
    if code == -signal.SIGKILL:
        return Failure("out of memory", f"killed while {phase}, most likely for lack of memory")
    end = f"killed by {signal.Signals(-code).name}" if code < 0 else f"the process ended with status {code}"
    log = store.log(cell_process.cell.rows[0]).read_text(errors="replace").strip().splitlines()
    last_line = f": {log[-1].strip()[:MAX_MESSAGE]}" if log else ""
    return Failure("failed", f"{end} while {phase}{last_line}")
