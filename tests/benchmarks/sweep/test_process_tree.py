"""The processes of a cell are counted and ended, however they were started and whatever they leave behind."""

import os
import secrets
import subprocess
import sys

import psutil
import pytest

from bridgemark.benchmarks.rows.environment import child_environment
from bridgemark.benchmarks.sweep.limits import MEGABYTE, CellLimits, memory_per_cell
from bridgemark.benchmarks.sweep.process_tree import MARK, ProcessTree, Usage

from support.processes import LONG, until

# Starts a grandchild in each way to hide: each writes its number and sleeps.
CHILDREN = {
    "forked": "pid = os.fork()",
    "in a session of its own": "pid = os.fork()\nif not pid: os.setsid()",
    "of a parent that has ended": "pid = os.fork()\nif not pid and os.fork(): os._exit(0)",
    "executed": "pid = subprocess.Popen([sys.executable, '-c', hidden, folder]).pid",
}
HIDDEN = "import os, sys, time; open(f'{sys.argv[1]}/{os.getpid()}', 'w').close(); time.sleep(600)"
PROGRAM = """
import os, subprocess, sys, time
folder, hidden = sys.argv[1], sys.argv[2]
{start}
if not pid:
    sys.argv = ["", folder]
    exec(hidden)
time.sleep(600)
"""


def started(start, folder, mark):
    program = PROGRAM.format(start=start)
    environment = os.environ | {MARK: mark}
    return subprocess.Popen([sys.executable, "-c", program, str(folder), HIDDEN], env=environment)


def runs(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("start", CHILDREN.values(), ids=CHILDREN)
def test_no_process_outlives_its_cell(tmp_path, start):
    mark = secrets.token_hex()
    process = started(start, tmp_path, mark)
    tree = ProcessTree(process.pid, mark)
    until(lambda: list(tmp_path.iterdir()))
    (hidden,) = (int(path.name) for path in tmp_path.iterdir())
    assert runs(hidden)
    tree.kill()
    until(lambda: not runs(hidden) and not runs(process.pid))
    process.wait()


# A program that reads its task, starts what has neither its mark nor a living parent, and ends somehow.
ENDING = """
import os, subprocess, sys, threading, time
from bridgemark.benchmarks.sweep.child import read_task, run_and_end
def main():
    read_task()
    daemon = f"import os, time\\nif os.fork(): os._exit(0)\\nopen('{sys.argv[1]}/' + str(os.getpid()), 'w')"
    subprocess.run([sys.executable, "-c", daemon + "\\ntime.sleep(600)"], env={}, start_new_session=True)
    while not os.listdir(sys.argv[1]): time.sleep(0.01)
    threading.Thread(target=time.sleep, args=(600,)).start()
    ACT
run_and_end(main)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to a process of one's choice")
@pytest.mark.parametrize(
    ("act", "status", "reason"),
    [
        ("pass", 0, ""),
        ("raise ValueError('wrong')", 1, "ValueError: wrong"),
        ("sys.exit(0)", 1, "SystemExit: 0"),
        ("os.close(2)", 0, ""),
    ],
)
def test_a_process_ends_with_all_that_it_has_started(tmp_path, act, status, reason):
    command = [sys.executable, "-c", ENDING.replace("ACT", act), str(tmp_path)]
    streams = dict.fromkeys(("stdin", "stderr"), subprocess.PIPE)
    process = subprocess.Popen(command, text=True, env=child_environment(), **streams)
    assert process.stdin
    assert process.stderr
    process.stdin.write("{}\n")
    process.stdin.flush()  # and not closed: that would say that its parent has ended
    assert process.wait(timeout=LONG) == status
    last = (process.stderr.read().splitlines() or [""])[-1]
    assert last == reason
    (hidden,) = (int(path.name) for path in tmp_path.iterdir())
    until(lambda: not runs(hidden))
    process.stdin.close()
    process.stderr.close()


def test_a_process_of_another_cell_stays(tmp_path):
    first, second = secrets.token_hex(), secrets.token_hex()
    processes = [started(CHILDREN["forked"], tmp_path, mark) for mark in (first, second)]
    until(lambda: len(list(tmp_path.iterdir())) == 2)
    ProcessTree(processes[0].pid, first).kill()
    assert not runs(processes[0].pid)
    assert runs(processes[1].pid)
    ProcessTree(processes[1].pid, second).kill()
    for process in processes:
        process.wait()


def test_usage_adds_up_the_memory_of_all_processes():
    """A process of 200 MB that forks: both write to their pages, so that they share none of them."""
    program = (
        "import os, sys; pid = os.fork(); block = bytearray(200 * 2**20);"
        "block[::4096] = b'x' * len(block[::4096]); os.write(1, b'1\\n'); sys.stdin.read()"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == process.stdout.readline() == b"1\n"
    tree = ProcessTree(process.pid, "none")
    megabytes = tree.usage().resident_bytes / MEGABYTE
    assert 400 < megabytes < 450
    assert tree.usage().cpu_seconds > 0
    tree.kill()
    process.communicate()
    assert tree.usage().resident_bytes == 0


@pytest.mark.parametrize(
    ("usage", "wall", "status", "reason"),
    [
        (Usage(9.0, 90 * MEGABYTE), 99.0, None, None),
        (Usage(11.0, 90 * MEGABYTE), 30.0, "timeout", "used 11 s of processor time of 10"),
        (Usage(1.0, 90 * MEGABYTE), 101.0, "timeout", "took 101 s, with 1 s of processor time"),
        (Usage(1.0, 1_234 * MEGABYTE), 2.0, "out of memory", "used 1,234 MB of memory of 100"),
    ],
)
def test_a_limit_says_what_was_reached(usage, wall, status, reason):
    excess = CellLimits(seconds=10.0, megabytes=100.0).exceeded(usage, wall)
    assert (excess and excess.status) == status
    assert (excess and excess.reason) == reason


def test_cells_share_the_memory_of_the_machine():
    assert memory_per_cell(4) == pytest.approx(memory_per_cell(1) / 4)
    assert 0 < memory_per_cell(1) < psutil.virtual_memory().total / MEGABYTE
