"""Other ways to run a grid: cells of a plan one by one, shards, a Dask scheduler; and several runners."""

import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import pytest
from rich.console import Console

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.environment import available_cores
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep import runner
from bridgemark.benchmarks.sweep.cell_list import choose_cell, read_list, run_listed
from bridgemark.benchmarks.sweep.dask_engine import run_with_dask
from bridgemark.benchmarks.sweep.merging import merge_stores
from bridgemark.benchmarks.sweep.presets import PRESETS
from bridgemark.benchmarks.sweep.progress import TextDisplay
from bridgemark.benchmarks.sweep.request import Cell, Request, Shard, parse_shard
from bridgemark.benchmarks.sweep.runner import Resources, listed_cells

from support.processes import end_with, heeding, marked_processes, until
from support.project import BROKEN, QUICK, TOYS
from support.runners import numbers_of, sweep_command
from support.synthetic_rows import row

REQUEST = Request(
    preset=PRESETS["smoke"],
    samplers=("toy-exact", "raises"),
    targets=("toy-gaussian",),
    seeds=2,
    draws=400,
    plugins=(TOYS, BROKEN),
)


def silent() -> Console:
    return Console(file=io.StringIO())


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """The two cells of REQUEST."""
    return listed_cells(REQUEST, Store(tmp_path_factory.mktemp("empty")), Resources(), silent())


def test_the_cells_of_a_plan_give_the_rows_of_a_run(tmp_path, cells):
    whole, single = Store(tmp_path / "whole"), Store(tmp_path / "single")
    runner.run(REQUEST, whole, console=silent())
    path = tmp_path / "cells.jsonl"
    path.write_text("\n".join(listed.to_line() for listed in cells))
    for number in (2, 1, 2):  # the last time for nothing
        listed = choose_cell(read_list(path), None, number)
        with TextDisplay([listed.cell], silent()) as display:
            run_listed(listed, single, display)
    assert numbers_of(single) == numbers_of(whole)
    assert len(numbers_of(whole)) == 4


@pytest.mark.parametrize("change", ["{", "[]", "null", '{"cell": "0"}', "cell", "rows"])
def test_a_line_that_is_no_cell_is_named(tmp_path, cells, change):
    (listed, _) = cells
    data = json.loads(listed.to_line())
    text = json.dumps({**data, change: data[change][:1]}) if change in data else change
    (tmp_path / "cells.jsonl").write_text(f"{listed.to_line()}\n{text}\n")
    if change == "rows":  # a cell with fewer rows is a cell
        assert len(read_list(tmp_path / "cells.jsonl")[1].cell.rows) == 1
        return
    with pytest.raises(BadInput, match=r"line 2 is not a cell; make the file again with `bridgemark plan`"):
        read_list(tmp_path / "cells.jsonl")


def test_cells_are_chosen_by_line_or_identity(tmp_path, cells):
    first, second = cells
    assert choose_cell(cells, None, 1) == first
    assert choose_cell(cells, second.cell.identity[:9], None) == second
    for beginning, line in ((None, None), ("a", 1), ("zz", None), ("", None), (None, 0), (None, 3)):
        with pytest.raises(BadInput):
            choose_cell(cells, beginning, line)
    with pytest.raises(BadInput, match=r"`bridgemark plan > nowhere` makes it"):
        read_list(tmp_path / "nowhere")


def test_every_cell_belongs_to_one_shard_whatever_seeds_are_asked_for():
    cells = [Cell((row(target=f"t{number}"), row(target=f"t{number}", seed=1))) for number in range(200)]
    for count in (1, 3, 8):
        shards = [[cell for cell in cells if Shard(number + 1, count).has(cell)] for number in range(count)]
        assert sorted(cell.name for shard in shards for cell in shard) == sorted(cell.name for cell in cells)
        # Of 200 cells, a shard of eight has between 8 and 46 with a chance above 1 - 1e-4.
        assert min(map(len, shards)) > 200 / count / 3
    assert all(Cell(cell.rows[1:]).identity == cell.identity for cell in cells)


@pytest.mark.parametrize(
    "engine", ["", "dask", "dask:", "dask:local:", "dask:local:0", "dask:local:x", "ray:1"]
)
def test_a_wrong_engine_is_refused_before_anything_is_planned(tmp_path, engine):
    with pytest.raises(BadInput, match=r"--engine takes dask:local:N or dask:ADDRESS"):
        runner.run(REQUEST, Store(tmp_path / "store"), Resources(engine=engine), silent())
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("text", ["", "2", "0/2", "3/2", "1/0", "a/b", "-1/2", "1/2/3", "1/" + "9" * 50])
def test_a_wrong_shard_is_refused(text):
    with pytest.raises(BadInput, match="--shard takes a part such as 2/8"):
        parse_shard(text)


def test_stores_of_several_machines_are_merged(tmp_path):
    first, second, into = (Store(tmp_path / name) for name in ("first", "second", "into"))
    ok, failed = row(), row(seed=1, status="failed", reason="a", started="2030-01-01T00:00:00+00:00")
    later = replace(failed, reason="b", started="2030-01-02T00:00:00+00:00")
    first.write(ok)
    first.write(later)
    second.write(replace(ok, status="failed", reason="killed"))
    second.write(failed)
    second.write(row(seed=2))
    assert merge_stores([second, first, second], into) == 5
    stored = {stored.seed: (stored.status, stored.reason) for stored in into.read_all()}
    assert stored == {0: ("ok", None), 1: ("failed", "b"), 2: ("ok", None)}
    assert merge_stores([first, second], into) == 0


def while_python_starts(_):
    time.sleep(0.5)


def while_planning(folder):
    until(lambda: len(marked_processes(folder)) == 2)  # the runner, and the process that plans


def while_cells_run(folder):
    until(lambda: list(folder.rglob("stderr.log")))


@pytest.mark.parametrize(
    ("number", "wait"),
    [
        (signal.SIGTERM, while_python_starts),
        (signal.SIGINT, while_planning),
        (signal.SIGHUP, while_cells_run),
    ],
    ids=["while Python starts", "while planning", "while cells run"],
)
def test_a_signal_ends_a_sweep_in_seconds_with_a_sentence(tmp_path, number, wait):
    options = ("--plugin", TOYS, "--plugin", BROKEN, "--sampler", "hangs", "--target", "toy-gaussian")
    environment = os.environ | {"BRIDGEMARK_TEST": str(tmp_path)}
    with heeding(sweep_command(tmp_path, *options), env=environment) as process:
        wait(tmp_path)
        ended = end_with(process, number, tmp_path)
    if ended.status == -number:
        assert wait is while_python_starts  # and the command line does not take signals yet
    else:
        assert ended.status == 128 + number
        assert "stopped; what is stored stays, and the same command continues from there" in ended.errors
    assert not list(tmp_path.rglob("*.tmp"))
    assert ended.seconds < 5


def test_a_run_under_nohup_outlives_its_terminal():
    program = """
        import os, signal
        from bridgemark.benchmarks.sweep.interruption import stopped_by_signals
        with stopped_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            print("still here")
            os.kill(os.getpid(), signal.SIGTERM)
    """
    command = ["nohup", sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == "still here\n"
    assert "Stopped: SIGTERM" in done.stderr


def test_a_reader_that_goes_away_stops_nothing(tmp_path):
    options = " ".join(["--plugin", TOYS, "--sampler", "toy-exact", "--target", "toy-gaussian", "--seeds 1"])
    line = f"set -o pipefail; {' '.join(sweep_command(tmp_path))} {options} --draws 400 | head -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert [stored.status for stored in Store(tmp_path / "store").read_all()] == ["ok"]


QUICK_GRID = Request(preset=PRESETS["smoke"], seeds=1, draws=50, plugins=(QUICK,))


def quick_options(cells):
    samplers = ",".join(f"quick-{number}" for number in range(cells))
    return ["--plugin", QUICK, "--sampler", samplers, "--target", "quick", "--seeds", 1, "--draws", 50]


def test_each_cell_has_a_gpu_to_itself(tmp_path, monkeypatch):
    """No GPU is needed: JAX computes on the CPU and the variable is only looked at."""
    monkeypatch.setenv("QUICK_LOG", str(tmp_path / "log"))
    request = replace(QUICK_GRID, samplers=("quick-1", "quick-2"), targets=("quick",))
    result = runner.run(request, Store(tmp_path / "store"), Resources(devices=("5",)), silent())
    assert [stored.status for stored in result.rows] == ["ok", "ok"]
    assert [line.split()[-1] for line in (tmp_path / "log").read_text().splitlines()] == ["5", "5"]


@pytest.mark.slow
def test_four_runners_on_one_folder_run_each_cell_once(tmp_path):
    log = tmp_path / "log"
    environment = os.environ | {"QUICK_LOG": str(log)}
    runners = [
        subprocess.Popen(sweep_command(tmp_path / "results", *quick_options(60)), env=environment)
        for _ in range(4)
    ]
    assert [process.wait() for process in runners] == [0] * 4
    lines = log.read_text().splitlines()
    assert sorted(line.split()[0] for line in lines) == sorted(f"quick-{number}" for number in range(60))
    assert len(Store(tmp_path / "results" / "store").read_all()) == 60


@pytest.mark.slow
def test_a_dask_scheduler_survives_the_loss_of_a_worker(tmp_path):
    import distributed

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, memory_limit=0, dashboard_address=None
    ) as cluster:
        options = [*quick_options(60), "--engine", f"dask:{cluster.scheduler_address}"]
        process = subprocess.Popen(sweep_command(tmp_path, *options))
        store = Store(tmp_path / "store")
        until(lambda: len(store.row_files()) > 10)
        victim = next(iter(cluster.workers.values()))
        victim.process.process.kill()
        assert process.wait() == 0
    assert [stored.status for stored in store.read_all()] == ["ok"] * 60


@pytest.mark.slow
@pytest.mark.skipif(len(available_cores()) < 2, reason="two workers need two cores")
def test_two_dask_workers_are_nearly_twice_as_fast_as_one(tmp_path, monkeypatch):
    """Of a grid of equal quick cells. They mostly wait, so that other work of the machine counts little."""
    monkeypatch.setenv("QUICK_SECONDS", "4")
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # the workers do not wait for cores that others have locked
    samplers = tuple(f"quick-{number}" for number in range(16))
    request = replace(QUICK_GRID, samplers=samplers, targets=("quick",))
    cells = listed_cells(request, Store(tmp_path / "empty"), Resources(), silent())
    seconds = {}
    for workers in (1, 2):
        store, start = Store(tmp_path / f"store-{workers}"), time.monotonic()
        with TextDisplay([listed.cell for listed in cells], silent()) as display:
            run_with_dask(f"dask:local:{workers}", cells, store, display)
        seconds[workers] = time.monotonic() - start
        assert [stored.status for stored in store.read_all()] == ["ok"] * 16
    assert seconds[1] > 1.7 * seconds[2], seconds
