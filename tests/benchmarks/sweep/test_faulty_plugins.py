"""Whatever samplers, targets and plug-in files do, a sweep says what was wrong, and the healthy cells run."""

import os
import re
import subprocess
import sys
from typing import NamedTuple

import psutil
import pytest

from bridgemark.benchmarks.rows.environment import available_cores
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.text import MAX_LINE

from support.processes import marked_processes, until
from support.project import BAD_TARGETS, FAULTY_SAMPLERS, FAULTY_TARGETS, QUICK, TOYS

# The status and a part of the reason of each faulty sampler.
ENDING = {
    "sys-exits": ("failed", "status 1 while compiling: SystemExit: no licence (faulty_samplers.py, line"),
    "exits-well": ("failed", "the process ended with status 0 while compiling"),
    "aborts": ("failed", "killed by SIGABRT while compiling: Aborted in "),
    "segfaults": ("failed", "killed by SIGSEGV while compiling: Segmentation fault in <lambda> (faulty_sam"),
    "terminates": ("failed", "killed by SIGTERM while compiling"),
    "interrupts": ("failed", "status 1 while compiling: KeyboardInterrupt (faulty_samplers.py, line"),
    "own-error": ("failed", "status 1 while compiling: OwnError: beyond reach (faulty_samplers.py, line"),
    "recurses": ("failed", "RecursionError: maximum recursion depth exceeded (faulty_samplers.py, line"),
    "no-memory": ("out of memory", "MemoryError (faulty_samplers.py, line"),
    "large-array": ("out of memory", "RESOURCE_EXHAUSTED"),
    "takes-memory": ("out of memory", "MB of memory of 1,500, while compiling; see --memory"),
    "escapes": ("failed", r"ValueError: \x1b[31mred [bold]bold[/] \u202eback (faulty_samplers.py, line"),
    "long-text": ("failed", "long long… (faulty_samplers.py, line"),
    "lines": ("failed", "ValueError: first second third (faulty_samplers.py, line"),
    "no-text": ("failed", "WithoutText: it has no message that can be shown (faulty_samplers.py, line"),
    "host-raises": ("failed", "ArithmeticError: nothing adds up there (faulty_samplers.py, line"),
    "unsupported-text": ("unsupported", r"\x1b[2Jwants more wants more"),
    "closes-all": ("failed", "the process ended with status 1 while "),
}
# Samplers that do what they should not, but whose rows are right.
HARMLESS = (
    *("writes-everywhere", "closes-streams", "clears-environment", "ignores-signals", "moves"),
    *("forks", "forks-away", "daemon", "keeps-a-thread", "late-exit"),
)
# One of each kind; all take minutes, because each has a process.
QUICKLY = (
    *("sys-exits", "aborts", "interrupts", "own-error", "takes-memory", "escapes", "no-text", "host-raises"),
    *("closes-all", "writes-everywhere", "daemon", "keeps-a-thread", "moves"),
)
# What is wrong with what samplers return.
MISTAKEN = {
    "fit-tuple": "fit returned a tuple of 2; it must return Fit(state, evals, info)",
    "fit-draws": "fit returned a Draws; it must return Fit(state, evals, info)",
    "fit-none": "fit returned None; it must return Fit(state, evals, info)",
    "fit-evals-none": "fit returned None as evals; build it with evals(",
    "state-object": "<class 'object'> at output component .state, which is not a valid JAX type",
    "state-function": "<class 'function'> at output component .state, which is not a valid JAX type",
    "draws-only": "sample returned a Draws; it must return the pair (state, Draws(...))",
    "sample-none": "sample returned None; it must return the pair (state, Draws(...))",
    "state-grows": "sample returned a state whose arrays differ in number, shape or kind",
    "x-flat": "sample returned Draws.x of shape (8, 1); the shape must be (chains, length, 1)",
    "x-other-dim": "sample returned Draws.x of shape (8, 1, 2); the shape must be (chains, length, 1)",
    "x-fewer": "sample returned 3 draws where 8 were asked for",
    "x-complex": "sample returned an array of complex64, shape (8, 1, 1) as Draws.x; draws are real",
    "x-integer": "sample returned an array of int32, shape (8, 1, 1) as Draws.x; draws are real",
    "x-nan": "1 of 8 draws are not finite",
    "x-infinite": "2 of 8 draws are not finite",
    "weights-flat": "shape (8,) as Draws.log_weights; it must be None or a real weight for each draw",
    "weights-nan": "a log weight is NaN or infinite, or all weights are zero",
    "weights-zero": "a log weight is NaN or infinite, or all weights are zero",
    "log-z-scalar": "shape () as Draws.log_z; it is one real estimate for each run",
    "log-z-nan": "a log Z estimate is not finite",
    "evals-none": "sample returned None as evals; build it with evals(",
    "info-list": "sample returned a list as info; it must be a dictionary of arrays",
    "count-negative": "a count of evaluations cannot be negative: -5000",
    "count-array-negative": "a negative count of values: -3",
    "count-fractional": "as evals.gradients; build it with evals(values=..., gradients=...) from integers",
    "count-nan": "as evals.gradients; build it with evals(values=..., gradients=...) from integers",
    "count-pair": "sample returned a tuple of 2 as evals; build it with evals(",
}
# What a reason must not speak of: it is our code, or Python's view of it.
INSIDES = re.compile(
    r"NoneType|has no attribute|not iterable|unpack|tuple index|broadcast|wrong \w+_evals"
    r"|bridgemark/benchmarks|(programs|measure|phases|cell)\.py"
)
# Samplers that do not end by themselves.
ENDLESS = {
    "spins": ("timeout", "s of processor time of 10, while compiling; see --timeout"),
    "matches": ("timeout", "s of processor time of 10, while compiling; see --timeout"),
    "loops-in-jax": ("timeout", "s of processor time of 10, while compiling; see --timeout"),
    "sleeps": ("timeout", "s of processor time, while compiling; see --timeout"),
}
WRONG_TARGETS = {
    "nan-density": "is wrong: log_prob is NaN or +inf at ",
    "infinite-density": "is wrong: log_prob is NaN or +inf at ",
    "vector-density": "is wrong: log_prob returns an array of shape (2,) and not a single number",
    "complex-density": "is broken: ValueError: log_prob of complex-density computes in complex128",
    "text-density": "is broken: TypeError",
    "branching-density": "is broken: TracerBoolConversionError",
    "no-density": "is broken: TypeError",
    "no-dimension": "is wrong: its dimension is 0",
    "other-dimension": "is wrong: the base of dimension 2 has a loc of shape (3,)",
    "negative-scale": "is wrong: loc and scale of the base must be finite, and the scale positive",
    "negative-sd": "is wrong: sd of statistic x is [-1.,  1.]; it must be finite and not negative",
    "nan-sd": "is wrong: sd of statistic x is [nan,  1.]; it must be finite and not negative",
    "sd-of-three": "is wrong: sd of statistic x has shape (3,), its mean (2,)",
    "impossible-masses": "is wrong: the masses of its modes are [ 3., -1.]; they must not be negative",
    "nan-log-z": "is wrong: log Z is nan",
    "negative-error": "is wrong: the standard error of log Z is -1.0",
    "draws-of-three": "is wrong: 64 exact draws have shape (64, 3), but must have (64, 2)",
    "none": "its builder must return a Target of that name, not None",
    "other-name": "its builder must return a Target of that name, not ",
    "sys-exits": "is broken: SystemExit: no data here (line ",
    "interrupts": "cannot be planned: the process ended with status 1 (KeyboardInterrupt (faulty_targ",
    "escapes": r"is broken: ValueError: \x1b[31mred [bold]next\u202e (line ",
    "exits-well": "cannot be planned: the process ended with status 0",
    "raises": "is broken: ValueError: no data (line ",
    "crashes": "cannot be planned: the process ended with status -11 (Segmentation fault in _crashes (bad_",
}
ENDLESS_TARGETS = {
    "spins": "cannot be planned: used ",
    "sleeps": "cannot be planned: took ",
}
HARMLESS_TARGETS = ("leaves-a-helper", "prints", "moves")
# Texts of plug-in files, and what is said of each.
FILES = {
    "raises.py": ("raise ValueError('no such file')", "is broken: ValueError: no such file (line 1)"),
    "syntax.py": ("x = 1\ny = (", "is broken: SyntaxError: '(' was never closed"),
    "sys-exits.py": ("import sys\nsys.exit('no')", "is broken: SystemExit: no (line 2)"),
    "exits.py": ("import os\nos._exit(4)", "cannot be planned: the process ended with status 4"),
    "imports.py": ("import no_such_package", "is broken: ModuleNotFoundError: No module named 'no_such_pack"),
    "nothing.py": ("x = 1", "registers nothing; end it with SAMPLERS = {...} or TARGETS = {...}"),
    "empty.py": ("", "registers nothing; end it with SAMPLERS = {...} or TARGETS = {...}"),
    "list.py": ("SAMPLERS = ['a']", "SAMPLERS must be a dict from names, not ['a']"),
    "kinds.py": ("SAMPLERS = {'a': 1}", "SAMPLERS['a'] must be an instance of a Sampler, not 1"),
    "builder.py": ("TARGETS = {'a': 1}", "TARGETS['a'] must be a function without arguments that builds"),
    "number.py": ("TARGETS = {1: print}", "TARGETS has the name 1; use letters, digits"),
    "path.py": ("TARGETS = {'../a': print}", "TARGETS has the name '../a'; use letters, digits"),
    "taken.py": ("TARGETS = {'dw4-8': print}", "TARGETS['dw4-8'] is taken by bridgemark.targets"),
    "twice.py": ("TARGETS = {'quick': print}", "TARGETS['quick'] is taken by plug-in "),
    "bytes.py": ("TARGETS = {}\0", "is broken: "),
    "data.txt": ("TARGETS = {}", "is broken: ImportError: not a Python file (.py)"),
    "recurses.py": ("def f(): f()\nf()", "is broken: RecursionError: maximum recursion depth exceeded"),
}
ENDLESS_FILES = {
    "spins.py": ("while True: pass", "cannot be planned: used "),
    "matches.py": ("import re\nre.match('(a+)+b', 'a' * 60)", "cannot be planned: used "),
}


class Swept(NamedTuple):
    """The exit status of a sweep, what it printed, and its rows by sampler and target."""

    status: int
    out: str
    err: str
    rows: dict[tuple[str, str], Row]


def sweep(
    folder, samplers, targets, plugins, *options, program="from bridgemark.benchmarks.cli import main; main()"
):
    """Sweep with the command line in `folder`, whose results are given as a relative path."""
    grid = ["--sampler", ",".join(samplers), "--target", ",".join(targets), "--seeds", "1", "--draws", "8"]
    loaded = [argument for plugin in plugins for argument in ("--plugin", str(plugin))]
    environment = os.environ | {
        "BRIDGEMARK_TEST": str(folder),
        "FAULTY_RESULTS": str(folder / "results" / "store"),
        "TMPDIR": str(folder),  # locks of cores of its own
    }
    done = subprocess.run(
        [sys.executable, "-c", program, "run", "--results", "results", *grid, *loaded, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    rows = Store(folder / "results" / "store").read_all()
    return Swept(done.returncode, done.stdout, done.stderr, {(row.sampler, row.target): row for row in rows})


def require_clean(swept, folder):
    """Nothing that the sweep printed is a traceback or obeyed by a terminal, and no process is left."""
    printed = swept.out + swept.err
    assert "Traceback" not in printed
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", printed)
    assert all(len(row.reason or "") <= MAX_LINE + 100 for row in swept.rows.values())
    until(lambda: not marked_processes(folder), 5)
    assert not list(folder.rglob("*.tmp"))


def differences(expected, rows):
    """The rows whose status or reason is not the expected one."""
    return {
        name: (row.status, row.reason)
        for name, (status, reason) in expected.items()
        for row in [rows[name, "quick"]]
        if row.status != status or reason not in (row.reason or "")
    }


def unexplained(expected, lines):
    """The things on which no line of the output has the expected reason."""
    return {
        name: [line for line in lines if name in line]
        for name, reason in expected.items()
        if not any(name in line and reason in line for line in lines)
    }


@pytest.mark.parametrize(
    "samplers",
    [pytest.param(QUICKLY, id="some"), pytest.param((*ENDING, *HARMLESS), id="all", marks=pytest.mark.slow)],
)
def test_faulty_samplers_are_rows_beside_healthy_ones(tmp_path, samplers):
    grid = ("quick-0", *samplers, "quick-1")
    limits = ("--memory", "1500", "--timeout", "60")
    swept = sweep(tmp_path, grid, ("quick",), (QUICK, FAULTY_SAMPLERS), *limits)
    assert swept.status == 0
    require_clean(swept, tmp_path)
    assert swept.rows.keys() == {(sampler, "quick") for sampler in grid}
    assert differences({name: ENDING.get(name, ("ok", "")) for name in grid}, swept.rows) == {}


def test_faulty_targets_and_files_are_refused_beside_healthy_ones(tmp_path):
    for name, (text, _) in FILES.items():
        (tmp_path / name).write_text(text)
    plugins = (QUICK, TOYS, BAD_TARGETS, FAULTY_TARGETS, *(tmp_path / name for name in FILES))
    targets = ("quick", *WRONG_TARGETS, *HARMLESS_TARGETS)
    swept = sweep(tmp_path, ("quick-0",), targets, plugins)
    assert swept.status == 2
    require_clean(swept, tmp_path)
    lines = swept.out.splitlines()
    reasons = {f"plug-in {tmp_path}/{name}": reason for name, (_, reason) in FILES.items()}
    reasons |= {f"target {name!r}": reason for name, reason in WRONG_TARGETS.items()}
    assert unexplained(reasons, lines) == {}
    assert {name: row.status for name, row in swept.rows.items()} == {
        ("quick-0", target): "ok" for target in ("quick", *HARMLESS_TARGETS)
    }


def test_a_cell_may_remove_the_results(tmp_path):
    samplers = ("removes-results", "quick-0")
    swept = sweep(tmp_path, samplers, ("quick",), (QUICK, FAULTY_SAMPLERS), "--workers", "1")
    assert swept.status == 0
    require_clean(swept, tmp_path)
    assert differences(dict.fromkeys(samplers, ("ok", "")), swept.rows) == {}


@pytest.mark.slow
def test_mistakes_in_what_a_sampler_returns_are_named(tmp_path):
    swept = sweep(tmp_path, ("quick-0", *MISTAKEN, "quick-1"), ("quick",), (QUICK, FAULTY_SAMPLERS))
    assert swept.status == 0
    require_clean(swept, tmp_path)
    expected = {name: ("failed", reason) for name, reason in MISTAKEN.items()}
    assert differences(expected | dict.fromkeys(("quick-0", "quick-1"), ("ok", "")), swept.rows) == {}
    reasons = {name: swept.rows[name, "quick"].reason for name in MISTAKEN}
    assert {name: reason for name, reason in reasons.items() if INSIDES.search(reason)} == {}


@pytest.mark.slow
@pytest.mark.skipif(len(available_cores()) < 2, reason="two cells need two cores")
def test_a_cell_that_takes_most_of_the_memory_is_ended_beside_one_that_runs(tmp_path):
    """By default two cells may use 45 % of the memory each; less where others leave less."""
    memory = psutil.virtual_memory()
    limit = [] if memory.available > 0.7 * memory.total else ["--memory", str(memory.available // 2**21)]
    samplers = ("takes-memory", "quick-0")
    swept = sweep(tmp_path, samplers, ("quick",), (QUICK, FAULTY_SAMPLERS), "--workers", "2", *limit)
    assert swept.status == 0
    require_clean(swept, tmp_path)
    expected = {"takes-memory": ("out of memory", "MB of memory of "), "quick-0": ("ok", "")}
    assert differences(expected, swept.rows) == {}


@pytest.mark.slow
def test_samplers_that_do_not_end_are_ended(tmp_path):
    samplers = ("quick-0", *ENDLESS, "quick-1")
    swept = sweep(tmp_path, samplers, ("quick",), (QUICK, FAULTY_SAMPLERS), "--timeout", "10")
    assert swept.status == 0
    require_clean(swept, tmp_path)
    expected = ENDLESS | dict.fromkeys(("quick-0", "quick-1"), ("ok", ""))
    assert differences(expected, swept.rows) == {}


# The command line, with little time for each step of planning.
HURRIED = """
from bridgemark.benchmarks.sweep import limits, planning
from bridgemark.benchmarks.cli import main
planning.STEP_SECONDS, limits.WALL_EXTRA = 8.0, 1.0
main()
"""


@pytest.mark.slow
def test_targets_and_files_that_do_not_end_are_refused(tmp_path):
    for name, (text, _) in ENDLESS_FILES.items():
        (tmp_path / name).write_text(text)
    plugins = (QUICK, TOYS, BAD_TARGETS, FAULTY_TARGETS, *(tmp_path / name for name in ENDLESS_FILES))
    swept = sweep(tmp_path, ("quick-0",), ("quick", *ENDLESS_TARGETS), plugins, program=HURRIED)
    assert swept.status == 2
    require_clean(swept, tmp_path)
    reasons = {f"plug-in {tmp_path}/{name}": reason for name, (_, reason) in ENDLESS_FILES.items()}
    reasons |= {f"target {name!r}": reason for name, reason in ENDLESS_TARGETS.items()}
    assert unexplained(reasons, swept.out.splitlines()) == {}
    assert [row.status for row in swept.rows.values()] == ["ok"]
