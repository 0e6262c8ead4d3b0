"""The index of a large store is a copy that never speaks against the rows' own files."""

import json
import os

import pytest
from synthetic_rows import failed, row

from benchmarks import index
from benchmarks.errors import BadInput
from benchmarks.store import Store

NAN = row(seed=1, metrics={"log_z": float("nan"), "elbo": None})


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Three rows, which are many, and their index."""
    monkeypatch.setattr(index, "WORTH", 3)
    made = Store(tmp_path)
    for one in (row(), NAN, failed(sampler="hmc")):
        made.write(one)
    made.read_all()
    assert (tmp_path / index.NAME).is_file()
    return made


def reads(store, monkeypatch):
    """The rows, and the names of the files that were opened for them."""
    from benchmarks import store as module

    opened, one = [], module._read
    monkeypatch.setattr(module, "_read", lambda path: opened.append(path.name) or one(path))
    return store.read_all(), opened


def test_the_same_rows_without_opening_any(store, monkeypatch):
    rows, opened = reads(store, monkeypatch)
    assert opened == []
    assert list(map(repr, rows)) == list(map(repr, [failed(sampler="hmc"), row(), NAN]))


def test_what_changed_is_read_again_and_kept(store, monkeypatch):
    store.write(row(reason="changed"))
    store.write(row(seed=5))
    store.path(NAN).unlink()
    rows, opened = reads(store, monkeypatch)
    assert opened == ["smc-gmm9-0.json", "smc-gmm9-5.json"]
    assert [one.reason for one in rows[1:]] == ["changed", None]
    opened.clear()
    store.read_all()
    assert opened == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"stamps": {}, "columns": {}}', '{"stamps": 1}'])
def test_a_broken_index_is_made_anew(store, monkeypatch, text):
    (store.root / index.NAME).write_text(text)
    rows, opened = reads(store, monkeypatch)
    assert len(rows) == len(opened) == 3
    assert json.loads((store.root / index.NAME).read_text())["columns"]["seed"] == [0, 0, 1]


def test_a_corrupted_row_is_still_found(store):
    store.path(NAN).write_text("{")
    with pytest.raises(BadInput, match="delete it to have it run again"):
        store.read_all()


def test_an_index_that_cannot_be_written_is_no_error(store, monkeypatch):
    def refuse(*_):
        raise PermissionError

    (store.root / index.NAME).unlink()
    monkeypatch.setattr(os, "replace", refuse)
    assert len(store.read_all()) == 3
    assert sorted(path.name for path in store.root.iterdir()) == ["hmc", "smc"]


def test_small_and_missing_stores_have_none(tmp_path):
    store = Store(tmp_path / "new")
    assert store.read_all() == []
    store.write(row())
    assert len(store.read_all()) == 1
    assert not (store.root / index.NAME).exists()
