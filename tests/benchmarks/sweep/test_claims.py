"""Runners that share a folder and a host: each cell and each core belongs to one process at a time."""

import json
import os
import subprocess
import sys
import textwrap
import time

import pytest

from bridgemark.benchmarks.sweep import claims, core_locks
from bridgemark.benchmarks.sweep.claims import STALE_SECONDS, Claims
from bridgemark.benchmarks.sweep.core_locks import CoreLocks

RUNNERS, CELLS = 4, 60
RUNNER = """
import sys
from pathlib import Path
from bridgemark.benchmarks.sweep.claims import Claims

folder, runner = Path(sys.argv[1]), sys.argv[2]
claims, cells = Claims(folder / "claims"), [f"cell-{number}" for number in range(int(sys.argv[3]))]
print("ready", flush=True)
sys.stdin.readline()
for cell in cells:
    if not (folder / cell).exists() and claims.take(cell):
        if not (folder / cell).exists():
            with open(folder / f"{cell}.log", "a") as log:
                log.write(f"{runner}\\n")
            (folder / cell).touch()
        claims.release(cell)
"""


def test_four_runners_run_each_cell_once(tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(RUNNER), str(tmp_path)]
    runners = [
        subprocess.Popen(
            [*command, str(number), str(CELLS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(RUNNERS)
    ]
    for runner in runners:
        assert runner.stdout
        assert runner.stdout.readline() == "ready\n"
    for runner in runners:
        assert runner.stdin
        runner.stdin.write("\n")
        runner.stdin.flush()
    for runner in runners:
        assert runner.wait() == 0
    logs = [path.read_text().splitlines() for path in tmp_path.glob("*.log")]
    assert [len(log) for log in logs] == [1] * CELLS
    assert not list((tmp_path / "claims").iterdir())


def test_a_claim_belongs_to_whoever_made_it_first(tmp_path):
    first = Claims(tmp_path)
    assert first.take("a")
    assert not first.take("a")
    assert first.take("b")
    first.release("a")
    assert first.take("a")


@pytest.mark.parametrize("running", [True, False])
def test_a_claim_of_this_host_is_stale_as_soon_as_its_process_is_gone(tmp_path, running):
    program = "import sys; from pathlib import Path; from bridgemark.benchmarks.sweep.claims import Claims;"
    program += f"Claims(Path({str(tmp_path)!r})).take('a'); print(flush=True); sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    if not running:
        process.kill()
        process.wait()
    assert Claims(tmp_path).take("a") is not running
    process.kill()
    process.communicate()


@pytest.mark.parametrize("age", [0.0, STALE_SECONDS + 10])
def test_a_claim_of_another_host_is_stale_when_nothing_touches_it(tmp_path, age):
    path = tmp_path / "a"
    path.write_text(json.dumps({"host": "elsewhere", "process": os.getpid(), "created": 0.0}))
    os.utime(path, (time.time() - age,) * 2)
    assert Claims(tmp_path).take("a") is (age > 0)


def test_a_process_with_the_number_of_an_ended_one_holds_no_claim(tmp_path):
    (tmp_path / "a").write_text(
        json.dumps({"host": claims.HOST, "process": os.getpid(), "created": time.time() - 1e6})
    )
    assert Claims(tmp_path).take("a")


def test_a_stale_claim_that_somebody_has_taken_over_meanwhile_stays_his(tmp_path, monkeypatch):
    """Between the look at the stale claim and its removal another runner removes it and makes his own."""
    path = tmp_path / "a"
    path.write_text(json.dumps({"host": claims.HOST, "process": 2**30, "created": 0.0}))
    fresh = json.dumps({"host": "elsewhere", "process": 1, "created": 1.0})
    rename = os.rename

    def rename_later(source, destination):
        path.write_text(fresh)
        rename(source, destination)

    monkeypatch.setattr(os, "rename", rename_later)
    assert not Claims(tmp_path).take("a")
    assert path.read_text() == fresh
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host": 1}', "x" * 10_000])
def test_a_broken_claim_is_stale_after_a_while(tmp_path, text):
    (tmp_path / "a").write_text(text)
    assert not Claims(tmp_path).take("a")
    os.utime(tmp_path / "a", (time.time() - STALE_SECONDS - 10,) * 2)
    assert Claims(tmp_path).take("a")


def test_a_touched_claim_is_young_again(tmp_path):
    mine = Claims(tmp_path)
    mine.take("a")
    os.utime(tmp_path / "a", (0, 0))
    mine.touch("a")
    assert time.time() - (tmp_path / "a").stat().st_mtime < 10


def test_no_core_belongs_to_two_processes(tmp_path):
    program = (
        "import sys; from pathlib import Path;"
        "from bridgemark.benchmarks.sweep.core_locks import CoreLocks;"
        "locks = CoreLocks(Path(sys.argv[1])); print(locks.lock(range(4), 3), flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.readline() == b"[0, 1, 2]\n"
    with CoreLocks(tmp_path) as locks:
        assert locks.lock(range(6), 4) == [3, 4, 5]
        process.kill()
        process.communicate()
        assert locks.lock(range(6), 4) == [0, 1, 2]
        locks.unlock([1, 4])
        with CoreLocks(tmp_path) as others:
            assert others.lock(range(6), 6) == [1, 4]


def test_without_a_place_for_locks_every_core_is_free(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    locks = CoreLocks(tmp_path / "file")
    assert locks.lock((0, 1), 2) == [0, 1]
    locks.unlock((0, 1))
    monkeypatch.setattr(core_locks, "fcntl", None)
    assert CoreLocks(tmp_path).lock((0, 1), 2) == [0, 1]
