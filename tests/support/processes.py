"""What tests of processes share: which of them run, and the signals that a new one heeds."""

import signal
import time

import psutil


def marked_processes(mark):
    """The processes of this project whose environment or command line has the text `mark`."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if "bridgemark" in " ".join(process.info["cmdline"] or [])
        and str(mark) in (_test_of(process) + " ".join(process.info["cmdline"]))
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def _test_of(process):
    try:
        return process.environ().get("BRIDGEMARK_TEST", "")
    except psutil.Error:
        return ""


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
