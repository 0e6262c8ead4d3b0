"""A cell's process, seen by its parent: started in its own group, heard, ended, asked why it died."""

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

from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep.cell import Specification
from bridgemark.benchmarks.sweep.plan import Cell

POLL_SECONDS = 0.1


@dataclass
class Running:
    """A cell's process and what it said so far. `done` holds the identities of the rows it stored."""

    cell: Cell
    cores: tuple[int, ...]
    process: subprocess.Popen[bytes]
    into: IO[bytes]
    out: IO[bytes]
    begun: float
    phase: str = "starting"
    unread: bytes = b""
    open: bool = True
    done: set[str] = field(default_factory=set)

    @property
    def seconds(self) -> float:
        """Wall seconds since the process began."""
        return time.monotonic() - self.begun


def start(cell: Cell, cores: tuple[int, ...], store: Store, plugins: tuple[str, ...]) -> Running:
    """Start a cell's process; its standard error goes to the log beside its rows."""
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
    )
    with store.open_log(first) as log:
        process = subprocess.Popen(
            # Our own path and not the current folder: the child must find the same packages as we did.
            [sys.executable, "-P", "-m", "bridgemark.benchmarks.sweep.cell"],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(entry or os.getcwd() for entry in sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            bufsize=0,
        )
    assert process.stdin
    assert process.stdout
    with suppress(BrokenPipeError):  # a child that died at once is found by its status
        process.stdin.write(spec.to_line())
    return Running(cell, cores, process, process.stdin, process.stdout, time.monotonic())


def listen(running: Sequence[Running]) -> Iterator[tuple[Running, dict[str, Any]]]:
    """What the processes have to say, waiting a moment when they say nothing."""
    pipes = {one.out: one for one in running if one.open}
    if not pipes:
        time.sleep(POLL_SECONDS)
        return
    for pipe in select.select(list(pipes), [], [], POLL_SECONDS)[0]:
        one = pipes[pipe]
        data = os.read(pipe.fileno(), 2**16)
        one.open = bool(data)
        *lines, one.unread = (one.unread + data).split(b"\n")
        for message in map(json.loads, lines):
            one.phase = message.get("phase", one.phase)
            one.done |= {message["done"]} if "done" in message else set()
            yield one, message


def over(one: Running, timeout: float) -> bool:
    """Whether the process has ended or is overdue."""
    return one.process.poll() is not None or one.seconds > timeout


def kill(one: Running) -> None:
    """End the whole process group, if it has not ended, and close the pipes."""
    if one.process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(one.process.pid, signal.SIGKILL)
        one.process.wait()
    one.into.close()
    one.out.close()


def verdict(one: Running, timeout: float, store: Store) -> dict[str, Any]:
    """Status and reason for the rows that this ended, or overdue, process has not stored."""
    code = one.process.poll()
    if code is None:
        return {
            "status": "timeout",
            "reason": f"stopped after {timeout:g} s, while {one.phase}; see --timeout",
        }
    if code == -signal.SIGKILL:
        return {
            "status": "out of memory",
            "reason": f"killed while {one.phase}, most likely for lack of memory",
        }
    how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"the process ended with status {code}"
    said = store.log(one.cell.rows[0]).read_text(errors="replace").strip().splitlines()
    last = f": {said[-1].strip()[:200]}" if said else ""
    return {"status": "failed", "reason": f"{how} while {one.phase}{last}"}
