"""Examinations: the checks of a sampler or a target, made in processes with limits of time and memory.

A finding is kept as soon as it is there. A check that ends its process has failed, and another process makes
the checks that follow it.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from bridgemark.benchmarks.certificates import certify_target
from bridgemark.benchmarks.certificates.certify import (
    FAILED,
    MAX_REASON,
    NOT_JUDGED,
    NOT_REACHED,
    STATUSES,
    Certificate,
    Finding,
    certify_now,
)
from bridgemark.benchmarks.certificates.checks import HALVES
from bridgemark.benchmarks.certificates.forecast import Expected
from bridgemark.benchmarks.certificates.progress import CheckProgress
from bridgemark.benchmarks.rows.environment import available_cores
from bridgemark.benchmarks.sweep.core_locks import CoreLocks
from bridgemark.benchmarks.sweep.interruption import uninterrupted
from bridgemark.benchmarks.sweep.limits import CellLimits
from bridgemark.benchmarks.sweep.reporting_process import ReportingProcess
from bridgemark.benchmarks.text import remark

MAX_CRASHES = 2  # of the processes of a part: a sampler that hangs would hang in every check
RETRY_SECONDS = 0.5  # between two tries to lock a core that another runner has


@dataclass(frozen=True)
class Battery:
    """Checks in parts that are made at the same time, and the module of the processes that make them."""

    module: str
    parts: tuple[tuple[str, ...], ...]


SAMPLER_BATTERY = Battery("bridgemark.benchmarks.certificates.examiner", tuple(map(tuple, HALVES)))
TARGET_BATTERY = Battery(
    "bridgemark.benchmarks.certificates.target_examiner", (tuple(certify_target.CHECKS),)
)


@dataclass(frozen=True)
class Examined:
    """A new certificate. `was_limited` says whether a limit of time or memory ended one of its checks.

    Then it is not final, because with other limits or on another machine it might be another.
    """

    certificate: Certificate
    was_limited: bool


def examine(
    waiting: Sequence[Expected],
    plugins: Sequence[str],
    battery: Battery,
    limits: CellLimits,
    console: Console,
) -> Iterator[Examined]:
    """Check samplers or targets one after the other, and yield each certificate as soon as it is there.

    Each check may use the `limits`. Progress is shown on `console`.
    """
    with CheckProgress(console, len(waiting)) as progress:
        for subject, seconds in waiting:
            progress.begin(subject.name, seconds)
            task = {"name": subject.name, "identity": subject.identity, "plugins": list(plugins)}
            parts = [Part(battery.module, task, checks, limits) for checks in battery.parts]
            _make_checks(parts, progress)
            findings = tuple(finding for part in parts for finding in part.findings)
            certificate = certify_now(subject, findings)
            yield Examined(certificate, any(part.was_limited for part in parts))


def _make_checks(parts: Sequence["Part"], progress: CheckProgress) -> None:
    """Make the checks of all parts, each part on a core that no other runner uses.

    However this function ends, no process that it started goes on.
    """
    with CoreLocks() as locks:
        try:
            while any(part.waiting for part in parts):
                start_parts(parts, locks, progress)
                for part in parts:
                    if part.process is not None:
                        part.advance(part.process)
                        if part.process is None:
                            locks.unlock(part.cores)
                progress.show(_summary(parts))
        finally:
            for part in parts:
                part.stop()


class Part:
    """Checks that are made one after the other, by one process as long as none of them ends it."""

    def __init__(self, module: str, task: dict[str, Any], checks: Sequence[str], limits: CellLimits) -> None:
        self.module, self.task, self.limits = module, task, limits
        self.waiting = deque(checks)
        self.findings: list[Finding] = []
        self.process: ReportingProcess | None = None
        self.cores: list[int] = []
        self.crashes, self.was_limited = 0, False

    @uninterrupted
    def start(self, cores: list[int]) -> None:
        """Start a process, on a core, for the checks that have no finding."""
        self.cores = cores
        task = self.task | {"checks": list(self.waiting), "core": cores[0]}
        self.process = ReportingProcess(self.module, task, self.limits)

    def advance(self, process: ReportingProcess) -> None:
        """Take the findings that have arrived, and end a process that is over."""
        is_over = process.is_over()
        for report in process.reports():
            with suppress(LookupError, TypeError, ValueError):  # what is no finding was written by a sampler
                self._take(report["finding"])
        if is_over:
            if self.waiting:
                self._explain_end(process)
            self.stop()

    def stop(self) -> None:
        """End the process with all that it has started."""
        if self.process is not None:
            self.process.close()
            self.process = None

    def _take(self, finding: dict[str, Any]) -> None:
        if finding["check"] == self.waiting[0] and finding["status"] in STATUSES:
            reason = finding["reason"] and remark(str(finding["reason"]), MAX_REASON)
            seconds = float(finding["seconds"])
            self.findings.append(Finding(self.waiting.popleft(), finding["status"], reason, seconds))

    def _explain_end(self, process: ReportingProcess) -> None:
        """Let the check fail that ended the process, and judge no further one after MAX_CRASHES."""
        why = process.why_over()
        if process.exceeded is not None:
            why += f"; see {process.exceeded.option}"
        has_begun = process.subject is not None
        reason = why if has_begun else f"before the first check: {why}"
        seconds = round(process.phase_seconds, 1)
        self.findings.append(Finding(self.waiting.popleft(), FAILED, reason, seconds))
        self.was_limited |= process.was_limited
        self.crashes += 1
        if self.crashes == MAX_CRASHES or not has_begun:
            self.findings += [Finding(check, NOT_JUDGED, NOT_REACHED, 0.0) for check in self.waiting]
            self.waiting.clear()


def start_parts(parts: Sequence[Part], locks: CoreLocks, progress: CheckProgress) -> None:
    """Start a process for each part that waits for one; wait a moment where there is no core for any."""
    for part in parts:
        if part.waiting and part.process is None:
            cores = locks.lock(available_cores(), 1)
            if cores:
                part.start(cores)
    if all(part.process is None for part in parts):
        progress.remark_once("other runners use the cores; waiting")
        time.sleep(RETRY_SECONDS)


def _summary(parts: Sequence[Part]) -> str:
    """How many checks are made, and which are being made."""
    made = sum(len(part.findings) for part in parts)
    checks = made + sum(len(part.waiting) for part in parts)
    running = [part.waiting[0] for part in parts if part.process is not None and part.waiting]
    return f"{made} of {checks} checks made; now {' and '.join(running) or 'waiting'}"
