"""Runs jobs in processes of their own: those of a lane one after the other, the lanes side by side."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from bridgemark.benchmarks.sweep.reporting_process import ReportingProcess
from bridgemark.benchmarks.text import remark

MAX_REASON = 2_000  # characters
PILOT = "the pilot"


class Job(NamedTuple):
    """What one process does: the pilot where `family` is None, and else that family, for so many seconds."""

    family: str | None
    seconds: float

    @property
    def name(self) -> str:
        """What the job is called in what is said of it."""
        return self.family or PILOT


class Ended(NamedTuple):
    """A job that has ended: its last report, why it failed or None, and its wall seconds."""

    job: Job
    report: dict[str, Any]
    failure: str | None
    seconds: float


class _Running(NamedTuple):
    job: Job
    process: ReportingProcess
    begin: float
    report: dict[str, Any]  # the entries of all reports so far


def run_lanes(
    lanes: Sequence[Sequence[Job]], start: Callable[[Job, int], ReportingProcess]
) -> Iterator[Ended]:
    """Yield every job as it ends. `start` starts the process of a job of the lane with that number.

    All processes are ended where the caller stops early.
    """
    waiting = [list(lane) for lane in lanes]
    running: dict[int, _Running] = {}
    try:
        while running or any(waiting):
            for number, jobs in enumerate(waiting):
                if number not in running and jobs:
                    job = jobs.pop(0)
                    running[number] = _Running(job, start(job, number), time.monotonic(), {})
            for number, item in list(running.items()):
                is_over = item.process.is_over()  # asked first: the last reports are read after it
                for report in item.process.reports():
                    item.report.update(report)
                if is_over:
                    yield _end(running.pop(number))
    finally:
        for item in running.values():
            item.process.close()


def _end(item: _Running) -> Ended:
    seconds = time.monotonic() - item.begin
    if "error" in item.report:
        failure = remark(str(item.report["error"]), MAX_REASON)
    else:
        failure = None if item.process.is_done else item.process.why_over()
    item.process.close()
    return Ended(item.job, item.report, failure, seconds)
