"""What tests of processes share: which of them run, and the signals that a new one heeds."""

import signal
import time
from contextlib import suppress

import psutil


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


def heed_signals():
    """These tests may themselves run in the background, where signals are ignored and that is inherited."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def until(condition, seconds=120):
    """Wait until the condition holds; an assertion fails where that takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
