"""Lists what is to be certified, with the help of another process, because that runs code of strangers.

A plug-in, a sampler or a target that breaks, crashes, hangs or takes too much memory is refused with the
reason, and the others are listed.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bridgemark.benchmarks.certificates.certify import Subject
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.providers import NAME
from bridgemark.benchmarks.sweep.limits import CellLimits
from bridgemark.benchmarks.sweep.reporting_process import ReportingProcess
from bridgemark.benchmarks.text import remark

STEP_SECONDS = 120.0  # of processor time, for a plug-in, a sampler or a target
MAX_REASON = 2_000  # characters; a list of all known names is about as long

ShowPhase = Callable[[str], object]


@dataclass
class Listing:
    """What is to be certified, and why something was left out, one line each.

    `done` names the subjects, and what was refused. `plugins` are the files that are not refused.
    """

    subjects: list[Subject] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    plugins: tuple[str, ...] = ()


def list_samplers(
    names: Sequence[str], plugins: Sequence[str], megabytes: float, show_phase: ShowPhase
) -> Listing:
    """The registered samplers of these names, and all samplers of the plug-ins.

    The process that lists them may use so many megabytes. `show_phase` is called with what is read next.
    Raises BadInput for an unknown name, and where nothing is left.
    """
    task = {"dict": "SAMPLERS", "names": list(names), "files": list(map(os.path.abspath, plugins))}
    return _listing(task, plugins, megabytes, show_phase)


def list_targets(
    names: Sequence[str],
    files: Sequence[str],
    plugins: Sequence[str],
    megabytes: float,
    show_phase: ShowPhase,
) -> Listing:
    """The targets of these names, and all targets of `files`; the rest is as for `list_samplers`.

    The other `plugins` may register what is named.
    """
    task = {"dict": "TARGETS", "names": list(names), "files": list(map(os.path.abspath, files))}
    return _listing(task, [*files, *plugins], megabytes, show_phase)


def _listing(
    task: dict[str, Any], plugins: Sequence[str], megabytes: float, show_phase: ShowPhase
) -> Listing:
    listing, paths = Listing(), list(map(os.path.abspath, plugins))
    limits = CellLimits(seconds=STEP_SECONDS, megabytes=megabytes)
    while not _list_on(listing, task | {"plugins": paths}, limits, show_phase):
        pass
    if not listing.subjects:
        raise BadInput("; ".join(listing.refused) or "there is nothing to certify")
    listing.plugins = tuple(path for path in paths if path not in listing.done)
    return listing


def _list_on(listing: Listing, task: dict[str, Any], limits: CellLimits, show_phase: ShowPhase) -> bool:
    """List what is missing in a new process. Returns whether that is all; raises BadInput."""
    task = task | {"without": listing.done}
    with ReportingProcess("bridgemark.benchmarks.certificates.lister", task, limits) as lister:
        for report in lister.all_reports():
            with suppress(KeyError, TypeError):  # what is no report was written by a plug-in
                _take(report, lister, listing, show_phase)
        if lister.is_done:
            return True
        listing.refused.append(f"{lister.phase}: {lister.why_over()}")
    if lister.subject is None:
        raise BadInput("; ".join(listing.refused))
    listing.done.append(lister.subject)
    return False


def _take(report: dict[str, Any], lister: ReportingProcess, listing: Listing, show_phase: ShowPhase) -> None:
    """Add one report to the listing. Raises BadInput where it says that nothing can be listed."""
    if "phase" in report:
        show_phase(lister.phase)
    elif "refused" in report:
        listing.refused.append(remark(str(report["refused"]), MAX_REASON))
        listing.done.append(lister.subject or "")
    elif "error" in report:
        raise BadInput("; ".join([*listing.refused, remark(str(report["error"]), MAX_REASON)]))
    elif NAME.fullmatch(report["name"]):  # the name becomes that of a file
        listing.subjects.append(Subject(report["name"], str(report["identity"]), str(report["config"])))
        listing.done.append(report["name"])
