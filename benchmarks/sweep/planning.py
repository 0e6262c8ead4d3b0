"""Planning in a process of its own, with limits, because it runs code of strangers.

A target that breaks, crashes, hangs or takes too much memory is refused with the reason, and the others are
planned.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.reading import row_from_json
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.unreadable import UnreadableRow
from bridgemark.benchmarks.sweep.limits import CellLimits, memory_per_cell
from bridgemark.benchmarks.sweep.plan_cache import PlanCache
from bridgemark.benchmarks.sweep.reporting_process import ReportingProcess
from bridgemark.benchmarks.sweep.request import Request, request_to_json
from bridgemark.benchmarks.text import remark

STEP_SECONDS = 120.0  # of processor time, for a target or for reading samplers and plug-ins
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
    limits = CellLimits(seconds=STEP_SECONDS, megabytes=memory_per_cell(1))
    task = {"request": request_to_json(request), "without": plan.done}
    with ReportingProcess("bridgemark.benchmarks.sweep.planner", task, limits) as planner:
        for report in planner.all_reports():
            # A sampler or a target may write into the pipe, too: what is no report is left out.
            with suppress(ValueError, KeyError, TypeError, RecursionError, UnreadableRow):
                _take_report(report, planner, plan, show_phase)
        if planner.is_done:
            return True
        plan.refused.append(f"{planner.phase} cannot be planned: {planner.why_over()}")
    if planner.subject is None:
        raise BadInput("; ".join(plan.refused))
    plan.done.append(planner.subject)
    return False


def _take_report(
    report: dict[str, Any], planner: ReportingProcess, plan: Plan, show_phase: ShowPhase
) -> None:
    """Add one report to the plan. Raises BadInput where it says that nothing can be planned."""
    if "phase" in report:
        show_phase(planner.phase)
    elif "rows" in report:
        plan.rows += map(row_from_json, report["rows"])
        plan.done.append(planner.subject or "")
    elif "refused" in report:
        plan.refused.append(remark(str(report["refused"]), MAX_REASON))
        plan.done.append(planner.subject or "")
    elif "error" in report:
        raise BadInput("; ".join([*plan.refused, remark(str(report["error"]), MAX_REASON)]))
    elif report["done"]:
        plan.read += map(Path, report["read"])
