"""Runners in processes of their own: how they are started, and what they leave behind."""

import sys
import time
from contextlib import suppress

import psutil

WITHOUT_TIME = ("fit_evals", "sample_evals", "floors", "errors", "repeats", "shown_draws", "status", "reason")


def sweep_command(results, *options):
    return [sys.executable, "-m", "bridgemark", "run", "--results", str(results), *map(str, options)]


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


def until(condition, seconds=120):
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def numbers_of(store):
    """What does not depend on the clock, by identity."""
    return {
        stored.identity: [
            *(getattr(stored, name) for name in WITHOUT_TIME),
            stored.metrics | {"ess_per_second": None},
        ]
        for stored in store.read_all()
    }
