"""A process that runs code of strangers in phases: its reports, the limits of each phase, and its end."""

import json
import os
import select
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from bridgemark.benchmarks.sweep.crash_report import crash_in
from bridgemark.benchmarks.sweep.interruption import uninterrupted
from bridgemark.benchmarks.sweep.limits import CellLimits, Excess
from bridgemark.benchmarks.sweep.process_tree import start_module
from bridgemark.benchmarks.text import remark

CHECK_SECONDS = 0.4  # between two looks at what the process uses
WAIT_SECONDS = 0.1  # for a report
MAX_REPORT = 2**26  # bytes: the report on a target that is planned has all of its rows
MAX_LOG = 2**16  # bytes of the end of the log that are looked at
MAX_REASON = 250  # characters


class ReportingProcess:
    """A process that reports what it does, as a context manager that ends it and all that it has started.

    Its module begins with `read_task` and `open_reports`. A report is a JSON object. One with a `phase` says
    what begins now, and has the `subject` that this is about, or None; each phase may use the `limits`. One
    with `done` is the last.
    """

    @uninterrupted
    def __init__(self, module: str, task: Any, limits: CellLimits) -> None:
        self.limits = limits
        self.phase, self.subject = "the start", None
        self.phase_start, self.cpu_before, self.checked = time.monotonic(), 0.0, 0.0
        self.exceeded: Excess | None = None
        self.is_done, self.is_open, self.unread = False, True, b""
        self.log = tempfile.TemporaryFile()  # noqa: SIM115  it is closed with the pipes
        self.process, self.stdin, self.stdout, self.tree = start_module(
            module, json.dumps(task).encode() + b"\n", self.log
        )

    def __enter__(self) -> "ReportingProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and all that it has started."""
        self.tree.kill()
        self.process.wait()
        for pipe in (self.stdin, self.stdout, self.log):
            pipe.close()

    def all_reports(self) -> Iterator[dict[str, Any]]:
        """Yield the reports as they arrive, until the process is over."""
        is_over = False
        while not is_over:
            is_over = self.is_over()  # asked first: reports that were made before the end are read after it
            yield from self.reports()

    def is_over(self) -> bool:
        """Whether the process is done, has ended, or has exceeded its limits.

        A helper that it has forked may keep the pipe of its reports open after its end.
        """
        if self.is_done or self.process.poll() is not None:
            return True
        if time.monotonic() - self.checked >= CHECK_SECONDS:
            self.checked = time.monotonic()
            usage = self.tree.usage()
            in_phase = usage._replace(cpu_seconds=usage.cpu_seconds - self.cpu_before)
            self.exceeded = self.limits.exceeded(in_phase, self.phase_seconds)
        return self.exceeded is not None

    def reports(self) -> Iterator[dict[str, Any]]:
        """Yield the reports that have arrived; wait a moment where none has.

        What is no report is left out: a sampler or a target may write into the pipe, too.
        """
        if not self.is_open:
            time.sleep(WAIT_SECONDS)
            return
        if not select.select([self.stdout], [], [], WAIT_SECONDS)[0]:
            return
        data = os.read(self.stdout.fileno(), 2**20)
        self.is_open = bool(data)
        *complete, unread = (self.unread + data).split(b"\n")
        self.unread = unread[-MAX_REPORT:]
        for line in complete:
            with suppress(ValueError, KeyError, TypeError, RecursionError):
                report = {**json.loads(line)}
                self._heed(report)
                yield report

    @property
    def was_limited(self) -> bool:
        """Whether a limit or the system ended the process. With more memory or time it might have gone on."""
        return self.exceeded is not None or self.process.poll() == -signal.SIGKILL

    @property
    def phase_seconds(self) -> float:
        """Wall seconds since the present phase began."""
        return time.monotonic() - self.phase_start

    def why_over(self) -> str:
        """Why the process is over without being done, in one line. To be asked before it is ended."""
        if self.exceeded is not None:
            return self.exceeded.reason
        code = self.process.poll()
        if code == -signal.SIGKILL:
            return "the process was killed, most likely for lack of memory"
        self.log.seek(max(0, self.log.seek(0, os.SEEK_END) - MAX_LOG))
        log = self.log.read().decode(errors="replace")
        lines = log.strip().splitlines()
        last = crash_in(log) or (lines[-1] if lines else "it printed no reason")
        return remark(f"the process ended with status {code} ({last})", MAX_REASON)

    def _heed(self, report: dict[str, Any]) -> None:
        self.is_done = self.is_done or "done" in report
        if "phase" in report:
            self.phase, self.subject = remark(str(report["phase"])), report["subject"]
            self.phase_start, self.cpu_before = time.monotonic(), self.tree.usage().cpu_seconds
