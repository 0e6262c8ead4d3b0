"""What every process does that runs code of strangers: the process of a cell, and the process that plans."""

import ctypes
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from bridgemark.benchmarks.sweep.crash_report import enable_crash_reports

PR_SET_PDEATHSIG = 1  # of Linux's prctl


def read_task() -> dict[str, Any]:
    """Read what to do, one line of JSON, from standard input; from then on, end when the parent process ends.

    A crash of this process writes to standard error which Python code was running.
    """
    with os.fdopen(0, "rb", buffering=0, closefd=False) as stdin:
        task = json.loads(stdin.readline())
    _die_with_parent()
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    enable_crash_reports()
    return task


def open_reports() -> Callable[..., None]:
    """Reserve standard output for reports, and redirect everything else printed there to standard error.

    Returns a function that sends its keyword arguments to the parent process, as one line of JSON.
    """
    pipe = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    def report(**message: Any) -> None:
        print(json.dumps(message), file=pipe)

    return report


def _die_with_parent() -> None:
    """Ask Linux to kill this process as soon as its parent ends, even while a library holds Python's lock."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _exit_with_parent() -> None:
    """Exit as soon as standard input ends, which happens when the parent process is gone."""
    while os.read(0, 1):
        pass
    os._exit(1)
