"""A random share of the rows that were sent in runs again, and the file says which agreed."""

from dataclasses import replace

import pytest

from bridgemark.benchmarks.joining import checking
from bridgemark.benchmarks.joining.agreement import compare_runs
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.results import store_of

from support.project import TOYS, bridgemark
from support.synthetic_rows import failed, row

ROWS = [row(seed=seed, identity=f"{seed:020x}", origin="sent in") for seed in range(40)]


@pytest.mark.parametrize(("share", "number"), [(1e-9, 1), (0.1, 4), (0.11, 5), (1.0, 40)])
def test_a_share_is_rounded_up(share, number):
    chosen = checking.choose_rows(ROWS, share, seed=0)
    assert len({row.identity for row in chosen}) == number
    assert [row.seed for row in chosen] == sorted(row.seed for row in chosen)


def test_the_seed_chooses_and_every_row_may_be_chosen():
    """40 rows, 500 times one of them: that a given row is never chosen has probability 3e-6."""
    chosen = [checking.choose_rows(ROWS, 0.01, seed)[0].seed for seed in range(500)]
    assert set(chosen) == set(range(40))
    assert chosen[:9] == [checking.choose_rows(ROWS, 0.01, seed)[0].seed for seed in range(9)]


def test_rows_without_results_are_chosen_only_where_there_are_no_others():
    lost = [failed(seed=seed, identity=f"{seed:020x}") for seed in range(40, 60)]
    assert checking.choose_rows([*lost, *ROWS], 1.0, seed=0) == ROWS
    assert checking.choose_rows(lost, 1.0, seed=0) == lost
    assert checking.choose_rows([], 1.0, seed=0) == []


def test_what_agreed_is_marked_and_nothing_else(tmp_path):
    rows = [*ROWS[:3], replace(ROWS[3], origin="measured here")]
    (path,) = published.write(rows, tmp_path)
    rows = published.read_file(path)
    again = [rows[0], replace(rows[1], status="failed"), None, rows[3]]
    agreements = [compare_runs(row, run) for row, run in zip(rows, again, strict=True) if run is not None]
    assert checking.mark(path, rows, agreements) == 1
    origins = [row.origin for row in published.read_file(path)]
    assert origins == ["sent in and rerun", "sent in", "sent in", "measured here"]


@pytest.fixture(scope="module")
def sent_in(tmp_path_factory):
    """A file of two rows of a plug-in, as somebody would send it."""
    folder = tmp_path_factory.mktemp("sent")
    options = ("--plugin", TOYS, "--sampler", "toy-exact", "--target", "toy-gaussian")
    done = bridgemark("run", *options, "--seeds", 2, "--draws", 300, "--results", folder, cwd=folder)
    assert done.returncode == 0, done.stderr
    rows = [replace(row, origin="sent in") for row in store_of(folder).read_all()]
    (path,) = published.write(rows, folder / "rows")
    return path


def test_honest_rows_are_marked_by_the_command(sent_in):
    done = bridgemark("check-rows", sent_in, "--share", 0.5, "--plugin", TOYS, "--mark", cwd=sent_in.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 2 rows to run again (--seed " in done.stdout
    assert done.stdout.count(": equal in all published digits; ") == 1
    assert "1 of 1 row equal or within noise\n1 row marked as rerun" in done.stdout
    assert sorted(row.origin for row in published.read_file(sent_in)) == ["sent in", "sent in and rerun"]


def test_an_embellished_row_and_one_of_other_code_are_seen(sent_in, tmp_path):
    """Exact draws with exact weights: any error of log Z but rounding is outside the noise of its seeds."""
    first, second = published.read_file(sent_in)
    better = replace(first, metrics={**first.metrics, "log_z_error": -1.0}, origin="sent in")
    stranger = replace(second, draws=301, identity="0a" * 10)
    (path,) = published.write([better, second, stranger], tmp_path)
    done = bridgemark("check-rows", path, "--share", 1, "--seed", 5, "--plugin", TOYS, "--mark", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "left out: 1 row of another version of the code" in done.stdout
    assert "2 of 2 rows to run again (--seed 5)" in done.stdout
    assert f"{better.identity} toy-exact x toy-gaussian, seed 0: differs in log_z_error" in done.stdout
    assert "1 of 2 rows equal or within noise" in done.stdout
    assert published.read_file(path)[0].origin == "sent in"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("missing.jsonl",), "there is no file missing.jsonl"),
        (("missing.jsonl", "--share", 0), "--share must be above 0 and at most 1, not 0.0"),
        (("missing.jsonl", "--share", "nan"), "--share must be above 0 and at most 1, not nan"),
        (("missing.jsonl", "--timeout", -1), "--timeout must be positive, not -1.0"),
        (
            ("empty.jsonl",),
            f"empty.jsonl, line 1, is empty; {published.CURE}",
        ),
    ],
)
def test_wrong_input_ends_with_one_line(options, message, tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.jsonl").write_text("\n")
    (tmp_path / "nothing.jsonl").touch()
    assert call("check-rows", *options) == (2, "", f"bridgemark: {message}\n")
