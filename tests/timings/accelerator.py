"""What an accelerator gains: `python tests/timings/accelerator.py --out gpu.csv` takes minutes on a GPU.

It measures training steps of `dds`, NUTS, SMC, matrix products and copies on the device that JAX prefers,
and writes a line of CSV as soon as it has one. `--cpu` measures the same on one core, at sizes that are not
too much for it, and `accelerator_table.py` compares both. `--small` and `--parts` are for a part of it.
"""

import argparse
import csv
import gc
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bridgemark.benchmarks.rows import settings
from bridgemark.benchmarks.rows.environment import available_cores, device, is_accelerator
from bridgemark.benchmarks.text import one_line

if TYPE_CHECKING:
    from accelerator_grid import Case
    from accelerator_lines import Line


def attempt(case: "Case", deadline: float) -> "Line":
    """The line of a case, with the reason in its note where it fails or comes too late."""
    if time.monotonic() > deadline:
        return case.line._replace(note="not run: the time is over")
    try:
        return case.measure(case.line)
    except Exception as error:
        return case.line._replace(note=one_line(error, 200))


def main() -> None:
    """Measure everything that there is time for, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="tiny sizes, compiled quickly")
    parser.add_argument("--cpu", action="store_true", help="one core instead of the default device")
    parser.add_argument("--parts", help="comma-separated: product, copy, density, step, nuts, smc, weights")
    parser.add_argument("--out", type=Path, help="file for the lines; default: the screen")
    parser.add_argument("--seconds", type=float, default=600.0, help="after these nothing new is begun")
    options = parser.parse_args()
    deadline = time.monotonic() + options.seconds
    cores = available_cores()
    settings.configure(cores[-1:] if options.cpu else cores, "float32", "cpu" if options.cpu else None)
    if options.small:
        settings.configure_planning()

    # Only now, because JAX reads its settings when it is imported.
    from accelerator_grid import ON_A_CORE, ON_ACCELERATOR, SMALL, cases
    from accelerator_lines import Line

    kind = device()
    sizes = SMALL if options.small else ON_ACCELERATOR if is_accelerator(kind) else ON_A_CORE
    parts = options.parts.split(",") if options.parts else None
    chosen = [case for case in cases(sizes, kind) if parts is None or case.line.part in parts]
    with options.out.open("w", newline="") if options.out else sys.stdout as file:
        writer = csv.writer(file)
        writer.writerow(Line._fields)
        for case in chosen:
            writer.writerow(attempt(case, deadline))
            file.flush()  # whatever ends this process, what was measured stays
            gc.collect()


if __name__ == "__main__":
    main()
