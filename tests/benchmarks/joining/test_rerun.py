"""Rows that run again in a process of their own: equal bits, nothing stored, and what else differs."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.joining.agreement import compare_runs
from bridgemark.benchmarks.joining.rerun import run_again, what_differs
from bridgemark.benchmarks.rows.results import store_of

from support.project import BROKEN, TOYS, bridgemark
from support.synthetic_rows import row

PLUGINS = (TOYS, BROKEN)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder of results with two seeds of a sampler that works and of one that raises."""
    folder = tmp_path_factory.mktemp("results")
    options = ("--sampler", "toy-exact,raises", "--target", "toy-gaussian", "--precision", "float64")
    done = bridgemark(
        *("run", *options, "--seeds", 2, "--draws", 300, "--results", folder),
        *("--plugin", TOYS, "--plugin", BROKEN),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return folder


def quiet():
    return Console(file=io.StringIO())


def stored(results, sampler, seed=1):
    (wanted,) = [row for row in store_of(results).read_all() if (row.sampler, row.seed) == (sampler, seed)]
    return wanted


def rerun(results, row, *options, plugins=PLUGINS):
    files = [word for plugin in plugins for word in ("--plugin", plugin)]
    folders = ("--results", results, "--published", results / "none")
    return bridgemark("rerun", row.identity[:12], *files, *folders, *options, cwd=results)


def test_a_row_that_failed_fails_again(results):
    before = stored(results, "raises")
    again = run_again(before, PLUGINS, quiet())
    assert (again.status, again.seed, again.draws, again.precision) == ("failed", 1, 300, "float64")
    assert compare_runs(before, again).verdict == "equal bit for bit"


def test_the_command_stores_nothing_and_says_that_the_row_is_equal(results):
    before = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    done = rerun(results, stored(results, "toy-exact"))
    assert done.returncode == 0, done.stderr
    assert "toy-exact x toy-gaussian, seed 1: equal bit for bit\n" in done.stdout
    assert "another identity" not in done.stdout
    assert {path: path.read_bytes() for path in results.rglob("*") if path.is_file()} == before


def test_a_row_with_other_numbers_and_of_other_code_differs(results, tmp_path):
    """Exact draws: an error of log Z of 1 is far outside the noise of seeds, which is nothing."""
    rows = [stored(results, "toy-exact", seed) for seed in (0, 1)]
    wrong = replace(rows[1], metrics={**rows[1].metrics, "log_z_error": 1.0}, source="0", identity="0a" * 10)
    wrong = replace(wrong, versions={**wrong.versions, "jax": "0.1"})
    store_of(tmp_path).write(rows[0])
    store_of(tmp_path).write(wrong)
    done = rerun(tmp_path, wrong)
    assert done.returncode == 1, done.stderr
    assert "toy-exact x toy-gaussian, seed 1: differs" in done.stdout
    assert "another identity" in done.stdout
    assert "    code of the sampler\n" in done.stdout
    assert f"    jax (0.1 before, {rows[1].versions['jax']} now)\n" in done.stdout


def test_without_its_plugin_a_row_cannot_run_again(results):
    done = rerun(results, stored(results, "toy-exact"), plugins=())
    assert (done.returncode, done.stdout) == (2, "")
    message = "the sampler 'toy-exact' of the row is not registered; give its file with --plugin"
    assert done.stderr == f"bridgemark: {message}\n"


def test_draws_of_another_program_cannot_run_again():
    with pytest.raises(BadInput, match="draws of another program"):
        run_again(row(external=True), (), quiet())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        ({"source": "0"}, ["code of the sampler"]),
        ({"config": "x"}, ["settings of the sampler"]),
        ({"fingerprint": "0"}, ["density of the target"]),
        ({"target_hash": "0"}, ["code, data, truths or values of the target"]),
        ({"device": "cpu arm64"}, ["device (cpu before, cpu arm64 now)"]),
        ({"flags": "--x"}, ["flags of XLA ( before, --x now)"]),
        ({"versions": {"jax": "0.10.2", "python": "3.13"}}, None),
        (
            {"versions": {"jax": "1", "flax": "2"}},
            ["flax (absent before, 2 now)", "jax (0.10.2 before, 1 now)"],
        ),
    ],
)
def test_what_differs_is_named(changes, words):
    """A change that no field shows, as Python's version does not, has its own words."""
    before = row()
    again = replace(before, **changes, **({"identity": "0"} if changes else {}))
    expected = (
        ["data files of the sampler, or the definitions of metrics or costs"] if words is None else words
    )
    assert what_differs(before, again) == expected
