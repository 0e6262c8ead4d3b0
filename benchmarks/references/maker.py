"""The process that makes or checks one reference: `python -m bridgemark.benchmarks.references.maker`.

A plug-in may crash it or let it hang. Its reports are those of `sweep.reporting_process`: one phase, the
`line`s about the progress, and either an `error`, after which nothing follows, or `done` with the `path` of
the file.
"""

from pathlib import Path

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows import settings
from bridgemark.benchmarks.sweep.child import open_reports, read_task, run_and_end


def main() -> None:
    """Make or check the reference that the task names, with all cores; it is made in single precision."""
    task, report = read_task(), open_reports()
    settings.forget_settings()  # what a truth is must not depend on variables that nobody stores with it

    # Only now, because JAX reads its settings when it is imported.
    from bridgemark.benchmarks.references.check import check
    from bridgemark.benchmarks.references.reference import make
    from bridgemark.targets import stored

    report(phase=f"the reference of {task['name']!r}", subject=None)
    folder = stored.FOLDER if task["folder"] is None else Path(task["folder"])
    plugins = tuple(task["plugins"])
    try:
        if task["checks"] is None:
            path = make(task["name"], folder, lambda line: report(line=line), plugins)
        else:
            path = check(task["name"], folder, Path(task["checks"]), lambda line: report(line=line), plugins)
    except BadInput as error:
        report(error=str(error))
    else:
        report(done=True, path=str(path))


if __name__ == "__main__":
    run_and_end(main)
