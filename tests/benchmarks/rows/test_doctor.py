"""`bridgemark doctor` names what is damaged, and moves it away without losing anything."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from bridgemark.benchmarks import cli
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.store import Store

from support.stored_rows import FULL

GOOD, DAMAGED, NEWER, NO_ARRAYS = (replace(FULL, identity=identity) for identity in ("0a", "0b", "0c", "0d"))


@pytest.fixture
def doctor(monkeypatch, capsys, tmp_path):
    """Runs the command on results, which are published, too: (exit status, lines of output, error)."""

    def call(*options, results=tmp_path):
        folders = ["--results", str(results), "--published", str(results)]
        monkeypatch.setattr(sys, "argv", ["bridgemark", "doctor", *folders, *options])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out.splitlines(), err

    return call


@pytest.fixture
def store(tmp_path):
    """A store with a good row, a damaged one, one of a newer version, and one whose arrays are damaged."""
    store = Store(tmp_path / "store")
    for row in (GOOD, DAMAGED, NEWER, NO_ARRAYS):
        store.write(row, {"x": np.zeros(3)})
    store.path(DAMAGED).write_text("{")
    path = store.path(NEWER)
    path.write_bytes(path.read_bytes().replace(b'"schema": 2', b'"schema": 9'))
    store.arrays_path(NO_ARRAYS).write_text("PK")
    return store


def contents(folder):
    return sorted(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_whole_store_is_status_0(doctor, tmp_path):
    Store(tmp_path / "store").write(GOOD, {"x": np.zeros(3)})
    published.write([GOOD], tmp_path / "rows")
    assert doctor() == (0, ["0 rows cannot be read"], "")
    assert doctor("--set-aside") == (0, ["0 rows cannot be read"], "")
    assert not (tmp_path / "damaged").exists()


def test_each_problem_is_one_line(doctor, store, tmp_path):
    before = contents(tmp_path)
    status, lines, err = doctor()
    assert (status, err) == (1, "")
    damaged, newer, arrays, total = lines
    assert damaged.startswith(f"{store.path(DAMAGED)} is not JSON")
    assert "update bridgemark" in newer
    assert arrays.startswith(f"{store.arrays_path(NO_ARRAYS)} does not hold arrays")
    assert total == "3 rows cannot be read"
    assert contents(tmp_path) == before


def test_damaged_files_are_moved_and_nothing_is_lost(doctor, store, tmp_path):
    before = contents(tmp_path)
    status, lines, _ = doctor("--set-aside")
    assert status == 1
    assert lines[-1] == f"3 rows cannot be read; 3 files moved to {tmp_path / 'damaged'}"
    moved = sorted(path.relative_to(tmp_path) for path in (tmp_path / "damaged").rglob("*") if path.is_file())
    assert [str(path) for path in moved] == [
        f"damaged/smc/gmm9/{name}" for name in ("0b.json", "0b.npz", "0d.npz")
    ]
    assert contents(tmp_path) == before
    status, lines, _ = doctor("--set-aside")
    assert (status, len(lines)) == (1, 2)  # the row of a newer version stays
    assert store.find(DAMAGED) is None
    assert store.find(NO_ARRAYS) is not None
    assert store.arrays(NO_ARRAYS) == {}
    store.path(NEWER).unlink()
    assert doctor()[0] == 0


def test_nothing_that_was_set_aside_is_overwritten(doctor, store, tmp_path):
    for text in ("{", "[", "("):
        store.path(DAMAGED).write_text(text)
        doctor("--set-aside")
    folder = tmp_path / "damaged" / "smc" / "gmm9"
    names = ("0b.json", "0b.json.1", "0b.json.2")
    assert [(folder / name).read_text() for name in names] == ["{", "[", "("]


def test_published_rows_are_named_and_never_moved(doctor, tmp_path):
    published.write([GOOD], tmp_path / "rows")
    path = tmp_path / "rows" / "smc.jsonl"
    path.write_bytes(path.read_bytes() + b"{\n" + b"[\n")
    before = path.read_bytes()
    status, lines, _ = doctor("--set-aside")
    assert status == 1
    assert [line.partition(" is not")[0] for line in lines[:2]] == [f"{path}, line 2,", f"{path}, line 3,"]
    assert lines[-1] == "2 rows cannot be read"
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there_or_cannot_be_written(doctor, store, tmp_path):
    status, lines, err = doctor(results=tmp_path / "nowhere")
    assert (status, lines) == (2, [])
    assert "is not a folder of results" in err
    (tmp_path / "damaged").write_text("a file")
    status, _, err = doctor("--set-aside")
    assert status == 2
    assert err.startswith("bridgemark: cannot move files to ")
    assert err.count("\n") == 1
    assert store.path(DAMAGED).exists()
