"""Planning apart: whatever a target or a plug-in does to its process, the healthy ones are planned."""

import io
import textwrap
from dataclasses import replace

import pytest
from rich.console import Console

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.sweep import planning, runner
from bridgemark.benchmarks.sweep.plan import plan
from bridgemark.benchmarks.sweep.plan_cache import PlanCache
from bridgemark.benchmarks.sweep.planning import plan_apart
from bridgemark.benchmarks.sweep.presets import PRESETS
from bridgemark.benchmarks.sweep.request import Request, request_from_json, request_to_json

from support.processes import marked_processes, until
from support.project import BAD_TARGETS, PLUGINS, TOYS

REQUEST = Request(
    preset=PRESETS["smoke"], samplers=("toy-exact",), targets=("good",), seeds=2, plugins=(TOYS, BAD_TARGETS)
)


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """The plan of all targets but the one that never ends, the phases that were shown, and a mark."""
    names = ("exits", "crashes", "raises", "nan", "leaves-a-helper", "prints", "moves", "good")
    phases, mark = [], str(tmp_path_factory.mktemp("mark"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRIDGEMARK_TEST", mark)
        return plan_apart(replace(REQUEST, targets=names), show_phase=phases.append), phases, mark


def test_healthy_targets_are_planned_beside_those_that_break(planned):
    plan, phases, _ = planned
    assert {row.target for row in plan.rows} == {"leaves-a-helper", "prints", "moves", "good"}
    assert len(plan.rows) == 8
    assert "target 'good'" in phases


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("exits", "target 'exits' cannot be planned: the process ended with status 9"),
        ("crashes", "status -11 (Segmentation fault in _crashes (bad_targets.py, line "),
        ("raises", "target 'raises' is broken: ValueError: no data (line "),
        ("nan", "target 'nan' is wrong: log_prob is NaN or +inf at "),
    ],
)
def test_a_target_that_breaks_is_refused_with_its_reason(planned, target, reason):
    (refused,) = (line for line in planned[0].refused if f"{target!r}" in line)
    assert reason in refused
    assert len(planned[0].refused) == 4


def test_no_process_of_planning_goes_on(planned):
    until(lambda: not marked_processes(planned[2]), 5)


def test_a_plan_made_apart_is_the_plan_made_here():
    """The same identities, whatever else differs: this process has compiler flags of its own."""
    apart = plan_apart(REQUEST).rows
    assert [replace(row, target_hash="", identity="", commit=None) for row in apart] == [
        replace(row, target_hash="", identity="", commit=None) for row in plan(REQUEST)
    ]


def test_a_target_that_never_ends_is_refused(monkeypatch):
    monkeypatch.setattr(planning, "STEP_SECONDS", 8.0)
    result = plan_apart(replace(REQUEST, targets=("spins", "good")))
    (reason,) = result.refused
    assert reason.startswith("target 'spins' cannot be planned: used ")
    assert reason.endswith(" s of processor time of 8")
    assert {row.target for row in result.rows} == {"good"}


BROKEN_PLUGINS = {
    "raise SystemExit(3)": "is broken: SystemExit: 3 (line 1)",
    "import os; os._exit(4)": "cannot be planned: the process ended with status 4",
    "x = 1": "registers nothing",
    "SAMPLERS = {'a': 1}": "must be an instance of a Sampler",
}


def test_plug_ins_that_break_stop_no_other(tmp_path):
    plugins = list(REQUEST.plugins)
    for number, text in enumerate(BROKEN_PLUGINS):
        (tmp_path / f"mine-{number}.py").write_text(text)
        plugins.append(str(tmp_path / f"mine-{number}.py"))
    result = plan_apart(replace(REQUEST, samplers=("toy-exact", "a"), plugins=tuple(plugins)))
    assert len(result.rows) == 2
    refused = sorted(result.refused)
    assert len(refused) == len(BROKEN_PLUGINS)
    for line, reason in zip(refused, BROKEN_PLUGINS.values(), strict=True):
        assert reason in line


class Screen(io.StringIO):
    """A file that makes another as soon as a text is written into it."""

    def __init__(self, text, seen):
        super().__init__()
        self.text, self.seen = text, seen

    def write(self, text):
        if self.text in text:
            self.seen.touch()
        return super().write(text)


# A plug-in that breaks when a file is there, or after a minute.
BREAKING_LATER = """import os, time; end = time.monotonic() + 60
while not os.path.exists({seen!r}) and time.monotonic() < end: time.sleep(0.01)
raise ValueError("wrong")
"""


def test_the_name_of_a_plug_in_is_no_markup(tmp_path):
    folder = tmp_path / "[bold]"
    folder.mkdir()
    plugin, seen = folder / "[red]mine.py", tmp_path / "seen"
    plugin.write_text(BREAKING_LATER.format(seen=str(seen)))
    screen = Screen(f"planning: plug-in {plugin}", seen)
    console = Console(file=screen, force_terminal=True, width=400)
    request = replace(REQUEST, plugins=(*REQUEST.plugins, str(plugin)))
    runner.plan_and_show(request, Store(tmp_path / "store"), console)
    assert f"planning: plug-in {plugin}" in console.file.getvalue()
    assert f"plug-in {plugin} is broken: ValueError: wrong (line 3)" in console.file.getvalue()


def test_where_nothing_is_left_to_plan_the_reasons_are_raised(tmp_path):
    with pytest.raises(BadInput, match="target 'raises' is broken: ValueError: no data"):
        plan_apart(replace(REQUEST, targets=("raises",)))
    with pytest.raises(BadInput, match="unknown sampler 'toy-exat'; did you mean toy-exact"):
        plan_apart(replace(REQUEST, samplers=("toy-exat",)))
    (tmp_path / "mine.py").write_text("x = (")
    with pytest.raises(
        BadInput, match=r"SyntaxError.*; nothing else that was asked for by name is left to run"
    ):
        plan_apart(Request(preset=PRESETS["smoke"], samplers=("a",), plugins=(str(tmp_path / "mine.py"),)))


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_request_survives_the_way_to_another_process(preset):
    request = replace(REQUEST, preset=preset, budgets=PRESETS["budgets"].budgets, jax_platform="cpu")
    assert request_from_json(request_to_json(request)) == request


OWN = """
    import sys
    sys.path[:0] = [FOLDERS]
    from dataclasses import replace
    from pathlib import Path
    from helper_of_own import SHIFT
    from toys import toy_gaussian

    def own():
        shift = SHIFT + float(Path(__file__).with_name("data.txt").read_text())
        target = toy_gaussian()
        density = replace(target.density, log_prob=lambda x: shift + target.density.log_prob(x))
        return replace(target, name="own", density=density, log_z=None)

    TARGETS = {"own": own}
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The folder and the request of a plug-in that reads a data file and imports a helper, planned once."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "helper_of_own.py").write_text("SHIFT = 1.0\n")
    (folder / "data.txt").write_text("2.0\n")
    folders = f"{str(folder)!r}, {str(PLUGINS)!r}"
    (folder / "own.py").write_text(textwrap.dedent(OWN).replace("FOLDERS", folders))
    request = replace(REQUEST, targets=("own",), plugins=(TOYS, str(folder / "own.py")))
    return folder, request, plan_apart(request, PlanCache(folder / "plans")).rows


def no_process(*_):
    raise AssertionError("a process was started")


def test_a_plan_that_was_made_before_is_not_made_again(own, monkeypatch):
    folder, request, rows = own
    cache = PlanCache(folder / "plans")
    monkeypatch.setattr(planning, "ReportingProcess", no_process)
    assert plan_apart(request, cache).rows == rows
    with pytest.raises(AssertionError):
        plan_apart(replace(request, seeds=3), cache)


@pytest.mark.parametrize(
    ("file", "text"),
    [("data.txt", "3.0\n"), ("helper_of_own.py", "SHIFT = 2.0\n"), ("own.py", "x = 1\n"), ("new.py", "")],
)
def test_a_plan_is_made_again_when_a_file_changed_that_it_read(own, file, text):
    folder, request, _ = own
    path, cache = folder / file, PlanCache(folder / "plans")
    before = path.read_text() if path.exists() else None
    path.write_text(text)
    try:
        assert cache.find(request) is None
    finally:
        path.unlink() if before is None else path.write_text(before)
    assert cache.find(request)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_version", lambda package: "99"),
        ("device_of_cells", lambda platform: "an accelerator"),
        ("entry_points", lambda *groups: ["another"]),
    ],
)
def test_a_plan_is_made_again_elsewhere(own, monkeypatch, name, value):
    folder, request, _ = own
    monkeypatch.setattr(environment, name, value)
    assert PlanCache(folder / "plans").find(request) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"files": {}}', '{"files": 1, "entry_points": [], "rows": []}']
)
def test_a_damaged_plan_is_made_again(tmp_path, text):
    cache = PlanCache(tmp_path)
    cache.keep(REQUEST, [], [])
    (path,) = tmp_path.iterdir()
    path.write_text(text)
    assert cache.find(REQUEST) is None
