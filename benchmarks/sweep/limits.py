"""What a cell may use, and whether it has used more."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psutil

from bridgemark.benchmarks.rows.row import Status
from bridgemark.benchmarks.sweep.process_tree import Usage

# A cell that waits for a core or a disk may take this many times as long on the clock, and a minute.
WALL_PER_CPU, WALL_EXTRA = 4.0, 60.0
MEGABYTE = 2**20
SHARE = 0.9  # of the memory, which all cells together may use
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


class Excess(NamedTuple):
    """A limit that was exceeded: the status of a row that did, what was used, and the option of the limit."""

    status: Status
    reason: str
    option: str


@dataclass(frozen=True)
class CellLimits:
    """The processor seconds and the megabytes of memory that all processes of a cell may use together.

    Processor seconds are per core of the cell. On the clock a cell may take WALL_PER_CPU times as long, and
    WALL_EXTRA seconds.
    """

    seconds: float
    megabytes: float
    cores: int = 1

    @property
    def wall_seconds(self) -> float:
        """How long a cell may take on the clock."""
        return WALL_PER_CPU * self.seconds + WALL_EXTRA

    def exceeded(self, usage: Usage, wall_seconds: float) -> Excess | None:
        """By what a process uses more, or None."""
        megabytes = usage.resident_bytes / MEGABYTE
        if megabytes > self.megabytes:
            used = f"used {megabytes:,.0f} MB of memory of {self.megabytes:,.0f}"
            return Excess("out of memory", used, "--memory")
        if usage.cpu_seconds > self.seconds * self.cores:
            used = f"used {usage.cpu_seconds:,.0f} s of processor time of {self.seconds * self.cores:,.0f}"
            return Excess("timeout", used, "--timeout")
        if wall_seconds > self.wall_seconds:
            waited = f"took {wall_seconds:,.0f} s, with {usage.cpu_seconds:,.0f} s of processor time"
            return Excess("timeout", waited, "--timeout")
        return None


def memory_per_cell(workers: int) -> float:
    """The megabytes that each of so many cells may use: SHARE of what this machine has, in equal parts."""
    return SHARE * _machine_bytes() / workers / MEGABYTE


def _machine_bytes() -> int:
    """The memory of this machine, or of the container that this process is in."""
    sizes = [psutil.virtual_memory().total]
    for path in CGROUP_LIMITS:
        with suppress(OSError, ValueError):
            sizes.append(int(path.read_text()))  # the text is "max" where there is no limit
    return min(sizes)
