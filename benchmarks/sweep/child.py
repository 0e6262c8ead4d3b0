"""What every process does that runs code of strangers: the process of a cell, and the process that plans."""

import ctypes
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from bridgemark.benchmarks.sweep.crash_report import enable_crash_reports

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # of Linux's prctl


def read_task() -> dict[str, Any]:
    """Read what to do, one line of JSON, from standard input; from then on, end when the parent process ends.

    A crash of this process writes to standard error which Python code was running.
    """
    with os.fdopen(0, "rb", buffering=0, closefd=False) as stdin:
        task = json.loads(stdin.readline())
    _set_for_process(PR_SET_PDEATHSIG, signal.SIGKILL)  # even while a library holds Python's lock
    _set_for_process(PR_SET_CHILD_SUBREAPER, 1)  # a process whose parent ends becomes a child of this one
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


def run_and_end(main: Callable[[], None]) -> NoReturn:
    """Call `main`, then end this process and all that it has started.

    The last line on standard error says what was raised, if anything. Threads that are left over and exit
    handlers are not waited for: they are a stranger's, and may never end.
    """
    status = 1
    try:
        main()
        status = 0
    except BaseException as error:
        _print_reason(error)
    finally:
        with suppress(BaseException):  # standard error may be closed
            sys.stderr.flush()
        _end_descendants()
        os._exit(status)


def _print_reason(error: BaseException) -> None:
    """Print an exception, and at last its reason in one line."""
    # Only now, because JAX reads its settings when it is imported.
    from bridgemark.benchmarks.sweep.failures import reason_of

    with suppress(BaseException):
        traceback.print_exception(error)
        print(reason_of(error), file=sys.stderr)


def _end_descendants() -> None:
    with suppress(BaseException):
        import psutil

        for process in psutil.Process().children(recursive=True):
            process.kill()


def _set_for_process(option: int, value: int) -> None:
    """Set one of the options that Linux has for a process; nothing happens elsewhere."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value)


def _exit_with_parent() -> None:
    """Exit as soon as standard input ends, which happens when the parent process is gone."""
    while os.read(0, 1):
        pass
    os._exit(1)
