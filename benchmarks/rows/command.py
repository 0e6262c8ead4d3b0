"""The command that makes a row again."""

import shlex

from bridgemark.benchmarks.rows.environment import COSTLY_PACKAGES
from bridgemark.benchmarks.rows.row import Row


def command_of(row: Row) -> str:
    """The command line that runs this row, and the seeds before it, with the present code and packages.

    It needs a device of the same kind and, for what a plug-in registers, the option --plugin with its file.
    A row of another program's draws needs the file of these draws.
    """
    if row.external:
        return shlex.join(["bridgemark", "score", "FILE", "--target", row.target, "--name", row.sampler])
    words = ["bridgemark", "run", "--sampler", row.sampler, "--target", row.target]
    words += ["--seeds", str(row.seed + 1), "--draws", str(row.draws)]
    if row.budget is not None:
        words += ["--seconds" if row.budget_unit == "seconds" else "--budget", f"{row.budget:.15g}"]
    if row.precision != "float32":
        words += ["--precision", row.precision]
    if row.cores != 1:
        words += ["--cores", str(row.cores)]
    if has_costly_metrics(row):
        words.append("--costly")
    return shlex.join(words)


def has_costly_metrics(row: Row) -> bool:
    """Whether the row was planned with the metrics that take long: it has the versions of their packages."""
    return row.versions.keys() >= set(COSTLY_PACKAGES)
