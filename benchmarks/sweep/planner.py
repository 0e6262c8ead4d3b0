"""The process that plans, started as `python -m bridgemark.benchmarks.sweep.planner`.

It imports plug-ins, builds targets and evaluates them, so it may crash or hang: its parent reads from the
reports what it was doing. They are lines of JSON with a `phase`, which begins, and the `subject` that this is
about; with the `rows` of a target; with what is `refused` and why; with an `error`, after which nothing
follows; or with `done` and the files that were `read`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.opened_files import remember_reads
from bridgemark.benchmarks.rows import settings
from bridgemark.benchmarks.sweep.child import open_reports, read_task, run_and_end

if TYPE_CHECKING:
    from bridgemark.benchmarks.sweep.request import Request


def main() -> None:
    """Plan the request that was read, without the targets and plug-ins that the parent has done with."""
    task, report = read_task(), open_reports()
    read = remember_reads()
    settings.configure_planning()

    # Only now, because JAX reads its settings when it is imported.
    from bridgemark.benchmarks.sweep.plan import start_planning
    from bridgemark.benchmarks.sweep.request import request_from_json

    without = task["without"]
    try:
        report(phase="samplers", subject=None)
        request = _with_healthy_plugins(request_from_json(task["request"]), without, report)
        report(phase="samplers", subject=None)
        planner = start_planning(request)
    except BadInput as error:
        report(error=str(error))
        return
    for name in planner.targets:
        if name not in without:
            report(phase=f"target {name!r}", subject=name)
            try:
                rows = planner.rows_of(name)
            except BadInput as error:
                report(refused=str(error))
            else:
                report(rows=[row.to_json() for row in rows])
    report(done=True, read=sorted(map(str, read)))


def _with_healthy_plugins(request: "Request", without: list[str], report: Callable[..., None]) -> "Request":
    """The request without the plug-ins that are broken, and without names that nothing else registers.

    Raises BadInput where nothing that was asked for by name is left: nobody wants the whole preset instead.
    """
    from bridgemark.benchmarks import registry
    from bridgemark.benchmarks.sampler_names import parts_of

    healthy = []
    registry.samplers()
    registry.targets()
    for plugin in request.plugins:
        if plugin not in without:
            report(phase=f"plug-in {plugin}", subject=plugin)
            try:
                registry.require_plugin(plugin, healthy)
            except BadInput as error:
                report(refused=str(error))
            else:
                healthy.append(plugin)
    plugins = tuple(healthy)
    if plugins == request.plugins:
        return request
    samplers, targets = registry.samplers(plugins), registry.targets(plugins)
    left = replace(
        request,
        plugins=plugins,
        samplers=tuple(name for name in request.samplers if parts_of(name).registered in samplers),
        targets=tuple(name for name in request.targets if name in targets),
    )
    names_left = left.samplers + left.targets
    if not names_left or (not left.samplers and request.samplers) or (not left.targets and request.targets):
        raise BadInput("nothing else that was asked for by name is left to run")
    return left


if __name__ == "__main__":
    run_and_end(main)
