"""What tests of processes share: which of them run, how a signal ends one, and waiting with a deadline."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import NamedTuple

import psutil

from bridgemark.benchmarks.rows.settings import configure

# Replaces itself with a command that heeds signals: the tests may themselves run in the background, where
# signals are ignored, and that is inherited.
HEED_SIGNALS = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
LONG = 300  # seconds, in which what is waited for happens on any machine, however busy it is


def marked_processes(folder):
    """The processes that name a folder in their command, or in the environment variable BRIDGEMARK_TEST."""
    marked = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            mark = process.environ().get("BRIDGEMARK_TEST", "")
            is_marked = str(folder) in " ".join([mark, *process.cmdline()])
            if is_marked and process.status() != psutil.STATUS_ZOMBIE:
                marked.append(process)
    return marked


def until(condition, seconds=LONG):
    """Wait until the condition holds; an assertion fails where that takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def heeding(command, **options):
    """The process of a command that heeds signals, with pipes for what it prints; it is killed at the end."""
    command = [sys.executable, "-S", "-c", HEED_SIGNALS, *map(str, command)]
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, text=True, **pipes, **options) as process:
        try:
            yield process
        finally:
            process.kill()


class Ended(NamedTuple):
    """The exit status of a process, what it printed, and the seconds from a signal until all had ended."""

    status: int
    output: str
    errors: str
    seconds: float


def end_with(process, number, folder):
    """Send a signal, and wait for the end of the process and of all others that `folder` marks."""
    sent = time.monotonic()
    process.send_signal(number)
    output, errors = process.communicate(timeout=LONG)
    until(lambda: not marked_processes(folder))
    return Ended(process.returncode, output, errors, time.monotonic() - sent)


def configure_quickly(core_ids, precision):
    """Set this process up as a cell that compiles as quickly as the tests; to be called before JAX starts."""
    flags = os.environ.get("XLA_FLAGS", "")
    configure(core_ids, precision)
    os.environ["XLA_FLAGS"] += f" {flags}"
