"""Makes or checks a reference in a process of its own, with limits, because that runs code of strangers."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.sweep.limits import CellLimits
from bridgemark.benchmarks.sweep.reporting_process import ReportingProcess
from bridgemark.benchmarks.text import remark

MAX_REASON = 2_000  # characters; a list of all known names is about as long


def make_apart(
    name: str,
    plugins: Sequence[str],
    folder: Path | None,
    limits: CellLimits,
    say: Callable[[str], object],
    checks: Path | None = None,
) -> str:
    """Make the reference of a target, which a plug-in may register; return the path of its file.

    It is written into `folder`, and for None with the targets of this project. With a folder `checks`, what
    is known of the target is checked instead, and the result is written there or with the reference. `say` is
    called with each line about the progress. Raises BadInput for whatever `reference.make` and `check.check`
    refuse, and where the process crashes or exceeds the limits.
    """
    task = {
        "name": name,
        "plugins": list(map(os.path.abspath, plugins)),
        "folder": folder and os.path.abspath(folder),
        "checks": checks and os.path.abspath(checks),
    }
    path = ""
    with ReportingProcess("bridgemark.benchmarks.references.maker", task, limits) as maker:
        for report in maker.all_reports():
            if "error" in report:
                raise BadInput(remark(str(report["error"]), MAX_REASON))
            if "line" in report:
                say(remark(str(report["line"]), MAX_REASON))
            path = remark(str(report.get("path", path)), MAX_REASON)
        if not maker.is_done:
            option = f"; see {maker.exceeded.option}" if maker.exceeded else ""
            raise BadInput(
                f"{maker.phase} cannot be {'checked' if checks else 'made'}: {maker.why_over()}{option}"
            )
    return path
