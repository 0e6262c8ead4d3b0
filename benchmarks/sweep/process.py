"""The process of a cell, seen from its parent: starting it, reading its reports, ending it, why it failed."""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from bridgemark.benchmarks.rows.row import Failure
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep.cell import Specification
from bridgemark.benchmarks.sweep.crash_report import crash_in
from bridgemark.benchmarks.sweep.limits import CellLimits, Excess
from bridgemark.benchmarks.sweep.process_tree import ProcessTree, start_module
from bridgemark.benchmarks.sweep.request import Cell
from bridgemark.benchmarks.text import remark

POLL_SECONDS = 0.1
CHECK_SECONDS = 0.4  # between two looks at what a cell uses: each asks for all processes of the machine
MAX_MESSAGE = 200  # characters
MAX_REPORT = 2**16  # bytes of a report of a cell
MAX_LOG = 2**16  # bytes of the end of a log that are looked at
MEMORY_FRACTION = "0.9"  # of a GPU, for a cell that has it to itself


@dataclass
class CellProcess:
    """The running process of a cell, and what it has reported so far.

    `stdin` and `stdout` are the parent's ends of its pipes; `open` says whether `stdout` can still be read,
    and `unread` holds the beginning of a report that has not arrived completely. `stored` holds the
    identities of the rows that it has stored. `exceeded` says which of its `limits` it has exceeded, and
    `checked` is the time when that was last looked at.
    """

    cell: Cell
    cores: tuple[int, ...]
    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]
    tree: ProcessTree
    limits: CellLimits
    start: float
    device: str | None = None
    checked: float = 0.0
    exceeded: Excess | None = None
    phase: str = "starting"
    unread: bytes = b""
    open: bool = True
    stored: set[str] = field(default_factory=set)

    @property
    def seconds(self) -> float:
        """Wall seconds since the process was started."""
        return time.monotonic() - self.start


def start(
    cell: Cell,
    cores: tuple[int, ...],
    store: Store,
    plugins: tuple[str, ...],
    limits: CellLimits,
    device: str | None = None,
) -> CellProcess:
    """Start the process of a cell on these cores. Its standard error goes to the log beside its rows.

    Where a `device` is given, the number of a GPU, the process sees that one only.
    """
    task = _specification(cell, cores, store, plugins).to_line()
    with store.open_log(cell.rows[0]) as log:
        started = start_module("bridgemark.benchmarks.sweep.cell", task, log, _visible(device))
    return CellProcess(cell, cores, *started, limits=limits, start=time.monotonic(), device=device)


def _specification(
    cell: Cell, cores: tuple[int, ...], store: Store, plugins: tuple[str, ...]
) -> Specification:
    """What the process needs to know. All paths are absolute: it may go to another folder."""
    first = cell.rows[0]
    return Specification(
        sampler=first.sampler,
        target=first.target,
        plugins=tuple(os.path.abspath(plugin) for plugin in plugins),
        rows=tuple(row.to_json() for row in cell.rows),
        precision=first.precision,
        core_ids=cores,
        store=os.path.abspath(store.root),
        costly=cell.costly,
        jax_platform=cell.jax_platform,
    )


def _visible(device: str | None) -> dict[str, str]:
    """The environment in which a process sees one GPU only, and takes most of its memory at its start."""
    if device is None:
        return {}
    variables = dict.fromkeys(("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"), device)
    return {**variables, "XLA_PYTHON_CLIENT_MEM_FRACTION": MEMORY_FRACTION}


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
        *complete, unread = (cell_process.unread + data).split(b"\n")
        cell_process.unread = unread[-MAX_REPORT:]
        for message in filter(None, map(_report, complete)):
            if "phase" in message:
                cell_process.phase = message["phase"]
            if "stored" in message:
                cell_process.stored.add(message["stored"])
            yield cell_process, message


def _report(line: bytes) -> dict[str, str] | None:
    """The report on a line; None where it is none, because a sampler may write into the pipe, too."""
    try:
        ((kind, text),) = json.loads(line).items()
    except (ValueError, AttributeError, RecursionError):
        return None
    return {kind: remark(str(text))} if kind in ("phase", "stored") else None


def is_over(cell_process: CellProcess) -> bool:
    """Whether the process has ended or has exceeded its limits."""
    if cell_process.process.poll() is not None:
        return True
    now = time.monotonic()
    if now - cell_process.checked >= CHECK_SECONDS:
        cell_process.checked = now
        usage = cell_process.tree.usage()
        cell_process.exceeded = cell_process.limits.exceeded(usage, cell_process.seconds)
    return cell_process.exceeded is not None


def kill(cell_process: CellProcess) -> None:
    """End all processes of the cell, those that outlived the first of them included; close the pipes."""
    cell_process.tree.kill()
    cell_process.process.wait()
    cell_process.stdin.close()
    cell_process.stdout.close()


def why_unfinished(cell_process: CellProcess, store: Store) -> Failure:
    """Why rows of a process that is over are not stored."""
    code, phase, excess = cell_process.process.poll(), cell_process.phase, cell_process.exceeded
    if excess is not None:
        return Failure(excess.status, f"{excess.reason}, while {phase}; see {excess.option}")
    if code == -signal.SIGKILL:
        return Failure("out of memory", f"killed while {phase}, most likely for lack of memory")
    log = _end_of_log(cell_process, store)
    crash, lines = crash_in(log), log.strip().splitlines()
    last = crash or (lines[-1].strip() if lines else "")
    end = f"killed by {_signal_name(-code)}" if code and code < 0 else f"the process ended with status {code}"
    return Failure("failed", f"{end} while {phase}" + (f": {remark(last, MAX_MESSAGE)}" if last else ""))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _end_of_log(cell_process: CellProcess, store: Store) -> str:
    """The end of what the cell wrote to standard error; '' where the cell has removed the file."""
    try:
        with store.log(cell_process.cell.rows[0]).open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - MAX_LOG))
            return log.read().decode(errors="replace")
    except OSError:
        return ""
