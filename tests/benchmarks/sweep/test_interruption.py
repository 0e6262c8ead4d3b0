"""A signal stops a command even where Python drops exceptions, and does no harm inside an import."""

import signal
import sys
import textwrap

import pytest

from support.processes import end_with, heeding

IN_AN_IMPORT = """
    import pathlib, sys
    pathlib.Path("slow.py").write_text(
        "import os, time\\n"
        "print('ready', flush=True)\\n"
        "try:\\n"
        "    time.sleep(1)\\n"
        "except BaseException:\\n"
        "    os._exit(9)\\n"
    )
    sys.path.insert(0, "")
    with exit_when_stopped():
        import slow
        time.sleep(600)
"""
IN_WHAT_MUST_FINISH = """
    from bridgemark.benchmarks.sweep.interruption import uninterrupted

    @uninterrupted
    def start():
        print("ready", flush=True)
        time.sleep(1)
        print("started", flush=True)

    with exit_when_stopped():
        start()
        time.sleep(600)
"""
WHERE_IT_IS_DROPPED = """
    class Dropping:
        def __del__(self):
            print("ready", flush=True)
            time.sleep(1)
    with exit_when_stopped():
        dropping = Dropping()
        del dropping
        time.sleep(600)
"""


@pytest.mark.parametrize("program", [IN_AN_IMPORT, WHERE_IT_IS_DROPPED], ids=["in an import", "dropped"])
def test_a_signal_stops_it(tmp_path, program):
    assert stop_when_ready(program, tmp_path).seconds < 5


def test_a_process_is_started_and_known_before_a_signal_stops_anything(tmp_path):
    ended = stop_when_ready(IN_WHAT_MUST_FINISH, tmp_path)
    assert ended.output == "started\n"
    assert ended.seconds < 5


def stop_when_ready(program, folder):
    """How a program ends that is sent SIGTERM after its first line: it has to end as a stopped command."""
    start = "import time\nfrom bridgemark.benchmarks.sweep.interruption import exit_when_stopped\n"
    command = [sys.executable, "-c", start + textwrap.dedent(program), folder]
    with heeding(command, cwd=folder) as process:
        assert process.stdout.readline() == "ready\n"
        ended = end_with(process, signal.SIGTERM, folder)
    assert ended.status == 128 + signal.SIGTERM
    assert ended.errors.splitlines()[-1].startswith("stopped; what is stored stays")
    return ended
