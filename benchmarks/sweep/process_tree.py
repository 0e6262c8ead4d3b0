"""Processes that run code of strangers: cells, and the one that plans. What they use, and how they end.

Whatever such a process starts belongs to it: what descends from it, and what has its mark in the environment.
So a helper that was forked, that has a session of its own, or whose parent has ended, is still known.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import IO, NamedTuple

import psutil

from bridgemark.benchmarks.rows import environment

MARK = "BRIDGEMARK_CELL"  # the environment variable whose value all processes of a tree inherit
GONE = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess)
ROUNDS = 10  # of looking for processes that were started while others were ended
WAIT_SECONDS, POLL_SECONDS = 1.0, 0.005


class Usage(NamedTuple):
    """What all processes of a tree use: processor seconds since its start, and bytes of memory now."""

    cpu_seconds: float
    resident_bytes: int


class ProcessTree:
    """A process and all that it has started.

    `mark` is the value that its first process has in the environment variable MARK, and `process` the number
    of that process. Descendants are remembered whenever `usage` is asked for.
    """

    def __init__(self, process: int, mark: str) -> None:
        self.mark = mark
        self.members: dict[int, psutil.Process] = {}
        with suppress(*GONE):
            self.members[process] = psutil.Process(process)

    def usage(self) -> Usage:
        """What the processes use that are alive, and the processor seconds of those that they waited for."""
        self._remember_descendants()
        cpu_seconds, resident_bytes = 0.0, 0
        for member in list(self.members.values()):
            with suppress(*GONE):
                times = member.cpu_times()
                cpu_seconds += times.user + times.system + times.children_user + times.children_system
                resident_bytes += member.memory_info().rss
        return Usage(cpu_seconds, resident_bytes)

    def kill(self) -> None:
        """End every process, those included that were started meanwhile."""
        for _ in range(ROUNDS):
            self._remember_descendants()
            for member in _processes_marked(self.mark):
                self.members.setdefault(member.pid, member)
            alive = [member for member in self.members.values() if _is_alive(member)]
            if not alive:
                return
            for member in alive:
                with suppress(*GONE):
                    member.send_signal(signal.SIGKILL)
            _wait_for(alive)

    def _remember_descendants(self) -> None:
        for member in list(self.members.values()):
            with suppress(*GONE):
                for child in member.children(recursive=True):
                    self.members.setdefault(child.pid, child)


class Started(NamedTuple):
    """A process that was just started, and its tree. `stdin` and `stdout` are this end of its pipes."""

    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]
    tree: ProcessTree


def start_module(
    module: str, task: bytes, log: IO[bytes], variables: Mapping[str, str] | None = None
) -> Started:
    """Run a module in a new process, which reads the line `task` and writes its standard error to `log`.

    Its standard input stays open, so that it can see when this process ends. `variables` are added to its
    environment.
    """
    mark = f"{os.getpid()}-{secrets.token_hex(8)}"
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        env={**environment.child_environment(), **(variables or {}), MARK: mark},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        start_new_session=True,
        bufsize=0,
    )
    assert process.stdin
    assert process.stdout
    with suppress(BrokenPipeError):  # a child that dies at once is noticed later, by its exit status
        process.stdin.write(task)
    return Started(process, process.stdin, process.stdout, ProcessTree(process.pid, mark))


def _processes_marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(*GONE, OSError):
            if process.environ().get(MARK) == mark:
                yield process


def _wait_for(processes: list[psutil.Process]) -> None:
    """Wait until all of them have ended, at most WAIT_SECONDS. Nobody's exit status is collected."""
    deadline = time.monotonic() + WAIT_SECONDS
    while any(map(_is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def _is_alive(process: psutil.Process) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped by its parent does not."""
    with suppress(*GONE):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
