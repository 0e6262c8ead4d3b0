"""Certifying apart: whatever a sampler or a target does to its process, a certificate or a reason is made."""

import contextlib
import io
import json
import os
import signal
import sys
import time
from functools import partial

import pytest
from rich.console import Console

from bridgemark.benchmarks import cli
from bridgemark.benchmarks.certificates import examination
from bridgemark.benchmarks.certificates.certify import (
    FAILED,
    NOT_JUDGED,
    PASSED,
    Finding,
    Subject,
    certify_now,
    store,
)
from bridgemark.benchmarks.certificates.examination import SAMPLER_BATTERY, Battery, examine
from bridgemark.benchmarks.certificates.forecast import Expected
from bridgemark.benchmarks.certificates.listing import list_samplers, list_targets
from bridgemark.benchmarks.certificates.progress import CheckProgress
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.environment import available_cores
from bridgemark.benchmarks.rows.results import Results
from bridgemark.benchmarks.sweep.core_locks import CoreLocks
from bridgemark.benchmarks.sweep.limits import CellLimits

from support.processes import end_with, heeding, marked_processes, until
from support.project import BAD_SAMPLERS, BAD_TARGETS, TOYS

QUICK_CHECKS = ("no key made inside", "unbiased in one dimension")
LIMITED = ("spins", "eats")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("certified")


@contextlib.contextmanager
def quick_battery(folder):
    """Two checks, of which the second is not reached after a crash, and core locks that nobody else uses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(examination, "SAMPLER_BATTERY", Battery(SAMPLER_BATTERY.module, (QUICK_CHECKS,)))
        patch.setattr(examination, "MAX_CRASHES", 1)
        patch.setattr(examination, "CoreLocks", partial(CoreLocks, folder / "locks"))
        patch.setenv("BRIDGEMARK_TEST", str(folder))
        patch.setenv("COLUMNS", "200")
        patch.setattr(sys, "argv", ["bridgemark", *certify_options(folder)])
        yield patch


def certify_options(folder):
    limits = ("--timeout", "8", "--memory", "1200")
    return ("certify", "sampler", BAD_SAMPLERS, "--results", str(folder), "--published", "none", *limits)


@pytest.fixture(scope="module")
def certified(folder):
    """The status, the output and the folder of certificates of certifying the samplers that break."""
    output = io.StringIO()
    with quick_battery(folder), contextlib.redirect_stdout(output), pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code, output.getvalue(), folder / "certificates"


@pytest.mark.parametrize(
    ("sampler", "reason"),
    [
        ("exits", "failed: the process ended with status 3 ("),
        ("asks-to-exit", "failed: the process ended with status 1 (SystemExit: 4 (bad_samplers.py, line "),
        (
            "crashes",
            "failed: the process ended with status -11 (Segmentation fault in crashes (bad_samplers.p",
        ),
        ("spins", " s of processor time of 8; see --timeout"),
        ("eats", " MB of memory of 1,200; see --memory"),
    ],
)
def test_a_check_that_ends_its_process_has_failed_for_a_reason(certified, sampler, reason):
    _, output, _ = certified
    table = output.partition(f"] {sampler}: checking\n")[2]
    first, second, *_ = (line for line in table.splitlines() if line.startswith("│"))
    assert reason in first
    assert "│ not reached" in second
    assert f"{sampler}: failed: {QUICK_CHECKS[0]}; identity " in table


def test_garbage_in_the_pipe_of_the_reports_is_left_out(certified):
    data = json.loads((certified[2] / "prints.json").read_text())
    assert [(finding["check"], finding["status"]) for finding in data["findings"]] == [
        (check, NOT_JUDGED) for check in QUICK_CHECKS
    ]


def test_a_certificate_is_stored_unless_a_limit_ended_it(certified):
    status, output, stored = certified
    assert status == 1
    assert {path.stem for path in stored.iterdir()} == {"exits", "asks-to-exit", "crashes", "prints"}
    for sampler in LIMITED:
        assert f"{sampler}: not stored, because a limit ended a check; give more with --timeout" in output
    assert "Traceback" not in output
    until(lambda: not marked_processes(stored.parent), 5)


def test_what_is_certified_is_not_checked_again(certified, folder):
    """Two have no certificate. The others took so little time that these are expected to take little."""
    output = io.StringIO()
    with quick_battery(folder) as patch, contextlib.redirect_stdout(output):
        patch.setattr(examination, "ReportingProcess", no_process)
        with pytest.raises(AssertionError, match="a process was started"):
            cli.main()
    assert "4 certificates still valid: exits, asks-to-exit, crashes, prints\n" in output.getvalue()
    assert "2 samplers to check, about " in output.getvalue()


def test_a_badge_is_drawn_where_it_is_wanted_and_always_that_of_the_certificate(tmp_path, monkeypatch):
    (toy,) = list_samplers([], [TOYS], 2_000.0, silent).subjects
    badge = tmp_path / "certificates" / "toy-exact.svg"

    def certify_with(status, *options):
        store(certify_now(toy, (Finding("check", status, None, 1.0),)), Results((tmp_path,)))
        folders = ("--results", str(tmp_path), "--published", "none")
        monkeypatch.setattr(sys, "argv", ["bridgemark", "certify", "sampler", TOYS, *folders, *options])
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
            cli.main()
        return output.getvalue()

    assert "badge" not in certify_with(PASSED)
    assert not badge.exists()
    assert f"badge: {badge}\n" in certify_with(PASSED, "--badge")
    assert ">certified, 1 passed<" in badge.read_text()
    assert "toy-exact: failed: check" in certify_with(FAILED)
    assert ">failed: check<" in badge.read_text()


def no_process(*_):
    raise AssertionError("a process was started")


def silent(_):
    """Shows nothing."""


LIMITS = CellLimits(seconds=60.0, megabytes=2_000.0)


def test_after_a_crash_another_process_makes_the_other_checks(tmp_path, monkeypatch):
    """It exits where it is given one dimension, and nowhere else."""
    (tmp_path / "mine.py").write_text(
        "import os, sys\n"
        f"sys.path.insert(0, {os.path.dirname(TOYS)!r})\n"
        "from toys import ToyExact\n"
        "class Mine(ToyExact):\n"
        "    def fit(self, key, density):\n"
        "        if density.dim == 1: os._exit(3)\n"
        "        return super().fit(key, density)\n"
        'SAMPLERS = {"mine": Mine()}\n'
    )
    monkeypatch.setattr(examination, "CoreLocks", partial(CoreLocks, tmp_path / "locks"))
    battery = Battery(SAMPLER_BATTERY.module, (("unbiased in one dimension", "no key made inside"),))
    (mine,) = list_samplers([], [str(tmp_path / "mine.py")], 2_000.0, silent).subjects
    waiting = [Expected(mine, 90.0)]
    console = Console(file=io.StringIO())
    (examined,) = examine(waiting, (str(tmp_path / "mine.py"),), battery, LIMITS, console)
    statuses = {finding.check: finding.status for finding in examined.certificate.findings}
    assert statuses == {"unbiased in one dimension": FAILED, "no key made inside": PASSED}
    assert not examined.was_limited
    assert console.file.getvalue() == "[1/1] mine, about 2 min: checking\n"


def test_code_that_changes_meanwhile_is_not_checked(tmp_path, monkeypatch):
    """The identity says which code was checked, so nothing else may be checked under it."""
    monkeypatch.setattr(examination, "CoreLocks", partial(CoreLocks, tmp_path / "locks"))
    waiting = [Expected(Subject("toy-exact", "of the code before", ""), None)]
    battery = Battery(SAMPLER_BATTERY.module, (QUICK_CHECKS,))
    (examined,) = examine(waiting, (TOYS,), battery, LIMITS, Console(file=io.StringIO()))
    first, second = examined.certificate.findings
    assert first.reason.startswith(
        "before the first check: the process ended with status 1 (SystemExit: its "
    )
    assert second.reason == "not reached"


def test_a_plug_in_that_breaks_stops_no_other(tmp_path):
    plugins = {"raises": "x = 1 / 0", "exits": "import os; os._exit(4)", "empty": "TARGETS = {}"}
    for name, text in plugins.items():
        (tmp_path / f"{name}.py").write_text(text)
    files = [str(tmp_path / f"{name}.py") for name in plugins]
    phases = []
    listed = list_samplers(["smc"], [*files, TOYS], 2_000.0, phases.append)
    assert [subject.name for subject in listed.subjects] == ["smc", "toy-exact"]
    assert listed.subjects[1].config == "ToyExact(spent=3)"
    assert listed.plugins == (TOYS,)
    raised, exited, empty = sorted(listed.refused, key=lambda line: list(plugins).index(name_in(line)))
    assert raised.endswith("is broken: ZeroDivisionError: division by zero (line 1)")
    assert exited.endswith("the process ended with status 4 (it printed no reason)")
    assert "has no samplers" in empty
    assert "sampler 'toy-exact'" in phases


def name_in(line):
    """The name of the first file that a line names, without its ending."""
    return line.partition(".py")[0].rpartition("/")[2]


def test_where_nothing_is_left_the_reasons_are_raised(tmp_path):
    (tmp_path / "mine.py").write_text("raise SystemExit(3)")
    with pytest.raises(BadInput, match="is broken: SystemExit: 3"):
        list_samplers([], [str(tmp_path / "mine.py")], 2_000.0, silent)
    with pytest.raises(BadInput, match="unknown sampler 'toy-exat'; did you mean toy-exact"):
        list_samplers(["toy-exat"], [TOYS], 2_000.0, silent)


def test_a_target_that_breaks_stops_no_other():
    listed = list_targets(["exits", "raises", "good"], [], [BAD_TARGETS], 2_000.0, silent)
    assert [subject.name for subject in listed.subjects] == ["good"]
    exited, raised = listed.refused
    assert exited.startswith("target 'exits': the process ended with status 9 (")
    assert raised.startswith("target 'raises' is broken: ValueError: no data (line ")


def test_all_targets_of_a_file_are_listed_and_a_file_without_any_is_refused(tmp_path):
    (tmp_path / "model.py").write_text("SAMPLERS = {}\n")
    files = [TOYS, str(tmp_path / "model.py")]
    listed = list_targets(["gmm9"], files, [], 2_000.0, silent)
    assert [subject.name for subject in listed.subjects] == ["gmm9", "toy-gaussian"]
    (refused,) = listed.refused
    assert refused.endswith("has no targets; end it with TARGETS = {...}")
    assert listed.plugins == (TOYS,)


def test_where_every_core_is_used_it_waits_and_says_so_once(tmp_path):
    console = Console(file=io.StringIO())
    part = examination.Part("no module", {}, ["check"], LIMITS)
    with CoreLocks(tmp_path) as others, CoreLocks(tmp_path) as locks:
        others.lock(available_cores(), len(available_cores()))
        with CheckProgress(console, 1) as progress:
            for _ in range(2):
                examination.start_parts([part], locks, progress)
    assert part.process is None
    assert console.file.getvalue() == "other runners use the cores; waiting\n"


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_is_one_line(terminal):
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100)
    with CheckProgress(console, 3) as progress:
        progress.begin("smc", 200.0)
        progress.show("2 of 14 checks made; now repeatable")
        progress.line.refresh()
        time.sleep(0.2)
    shown = console.file.getvalue()
    assert "[1/3] smc, about 3 min: " in shown
    assert ("now repeatable" in shown) == terminal
    assert ("checking" in shown) != terminal


def while_python_imports(*_):
    time.sleep(0.6)


def while_samplers_are_read(folder, _):
    until(lambda: len(marked_processes(folder)) == 2)  # the command, and the process that reads


def while_checks_run(folder, output):
    assert output.readline().startswith("6 samplers to check, about ")
    processes = 1 + min(len(available_cores()), 2)  # each half of the battery has a core to itself
    until(lambda: len(marked_processes(folder)) == processes)


@pytest.mark.parametrize(
    ("number", "wait"),
    [
        (signal.SIGTERM, while_python_imports),
        (signal.SIGHUP, while_samplers_are_read),
        (signal.SIGINT, while_checks_run),
    ],
    ids=["while Python imports", "while samplers are read", "while checks run"],
)
def test_a_signal_ends_it_in_seconds_with_a_sentence(tmp_path, number, wait):
    environment = os.environ | {"BRIDGEMARK_TEST": str(tmp_path), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "bridgemark", "certify", "sampler", BAD_SAMPLERS]
    with heeding(command, cwd=tmp_path, env=environment) as process:
        wait(tmp_path, process.stdout)
        ended = end_with(process, number, tmp_path)
    if ended.status == -number:
        assert wait is while_python_imports  # and the command line does not take signals yet
    else:
        assert ended.status == 128 + number
        assert ended.errors == ("stopped; what is stored stays, and the same command continues from there\n")
    assert not list(tmp_path.rglob("*.json"))
    assert ended.seconds < 5
