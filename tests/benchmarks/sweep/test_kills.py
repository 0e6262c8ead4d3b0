"""Runners that are killed at any moment: no stored row is lost, doubled or torn, and nothing is left."""

import os
import random
import re
import subprocess
import time
from collections import Counter

import pytest

from bridgemark.benchmarks.rows.store import Store

from support.processes import marked_processes, until
from support.project import QUICK, TOYS
from support.runners import numbers_of, sweep_command

KILLS, CELLS = 100, 190
FINISHED = re.compile(r"\] (quick-[0-9]+) x quick:\s+1 ok")


def environment(folder):
    return os.environ | {"BRIDGEMARK_TEST": str(folder), "QUICK_LOG": str(folder / "log")}


def quick_sweep(folder, numbers):
    """The command of a sweep of these samplers of QUICK, whose rows go to `folder`."""
    samplers = ",".join(f"quick-{number}" for number in numbers)
    grid = ["--sampler", samplers, "--target", "quick", "--seeds", 1, "--draws", 50]
    return sweep_command(folder / "results", "--plugin", QUICK, *grid)


def kill_after(seconds, command, folder, lines=0):
    """Kill a runner so many seconds after its start, or after its first lines; return what it printed.

    It waits until all is gone that the runner has started.
    """
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment(folder)
    )
    assert process.stdout
    printed = "".join(process.stdout.readline() for _ in range(lines))
    time.sleep(seconds)
    process.kill()
    printed += process.communicate()[0]
    until(lambda: not marked_processes(folder))
    return printed


def pass_a_minute(folder):
    """Make temporary files as old as those are which the next runner clears."""
    for path in folder.rglob("*.tmp"):
        os.utime(path, (time.time() - 120,) * 2)


@pytest.mark.slow
def test_rows_survive_a_hundred_kills(tmp_path):
    """A row that the runner said is stored stays, readable, and its cell is never run again."""
    moments, log, store = random.Random(0), tmp_path / "log", Store(tmp_path / "results" / "store")
    command = quick_sweep(tmp_path, range(CELLS))
    starts = {}
    for number in range(KILLS):
        # One in ten dies before it runs cells; the first kills meet the planner.
        lines = int(number % 10 > 0)
        printed = kill_after(moments.uniform(0.0, 6.0), command, tmp_path, lines)
        stored = {row.sampler for row in store.read_all() if row.status == "ok"}
        counts = Counter(line.split()[0] for line in log.read_text().splitlines()) if log.exists() else {}
        assert {*starts, *FINISHED.findall(printed)} <= stored
        assert all(counts[sampler] == count for sampler, count in starts.items())
        starts = {sampler: counts[sampler] for sampler in stored}
        print(f"{number + 1} kills, {len(stored)} rows")
    assert 0 < len(starts) < CELLS, "rows were at stake until the end"
    pass_a_minute(tmp_path)
    grid = [number for number in range(CELLS) if f"quick-{number}" in starts]
    command = quick_sweep(tmp_path, [*grid, *range(CELLS, CELLS + 5)])
    subprocess.run(command, check=True, capture_output=True, env=environment(tmp_path))
    rows = store.read_all()
    assert [row.status for row in rows] == ["ok"] * (len(grid) + 5)
    assert all(store.arrays(row)["x"].shape == (50, 1) for row in rows)
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.slow
def test_ten_resumed_sweeps_are_the_uninterrupted_one(tmp_path):
    """Whenever a sweep was killed, and went on, its rows have the values of a sweep that was not."""
    moments = random.Random(1)
    grid = ["--plugin", TOYS, "--sampler", "toy-exact,hmc", "--target", "toy-gaussian", "--seeds", 3]
    whole = Store(tmp_path / "whole" / "store")
    subprocess.run(sweep_command(tmp_path / "whole", *grid, "--draws", 400), check=True, capture_output=True)
    expected = numbers_of(whole)
    assert len(expected) == 6
    for number in range(10):
        results = tmp_path / f"resumed-{number}"
        command = sweep_command(results, *grid, "--draws", 400)
        interrupted = 0
        while interrupted < 3 and len(Store(results / "store").row_files()) < len(expected):
            kill_after(moments.uniform(4.0, 16.0), command, tmp_path)
            interrupted += 1
        subprocess.run(command, check=True, capture_output=True)
        assert numbers_of(Store(results / "store")) == expected
