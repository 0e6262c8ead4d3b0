"""The command line: instant help, and one clear line for everything that a user can get wrong."""

import json
import resource
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep import runner
from bridgemark.benchmarks.sweep.interruption import Stopped
from bridgemark.benchmarks.sweep.plan import plan
from bridgemark.benchmarks.sweep.presets import PRESETS
from bridgemark.benchmarks.sweep.request import Request
from bridgemark.benchmarks.sweep.runner import SweepResult

from support.project import TOYS

COMMANDS = (
    *("run", "list", "table", "figures", "show", "compare", "doctor", "reference"),
    *("score", "target", "export"),
)
HEAVY = ("jax", "pandas", "matplotlib", "numpy")
REQUEST = Request(
    preset=PRESETS["smoke"], samplers=("toy-exact",), targets=("toy-gaussian",), seeds=2, plugins=(TOYS,)
)


@pytest.fixture
def refused(call):
    """Calls it and expects status 2 and one line on standard error, which is returned."""

    def refuse(*arguments):
        status, out, err = call(*arguments)
        assert (status, out) == (2, "")
        assert err.startswith("bridgemark: ")
        assert err.count("\n") == 1
        return err

    return refuse


@pytest.fixture
def stored(tmp_path):
    """A results folder with the two rows that REQUEST asks for, and its store."""
    store = Store(tmp_path / "store")
    rows = [replace(row, status="ok", reason=None, metrics={"log_z": 3.0}) for row in plan(REQUEST)]
    for row in rows:
        store.write(row)
    return tmp_path, store, rows


def run_options(results, published="none"):
    names = ["--sampler", "toy-exact", "--target", "toy-gaussian", "--preset", "smoke"]
    folders = ["--results", results, "--published", published]
    return ["run", *names, "--seeds", 2, "--plugin", TOYS, *folders]


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)], ids=" ".join)
def test_help_is_instant_and_imports_nothing_heavy(command):
    """The best of three goes takes under 0.7 s of processor time, which a busy machine does not stretch."""
    report = f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    program = (
        "import atexit, sys; from bridgemark.benchmarks.cli import main; "
        f"atexit.register(lambda: {report}); main()"
    )
    runs = [seconds(program, *command, "--help") for _ in range(3)]
    assert min(run[0] for run in runs) < 0.7
    for _, done in runs:
        assert (done.returncode, done.stderr.strip()) == (0, "[]")
        assert "Usage: " in done.stdout


def test_a_run_with_nothing_to_do_imports_neither_jax_nor_pandas():
    """Importing JAX takes longer than everything else that such a run does."""
    program = (
        "import sys; from bridgemark.benchmarks.sweep import runner; "
        "from bridgemark.benchmarks.commands import run; from bridgemark.benchmarks.console import summary; "
        "print([name for name in ('jax', 'pandas') if name in sys.modules])"
    )
    _, done = seconds(program)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def seconds(program, *arguments):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done


@pytest.mark.parametrize(
    ("option", "value"),
    [("seeds", 0), ("seeds", -1), ("draws", -5), ("workers", 0), ("cores", -2), ("timeout", -1.0)],
)
def test_counts_must_be_positive(refused, tmp_path, option, value):
    line = refused("run", f"--{option}", value, "--results", tmp_path / "results")
    assert f"--{option} must be positive, not {value}" in line
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--sampler", "toy-exat"), "unknown sampler 'toy-exat'; did you mean toy-exact"),
        (("--sampler", "toy-exact,zzzzzz"), "unknown sampler 'zzzzzz'; known are "),
        (("--sampler", "toy-exact", "--target", "toy-gausian"), "did you mean toy-gaussian"),
        (("--preset", "smoek"), "unknown preset 'smoek'; did you mean smoke?"),
        (("--sampler", "toy-exact", "--workers", 10_000), "lower --workers or --cores"),
        (("--plugin", "nowhere.py"), "nowhere.py is not a file; nothing else that was asked for by name"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(refused, tmp_path, arguments, message):
    assert message in refused("run", "--plugin", TOYS, "--results", tmp_path, *arguments)


HEAD = "from bridgemark.samplers.base import Sampler\nfrom toys import ToyExact, toy_gaussian\n"
MALFORMED = {
    "x = (": "SyntaxError",
    "\n\nraise ValueError('two\\nlines')": "ValueError: two lines (line 3)",
    "import nonexistent_module": "ModuleNotFoundError",
    "raise SystemExit(0)": "SystemExit",
    "x = 1": "registers nothing; end it with SAMPLERS",
    "SAMPLERS = [1]": "SAMPLERS must be a dict from names, not [1]",
    "SAMPLERS = {'a': 1}": "SAMPLERS['a'] must be an instance of a Sampler, not 1",
    "SAMPLERS = {'a': ToyExact}": "must be an instance of a Sampler",
    "SAMPLERS = {'a': Sampler()}": "Can't instantiate abstract class Sampler",
    "SAMPLERS = {'a': ToyExact(sped=1)}": "unexpected keyword argument 'sped'",
    "SAMPLERS = {'a': ToyExact(spent=lambda: 1)}": "must be a Sampler whose fields print as values",
    "SAMPLERS = {'../a': ToyExact()}": "has the name '../a'",
    "SAMPLERS = {'toy-exact': ToyExact()}": "is taken by plug-in",
    "TARGETS = {'a': toy_gaussian()}": "TARGETS['a'] must be a function without arguments",
    "TARGETS = {'a': toy_gaussian}": "target 'a': its builder must return a Target of that name",
    "TARGETS = {'a': lambda: 1}": "target 'a': its builder must return a Target",
    "TARGETS = {'a': lambda x: x}": "target 'a' is broken: TypeError",
}


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_plug_in_is_one_line(tmp_path, monkeypatch, text):
    monkeypatch.syspath_prepend(Path(TOYS).parent)
    plugin = tmp_path / "plugin.py"
    plugin.write_text(text if "toy" not in text.lower() and "Sampler()" not in text else HEAD + text)
    target = "a" if "TARGETS" in text else "toy-gaussian"
    with pytest.raises(BadInput) as refused:
        plan(replace(REQUEST, targets=(target,), plugins=(TOYS, str(plugin))))
    assert MALFORMED[text] in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_broken_plug_in_is_named_and_what_was_asked_for_beside_it_is_planned(call, tmp_path):
    (tmp_path / "mine.py").write_text("x = (")
    options = ["--plugin", TOYS, "--plugin", tmp_path / "mine.py", "--results", tmp_path, "--dry-run"]
    status, out, err = call("run", *options, "--sampler", "toy-exact", "--target", "toy-gaussian")
    assert (status, err) == (2, "")
    assert "mine.py is broken: SyntaxError" in out
    assert "3 rows in 1 cell" in out
    status, out, err = call("run", *options)
    assert (status, out) == (2, "")
    assert "SyntaxError: '(' was never closed" in err
    assert err.endswith("nothing else that was asked for by name is left to run\n")


def test_a_results_folder_that_cannot_be_written(refused, tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot write" in refused(*run_options(tmp_path / "file"))


def test_a_corrupted_row_stops_before_any_work_and_harms_no_other(refused, call, stored):
    results, store, (good, bad) = stored
    whole = store.path(good).read_bytes()
    store.path(bad).write_text("{")
    for arguments in (run_options(results), ["table"], ["figures"], ["show", bad.identity]):
        where = [] if arguments[0] == "run" else ["--results", results]
        line = refused(*arguments, *where)
        assert str(store.path(bad)) in line
        assert "`bridgemark doctor --set-aside` moves it away" in line
    assert call("show", good.identity, "--results", results)[0] == 0
    store.path(bad).unlink()
    assert store.path(good).read_bytes() == whole
    assert call("show", good.identity, "--results", results)[0] == 0


def test_nothing_missing_is_nothing_run(call, stored):
    results, store, _ = stored
    status, out, err = call(*run_options(results))
    assert (status, err) == (0, "")
    assert "0 of 2 rows to run" in out
    assert "2 rows: 2 ok; 0 run now, 2 stored before" in out
    assert [row.started for row in store.read_all()] == [None, None]


def test_a_run_says_how_its_rows_agree_with_the_published_ones(call, stored, tmp_path, monkeypatch):
    results, _, rows = stored
    monkeypatch.setattr(runner, "run", lambda *_: SweepResult(tuple(rows), ran=len(rows)))
    published.write(rows, tmp_path / "published" / "rows")
    _, out, _ = call(*run_options(results, tmp_path / "published"))
    assert "Against the published rows of 1 cell: 1 same within the noise of the seeds." in out
    _, out, _ = call(*run_options(results, tmp_path / "none"))
    assert "published" not in out


def test_a_dry_run_says_what_it_would_take_and_leaves_no_trace(call, stored, tmp_path):
    results, _, _ = stored
    arguments = [*run_options(results), "--workers", 1, "--dry-run"]
    before = contents(tmp_path)
    status, out, err = call(*arguments)
    assert (status, err) == (0, "")
    assert out == "2 rows in 1 cell: 0 in 0 cells to run, 2 stored already\nnothing was run\n"
    _, out, _ = call(*arguments, "--seeds", 5, "--draws", 7)
    assert out == (
        "5 rows in 1 cell: 5 in 1 cell to run, 0 stored already\n"
        "expected: 0 s of a core, without scoring\nnothing was run\n"
    )
    _, out, _ = call(*arguments, "--sampler", "hmc", "--results", tmp_path / "nowhere")
    assert "unknown for 2 cells without an earlier row" in out
    assert contents(tmp_path) == before
    assert not (tmp_path / "nowhere").exists()


def test_ctrl_c_is_status_130(call, tmp_path, monkeypatch):
    def interrupt(*_):
        raise Stopped(signal.SIGINT)

    monkeypatch.setattr(runner, "run", interrupt)
    status, out, err = call(*run_options(tmp_path))
    assert (status, out) == (130, "")
    assert "what is stored stays" in err


def test_show_takes_the_beginning_of_an_identity(call, refused, stored):
    results, _, rows = stored
    first, second = sorted(rows, key=lambda row: row.identity)
    status, out, _ = call("show", first.identity[:12], "--results", results)
    assert status == 0
    assert first.identity in out
    assert "ToyExact(spent=3)" in out
    assert "log_z" in out
    line = refused("show", "", "--results", results, "--published", results)
    assert f"2 rows begin with '': {first.identity} (toy-exact x toy-gaussian)" in line
    assert second.identity in line
    assert "0 rows begin with 'zz': the rows are in" in refused("show", "zz", "--results", results)


@pytest.mark.parametrize("command", ["table", "figures"])
def test_without_rows_it_is_said_what_to_do(refused, tmp_path, command):
    line = refused(command, "--results", tmp_path, "--published", tmp_path / "none")
    assert "`bridgemark run` makes rows" in line


def test_compare_says_what_changed_by_its_status(call, refused, stored, tmp_path):
    results, _, rows = stored
    status, out, _ = call("compare", results, results)
    assert status == 0
    assert "1 cell on both sides: 1 same, 0 changed; 1 equal in all digits" in out
    broken = Store(tmp_path / "broken" / "store")
    for row in rows:
        broken.write(replace(row, status="failed", reason="broken", metrics={}))
    status, out, _ = call("compare", results, tmp_path / "broken")
    assert status == 1
    assert "0 same, 1 changed" in out
    assert "toy-exact" in out
    assert f"no rows are in {tmp_path / 'no'}" in refused("compare", results, tmp_path / "no")
    assert "at least 1, not 0.5" in refused("compare", results, results, "--tolerance", 0.5)


def test_lists_show_plug_ins_too(call):
    status, out, _ = call("list", "samplers", "--plugin", TOYS)
    assert status == 0
    assert "toy-exact" in out
    status, out, _ = call("list", "targets", "--plugin", TOYS)
    assert status == 0
    assert "toy-gaussian" in out
    assert "3 ± 0" in out


@pytest.mark.parametrize("arguments", [("toy-gaussian", "--plugin", TOYS), (TOYS,)])
def test_targets_are_certified_by_name_or_file(call, arguments):
    status, out, _ = call("certify", "target", *arguments)
    assert status == 0
    assert "toy-gaussian: 5 passed; fingerprint " in out


def test_typers_own_complaints_are_short(call):
    for arguments in (["run", "--seeds", "many"], ["run", "--unknown"], ["list", "fish"], ["nothing"]):
        status, _, err = call(*arguments)
        assert status == 2
        assert len(err.splitlines()) <= 4
        assert "Traceback" not in err


def test_the_module_is_the_console_script(tmp_path):
    plugin = tmp_path / "plugin.py"
    plugin.write_text(textwrap.dedent("def broken(:"))
    command = [sys.executable, "-m", "bridgemark", "run", "--plugin", plugin, "--results", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"bridgemark: plug-in {plugin} is broken: SyntaxError")
    assert done.stderr.count("\n") == 1


def test_rows_are_json_that_other_programs_can_read(stored):
    _, store, (first, _) = stored
    assert json.loads(store.path(first).read_text())["metrics"] == {"log_z": 3.0}
