"""A signal stops a command even where Python drops exceptions, and does no harm inside an import."""

import signal
import subprocess
import sys
import textwrap
import time

import pytest

from support.processes import heed_signals

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
        time.sleep(20)
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
        time.sleep(20)
"""
WHERE_IT_IS_DROPPED = """
    class Dropping:
        def __del__(self):
            print("ready", flush=True)
            time.sleep(1)
    with exit_when_stopped():
        dropping = Dropping()
        del dropping
        time.sleep(20)
"""


@pytest.mark.parametrize("program", [IN_AN_IMPORT, WHERE_IT_IS_DROPPED], ids=["in an import", "dropped"])
def test_a_signal_stops_it(tmp_path, program):
    stop_when_ready(tmp_path, program)


def test_a_process_is_started_and_known_before_a_signal_stops_anything(tmp_path):
    assert stop_when_ready(tmp_path, IN_WHAT_MUST_FINISH) == "started\n"


def stop_when_ready(folder, program):
    """What a program prints that is sent SIGTERM after its first line; it has to end as a stopped command."""
    start = "import time\nfrom bridgemark.benchmarks.sweep.interruption import exit_when_stopped\n"
    process = subprocess.Popen(
        [sys.executable, "-c", start + textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        preexec_fn=heed_signals,
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        sent = time.monotonic()
        output, errors = process.communicate(timeout=15)
    finally:
        process.kill()
    assert process.returncode == 128 + signal.SIGTERM
    assert time.monotonic() - sent < 5
    assert errors.splitlines()[-1].startswith("stopped; what is stored stays")
    return output
