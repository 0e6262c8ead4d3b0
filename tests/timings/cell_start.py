"""What a cell costs beside its work: `python tests/timings/cell_start.py [CELLS]` measures it, in minutes.

Cells that do nearly nothing are swept with one worker on one core, and with two on two. A sweep of a single
cell is subtracted, which pays for the start of the command, for planning and for the summary. The bare call
is a process that imports JAX and runs one compiled addition.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from bridgemark.benchmarks.rows.environment import available_cores

QUICK = Path(__file__).parents[1] / "support" / "plugins" / "quick.py"
CELLS = 200
REPEATS = 5  # of the bare call
BARE = "import jax; jax.jit(lambda x: x + 1.0)(1.0).block_until_ready()"


class Seconds(NamedTuple):
    """What a process took: on the clock, and of the processor together with the processes it waited for."""

    wall: float
    cpu: float


def measure(arguments, cores, folder):
    """Run Python with these arguments on these cores; it must succeed."""
    environment = os.environ | {"TMPDIR": str(folder)}  # no runner waits for cores that others have locked
    start = os.times().elapsed
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return Seconds(os.times().elapsed - start, usage.ru_utime + usage.ru_stime)


def sweep(cells, workers):
    """The seconds of a sweep of so many cells, by so many workers of one core each."""
    with tempfile.TemporaryDirectory() as folder:
        samplers = ",".join(f"quick-{number}" for number in range(cells))
        grid = ["--plugin", str(QUICK), "--sampler", samplers, "--target", "quick"]
        options = ["--seeds", "1", "--draws", "50", "--workers", str(workers), "--results", folder]
        return measure(["-m", "bridgemark", "run", *grid, *options], available_cores()[:workers], folder)


def main():
    cells = int(sys.argv[1]) if len(sys.argv) > 1 else CELLS
    with tempfile.TemporaryDirectory() as folder:
        bare = [measure(["-c", BARE], available_cores()[:1], folder) for _ in range(REPEATS)]
    print(f"bare call: {min(run.wall for run in bare):.2f} s, {min(run.cpu for run in bare):.2f} CPU s")
    for workers in range(1, min(2, len(available_cores())) + 1):
        first, whole = sweep(1, workers), sweep(cells, workers)
        print(
            f"{cells} cells, {workers} at a time: {(whole.wall - first.wall) / (cells - 1):.2f} s and "
            f"{(whole.cpu - first.cpu) / (cells - 1):.2f} CPU s a cell; "
            f"the first, with planning: {first.wall:.2f} s and {first.cpu:.2f} CPU s"
        )


if __name__ == "__main__":
    main()
