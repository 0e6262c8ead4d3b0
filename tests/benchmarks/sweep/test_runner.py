"""The sweep: every way a cell can end becomes the right rows, and nothing finished is lost or run again."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from rich.console import Console

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.cost import total
from bridgemark.benchmarks.rows.environment import available_cores
from bridgemark.benchmarks.rows.store import Store
from bridgemark.benchmarks.scores import classifier, sinkhorn
from bridgemark.benchmarks.sweep import process, progress, runner
from bridgemark.benchmarks.sweep.core_locks import CoreLocks
from bridgemark.benchmarks.sweep.crew import Crew, Workplace, run_cells
from bridgemark.benchmarks.sweep.limits import CellLimits
from bridgemark.benchmarks.sweep.plan import plan
from bridgemark.benchmarks.sweep.plausible import require_finite
from bridgemark.benchmarks.sweep.presets import PRESETS
from bridgemark.benchmarks.sweep.request import Cell, Request, missing_cells
from bridgemark.benchmarks.sweep.runner import Resources
from bridgemark.samplers.base import Draws, evals

from support.processes import until
from support.project import BROKEN, TOYS

PLUGINS = (TOYS, BROKEN)
ENDING = ("toy-exact", "exits", "killed", "crashes", "raises", "refuses", "not-finite")
REQUEST = Request(
    preset=PRESETS["smoke"],
    samplers=ENDING,
    targets=("toy-gaussian",),
    seeds=3,
    draws=400,
    plugins=PLUGINS,
)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """The store after one sweep over every sampler that ends, and the result of the sweep."""
    store = Store(tmp_path_factory.mktemp("sweep"))
    return store, runner.run(REQUEST, store, Resources(timeout=120))


def rows_of(store, sampler):
    return sorted((row for row in store.read_all() if row.sampler == sampler), key=lambda row: row.seed)


def no_process(*_):
    raise AssertionError("a process was started")


def test_a_sweep_with_failures_is_a_complete_sweep(swept):
    store, result = swept
    assert len(store.read_all()) == len(result.rows) == result.ran == len(ENDING) * 3


@pytest.mark.parametrize(
    ("sampler", "status", "reason"),
    [
        ("exits", "failed", "ended with status 3 while fitting seed 0"),
        ("killed", "out of memory", "killed while fitting seed 0"),
        (
            "crashes",
            "failed",
            "killed by SIGSEGV while fitting seed 0: Segmentation fault in _crash (broken.py",
        ),
        (
            "raises",
            "failed",
            "ArithmeticError: nothing adds up (broken.py, line ",
        ),
        ("refuses", "unsupported", "needs a target of the other kind"),
    ],
)
def test_each_way_to_fail_is_a_row_with_its_reason(swept, sampler, status, reason):
    rows = rows_of(swept[0], sampler)
    assert [row.seed for row in rows] == [0, 1, 2]
    assert {row.status for row in rows} == {status}
    assert all(reason in row.reason for row in rows)


def test_a_seed_that_fails_does_not_stop_the_others(swept):
    """The plug-in's coin falls so for the keys of seeds 0, 1, 2; both sides must be seen."""
    statuses = [row.status for row in rows_of(swept[0], "not-finite")]
    assert set(statuses) == {"ok", "failed"}
    failed = rows_of(swept[0], "not-finite")[statuses.index("failed")]
    assert failed.reason == "ValueError: 1 of 400 draws are not finite"
    assert failed.sample_seconds is not None


def test_an_exact_sampler_gets_a_right_and_whole_row(swept):
    store, _ = swept
    rows = rows_of(store, "toy-exact")
    assert [row.status for row in rows] == ["ok"] * 3
    for row in rows:
        assert abs(row.metrics["log_z_error"]) < 1e-5
        assert (row.fit_evals.gradients, row.sample_evals.values) == (3, 5 * 2**31)
        assert min(row.compile_seconds, row.fit_seconds, row.sample_seconds, row.peak_memory_mb) > 0
        assert row.reason is None
        assert row.started
        assert row.device.startswith("cpu")
        assert row.dim == 2
    assert len({row.compile_seconds for row in rows}) == 1
    assert len({row.identity for row in rows}) == 3


def test_the_arrays_beside_a_row(swept):
    store, _ = swept
    first, second, _ = map(store.arrays, rows_of(store, "toy-exact"))
    assert set(first) == {"x", "log_weights", "fit_trace", "sample_fitted"}
    assert first["x"].shape == (400, 2)
    assert first["x"].dtype == np.float32
    np.testing.assert_array_equal(first["fit_trace"], np.arange(5))
    assert not np.array_equal(first["x"], second["x"])
    assert first["sample_fitted"] != second["sample_fitted"]


def test_stray_prints_go_to_the_log_and_the_cell_is_pinned(swept):
    store, _ = swept
    assert "a library prints here, on 1 core" in store.log(rows_of(store, "toy-exact")[0]).read_text()


def test_a_second_sweep_runs_only_what_failed(swept, monkeypatch):
    store, _ = swept
    missing = {cell.rows[0].sampler: len(cell.rows) for cell in missing_cells(plan(REQUEST), store)}
    failures = sum(row.status == "failed" for row in rows_of(store, "not-finite"))
    assert missing == {"exits": 3, "killed": 3, "crashes": 3, "raises": 3, "not-finite": failures}
    monkeypatch.setattr(process, "start", no_process)
    result = runner.run(replace(REQUEST, samplers=("toy-exact", "refuses")), store)
    assert (len(result.rows), result.ran) == (6, 0)


def test_double_precision_and_a_timeout(tmp_path):
    """One sweep: a sampler in float64 that ends, one that ends its first seed only."""
    store = Store(tmp_path)
    request = replace(REQUEST, samplers=("toy-exact", "spins-second"), precision="float64")
    runner.run(request, store, Resources(timeout=15))
    assert store.arrays(rows_of(store, "toy-exact")[0])["x"].dtype == np.float64
    rows = rows_of(store, "spins-second")
    assert [row.status for row in rows] == ["ok", "timeout", "timeout"]
    assert rows[1].reason.startswith("used 1")
    assert "s of processor time of 15, while fitting seed 1; see --timeout" in rows[1].reason


def test_a_cell_that_takes_too_much_memory_ends_at_its_limit_and_the_one_beside_it_ends_ok(tmp_path):
    store = Store(tmp_path)
    request = replace(REQUEST, samplers=("grows", "toy-exact"), seeds=1)
    runner.run(request, store, Resources(workers=min(2, len(available_cores())), memory=1_500))
    (ok,), (failed,) = rows_of(store, "toy-exact"), rows_of(store, "grows")
    assert (ok.status, failed.status) == ("ok", "out of memory")
    assert re.match(r"used (1,[5-9]|2,[0-4])\d\d MB of memory of 1,500, ", failed.reason)
    assert failed.reason.endswith("while fitting seed 0; see --memory")


def test_ctrl_c_ends_the_cells(tmp_path, monkeypatch):
    started = []
    start = process.start

    def remember(*arguments, **options):
        started.append(start(*arguments, **options))
        return started[-1]

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "start", remember)
    monkeypatch.setattr(process, "is_over", interrupt)
    with pytest.raises(KeyboardInterrupt):
        runner.run(replace(REQUEST, samplers=("hangs",)), Store(tmp_path))
    assert [cell_process.process.poll() for cell_process in started] == [-signal.SIGKILL]


def test_a_killed_parent_loses_no_finished_row_and_leaves_no_cell(tmp_path):
    store = Store(tmp_path / "store")
    (row, *_) = rows = plan(replace(REQUEST, samplers=("hangs-second",)))
    options = [f"--plugin={path}" for path in PLUGINS] + ["--target=toy-gaussian", "--sampler=hangs-second"]
    command = [sys.executable, "-m", "bridgemark", "run", *options, "--seeds=3", "--draws=400"]
    parent = subprocess.Popen([*command, "--results", str(tmp_path)], stdout=subprocess.DEVNULL)
    until(lambda: store.log(row).is_file() and "process " in store.log(row).read_text())
    parent.kill()
    parent.wait()
    child = int(store.log(row).read_text().split("process ")[1].split()[0])
    until(lambda: not alive(child))
    assert [row.status for row in store.read_all()] == ["ok"]
    (cell,) = missing_cells(rows, store)
    assert [row.seed for row in cell.rows] == [1, 2]


def alive(pid):
    """Whether a process runs; one that nobody has buried yet does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_what_an_identity_depends_on(monkeypatch):
    def identities(**changes):
        return [row.identity for row in plan(replace(REQUEST, samplers=("toy-exact",), **changes))]

    before = identities()
    assert identities() == before
    assert len(set(before)) == 3
    for change in ({"draws": 401}, {"precision": "float64"}, {"cores": 2}, {"costly": True}):
        assert not set(identities(**change)) & set(before)
    assert identities(seeds=2) == before[:2]
    assert identities(plugins=PLUGINS[::-1]) == before
    assert identities(jax_platform="cpu") == before
    for name, value, moves in (
        ("benchmarks.rows.environment.commit", lambda: "another", False),
        ("benchmarks.rows.environment.platform.python_version", lambda: "3.99", False),
        ("benchmarks.rows.environment.device_of_cells", lambda platform: "an accelerator", True),
        ("benchmarks.rows.settings.flags_of_cells", lambda cores, device: "--other", True),
        ("benchmarks.rows.environment._version", lambda package: "99", True),
        ("benchmarks.scores.metrics.VERSION", 999, True),
        ("benchmarks.sweep.plan.CELL_VERSION", 999, True),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"bridgemark.{name}", value)
            assert (not set(identities()) & set(before)) is moves, name


def test_a_planned_row_says_what_it_will_run_with():
    row, *_ = plan(replace(REQUEST, samplers=("toy-exact",), cores=2))
    assert row.device.startswith("cpu ")
    assert row.flags.endswith("--xla_force_host_platform_device_count=2")
    assert len(row.target_hash) == 20
    assert "scipy" in row.versions


def test_a_cell_on_another_device_than_planned_is_a_failed_row(tmp_path):
    (row,) = plan(replace(REQUEST, samplers=("toy-exact",), seeds=1))
    cell, store = Cell((replace(row, device="an accelerator"),)), Store(tmp_path)
    with progress.create_display([cell], Console(file=io.StringIO())) as display:
        workplace = Workplace(
            store=store,
            cores=available_cores(),
            cores_per_cell=1,
            workers=1,
            limits=CellLimits(seconds=120, megabytes=4_000),
            plugins=PLUGINS,
        )
        run_cells([cell], workplace, display)
    (failed,) = store.read_all()
    assert failed.status == "failed"
    assert "was planned for the device 'an accelerator', but JAX has 'cpu" in failed.reason


def test_a_runner_without_a_core_says_that_it_waits(tmp_path):
    (row,) = plan(replace(REQUEST, samplers=("toy-exact",), seeds=1))
    cell, store, console = Cell((row,)), Store(tmp_path), Console(file=io.StringIO())
    cores = available_cores()
    limits = CellLimits(seconds=120, megabytes=4_000)
    workplace = Workplace(
        store=store, cores=cores, cores_per_cell=1, workers=1, limits=limits, plugins=PLUGINS
    )
    with CoreLocks(tmp_path / "locks") as others, CoreLocks(tmp_path / "locks") as locks:
        others.lock(cores, len(cores))
        with progress.create_display([cell], console) as display:
            crew = Crew([cell], workplace, locks, display)
            crew.start_cells()
            assert not crew.running
            crew.stop()
    assert console.file.getvalue() == "other runners use the cores; waiting\n"


def test_costly_rows_are_rows_of_their_own(tmp_path, monkeypatch):
    store = Store(tmp_path)
    request = replace(REQUEST, samplers=("toy-exact",), seeds=1, draws=2_000, costly=True)
    (row,), (costly,) = plan(replace(request, costly=False)), plan(request)
    assert costly.versions.keys() - row.versions.keys() == {"ott-jax", "scikit-learn"}
    store.write(replace(row, status="ok", metrics={"log_z": 0.0}))
    assert not missing_cells([row], store)
    assert missing_cells([costly], store, request) == [Cell((costly,), costly=True)]
    for module in (sinkhorn, classifier):
        monkeypatch.setattr(module, "installed", lambda: False)
    with pytest.raises(BadInput, match="transport"):
        plan(request)


def test_large_targets_come_first_and_draw_less():
    rows = plan(replace(REQUEST, samplers=("toy-exact",), draws=None, seeds=1))
    assert [row.draws for row in rows] == [PRESETS["smoke"].draws]
    assert PRESETS["smoke"].draws_for(101) == PRESETS["smoke"].draws_large
    small, large = rows[0], replace(rows[0], target="large", dim=500, identity="f")
    assert [cell.rows for cell in missing_cells([small, large], Store(Path("nowhere")))] == [
        (large,),
        (small,),
    ]


def test_workers_have_cores_of_their_own(monkeypatch):
    monkeypatch.setattr("bridgemark.benchmarks.rows.environment.available_cores", lambda: (0, 2, 5, 7, 8))
    assert runner.number_of_workers(None, 2) == 2
    assert runner.number_of_workers(3, 1) == 3
    for workers, cores in ((3, 2), (None, 6), (6, 1)):
        with pytest.raises(BadInput, match="lower --workers or --cores"):
            runner.number_of_workers(workers, cores)


@pytest.mark.parametrize("terminal", [True, False])
def test_both_displays_show_the_progress(terminal):
    (cell,) = missing_cells(plan(replace(REQUEST, samplers=("toy-exact",))), Store(Path("nowhere")))
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120)
    with progress.create_display([cell], console) as display:
        display.cell_started(cell)
        display.phase_changed(cell, "fitting seed 0")
        display.bars.refresh() if terminal else None
        display.row_stored(cell)
        display.cell_ended(cell, ["3 ok", "1 s"], unreported=2)
        assert display.work_done == pytest.approx(display.total_work)
    text = console.file.getvalue()
    assert "[1/1] toy-exact x toy-gaussian: 3 ok, 1 s (about 0 s left)" in text
    assert ("fitting seed 0" in text) is terminal


def test_costs_of_any_size_add_up():
    cost = total(evals(values=5 * 2**31 + 1, gradients=jnp.full(9, 2**31 - 1, dtype=jnp.int32)))
    assert (cost.values, cost.gradients, cost.simulations) == (5 * 2**31 + 1, 9 * (2**31 - 1), 0)


@pytest.mark.parametrize(
    ("log_weights", "log_z", "broken"),
    [
        (None, None, False),
        ([0.0, -np.inf], [1.0], False),
        ([0.0, np.nan], None, True),
        ([0.0, np.inf], None, True),
        ([-np.inf, -np.inf], None, True),
        (None, [np.nan], True),
    ],
)
def test_weights_and_estimates_must_be_numbers(log_weights, log_z, broken):
    weights = None if log_weights is None else np.array([log_weights])
    draws = Draws(np.zeros((1, 2, 3)), weights, None if log_z is None else np.array(log_z), evals(), {})  # pyright: ignore
    if broken:
        with pytest.raises(ValueError, match=r"NaN|finite"):
            require_finite(draws)
    else:
        require_finite(draws)


GARBAGE = (
    "",
    "printed by a library",
    "[1]",
    "{}",
    '{"a": 1}',
    '{"phase": 1, "stored": 2}',
    "[" * 9_999,
    "null",
)


def test_reports_that_arrive_in_pieces_and_garbage_among_them():
    read, write = os.pipe()
    with os.fdopen(read, "rb", buffering=0) as out:
        cell_process = process.CellProcess(None, (), None, None, out, None, None, 0.0)  # pyright: ignore
        lines = [json.dumps({"phase": "compiling"}), *GARBAGE, json.dumps({"stored": "a"})]
        text = "".join(f"{line}\n" for line in lines)
        messages = []
        for piece in (text[:7], text[7:30], text[30:]):
            os.write(write, piece.encode())
            messages += [message for _, message in process.listen([cell_process])]
        os.close(write)
        assert list(process.listen([cell_process])) == []
    assert messages == [{"phase": "compiling"}, {"stored": "a"}]
    assert (cell_process.phase, cell_process.stored, cell_process.open) == ("compiling", {"a"}, False)
