"""Planning in a process of its own, with limits, because it runs code of strangers.

A target that breaks, crashes, hangs or takes too much memory is refused with the reason, and the others are
planned.
"""

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.reading import row_from_json
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.unreadable import UnreadableRow
from bridgemark.benchmarks.sweep.crash_report import crash_in
from bridgemark.benchmarks.sweep.limits import CellLimits, memory_per_cell
from bridgemark.benchmarks.sweep.plan_cache import PlanCache
from bridgemark.benchmarks.sweep.process_tree import ProcessTree, start_module
from bridgemark.benchmarks.sweep.request import Request, request_to_json
from bridgemark.benchmarks.text import remark

STEP_SECONDS = 120.0  # of processor time, for a target or for reading samplers and plug-ins
CHECK_SECONDS = 0.4
MAX_LOG = 2**16  # bytes
MAX_REPORT = 2**26  # bytes of a report: one has all rows of a target
MAX_REASON = 2_000  # characters; a list of all known names is about as long

ShowPhase = Callable[[str], object]


@dataclass
class Plan:
    """The rows of a grid, and why targets and plug-ins were left out, one line each.

    `done` names the targets that are planned, and the targets and plug-ins that are refused. `plugins` are
    the files that are not refused, and `read` all files that planning has read.
    """

    rows: list[Row] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    plugins: tuple[str, ...] = ()
    read: list[Path] = field(default_factory=list)


def plan_apart(
    request: Request, cache: PlanCache | None = None, show_phase: ShowPhase = lambda phase: None
) -> Plan:
    """Plan a request in another process, and start another one after a target that ended it.

    A plan in `cache` is used where it is still right, and a new one is kept there unless something was
    refused. `show_phase` is called with what is planned next. Raises BadInput where nothing can be planned.
    """
    request = replace(request, plugins=tuple(map(os.path.abspath, request.plugins)))
    rows = None if cache is None else cache.find(request)
    if rows is not None:
        return Plan(rows, plugins=request.plugins)
    plan = Plan()
    while not _plan_on(plan, request, show_phase):
        pass
    if not plan.rows:
        raise BadInput("; ".join(plan.refused) or "the request has no rows")
    # Only those plug-ins are done with that are refused.
    plan.plugins = tuple(plugin for plugin in request.plugins if plugin not in plan.done)
    if cache is not None and not plan.refused:
        cache.keep(request, plan.rows, plan.read)
    return plan


def _plan_on(plan: Plan, request: Request, show_phase: ShowPhase) -> bool:
    """Plan what the plan lacks in a new process. Returns whether that is all; raises BadInput."""
    with tempfile.TemporaryFile() as log:
        planner = _start(request, plan.done, log)
        try:
            why_ended = _listen(planner, plan, show_phase)
        finally:
            planner.tree.kill()
            planner.process.wait()
            planner.stdin.close()
            planner.stdout.close()
        if planner.is_done:
            return True
        log.seek(max(0, log.seek(0, os.SEEK_END) - MAX_LOG))
        why = why_ended or _why_dead(planner.process.returncode, log.read().decode(errors="replace"))
    reason = f"{planner.phase} cannot be planned: {why}"
    plan.refused.append(reason)
    if planner.subject is None:
        raise BadInput("; ".join(plan.refused))
    plan.done.append(planner.subject)
    return False


@dataclass
class PlannerProcess:
    """The process that plans, and its phase: the target or the plug-in that this is about, and its start.

    `cpu_before` are the processor seconds of the phases before, and `checked` is when limits were looked at.
    """

    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]
    tree: ProcessTree
    phase: str = "the start"
    subject: str | None = None
    phase_start: float = field(default_factory=time.monotonic)
    cpu_before: float = 0.0
    checked: float = 0.0
    is_done: bool = False


def _start(request: Request, without: list[str], log: IO[bytes]) -> PlannerProcess:
    task = json.dumps({"request": request_to_json(request), "without": without})
    return PlannerProcess(*start_module("bridgemark.benchmarks.sweep.planner", f"{task}\n".encode(), log))


def _listen(planner: PlannerProcess, plan: Plan, show_phase: ShowPhase) -> str | None:
    """Add to the plan what the process reports, until it ends; returns why it had to be ended, or None."""
    limits = CellLimits(seconds=STEP_SECONDS, megabytes=memory_per_cell(1))
    pipe, unread = planner.stdout, b""
    while not planner.is_done:
        # A helper that a target has forked may keep the pipe open after the process has ended.
        has_ended = planner.process.poll() is not None
        if select.select([pipe], [], [], CHECK_SECONDS)[0]:
            data = os.read(pipe.fileno(), 2**20)
            if not data:
                with suppress(subprocess.TimeoutExpired):  # a target may have closed the pipe
                    planner.process.wait(CHECK_SECONDS)
                return None
            *complete, unread = (unread[-MAX_REPORT:] + data).split(b"\n")
            for line in complete:
                # A sampler or a target may write into the pipe, too: what is no report is left out.
                with suppress(ValueError, KeyError, TypeError, RecursionError, UnreadableRow):
                    _take_report(json.loads(line), planner, plan, show_phase)
        elif has_ended:
            return None
        if reason := _exceeded(planner, limits):
            return reason
    return None


def _exceeded(planner: PlannerProcess, limits: CellLimits) -> str | None:
    """Which limit the present phase has exceeded, or None. It looks every CHECK_SECONDS."""
    now = time.monotonic()
    if now - planner.checked < CHECK_SECONDS:
        return None
    planner.checked = now
    usage = planner.tree.usage()
    in_phase = usage._replace(cpu_seconds=usage.cpu_seconds - planner.cpu_before)
    excess = limits.exceeded(in_phase, now - planner.phase_start)
    return excess and excess.reason


def _take_report(message: dict[str, Any], planner: PlannerProcess, plan: Plan, show_phase: ShowPhase) -> None:
    """Add one report to the plan. Raises BadInput where it says that nothing can be planned."""
    if "phase" in message:
        planner.phase, planner.subject = message["phase"], message["subject"]
        planner.phase_start, planner.cpu_before = time.monotonic(), planner.tree.usage().cpu_seconds
        show_phase(planner.phase)
    elif "rows" in message:
        plan.rows += map(row_from_json, message["rows"])
        plan.done.append(planner.subject or "")
    elif "refused" in message:
        plan.refused.append(remark(str(message["refused"]), MAX_REASON))
        plan.done.append(planner.subject or "")
    elif "error" in message:
        raise BadInput("; ".join([*plan.refused, remark(str(message["error"]), MAX_REASON)]))
    elif message["done"]:
        plan.read += map(Path, message["read"])
        planner.is_done = True


def _why_dead(code: int | None, log: str) -> str:
    lines = log.strip().splitlines()
    last = crash_in(log) or (lines[-1] if lines else "it printed no reason")
    return remark(f"the process ended with status {code} ({last})", 250)
