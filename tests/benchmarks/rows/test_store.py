"""The store: whole rows or none, whoever writes and whoever is killed."""

import errno
import json
import math
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.cost import Cost
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.store import Store

ROW = Row(
    identity="0a",
    sampler="s",
    config="S()",
    source="h",
    target="t",
    target_version=1,
    fingerprint="f",
    dim=2,
    seed=0,
    draws=10,
    status="ok",
    sample_evals=Cost(values=2**40, gradients=0, simulations=0),
    metrics={"log_z": 1.5, "elbo": None, "r_hat": math.nan},
)
# Argument: folder, first identity, how many. Says each identity once its row is stored.
WRITER = textwrap.dedent("""
    import sys
    from dataclasses import replace
    from pathlib import Path
    import numpy as np
    sys.path.insert(0, sys.argv[4])
    from test_store import ROW, noise
    from bridgemark.benchmarks.rows.store import Store
    store, first = Store(Path(sys.argv[1])), int(sys.argv[2])
    for i in range(first, first + int(sys.argv[3])):
        store.write(replace(ROW, identity=f"{i:x}", seed=i), {"x": noise(i)})
        print(f"{i:x}", flush=True)
""")


def noise(seed):
    """Array that does not compress, so that writing it takes a while."""
    return np.random.default_rng(seed).normal(size=20_000)


def writer(root, first, count):
    arguments = [str(root), str(first), str(count), str(Path(__file__).parent)]
    return subprocess.Popen([sys.executable, "-c", WRITER, *arguments], stdout=subprocess.PIPE, text=True)


def test_a_row_comes_back_as_it_was(tmp_path):
    store = Store(tmp_path)
    store.write(ROW, {"x": np.arange(6.0).reshape(3, 2)})
    (back,) = store.read_all()
    assert math.isnan(back.metrics.pop("r_hat"))
    expected = {name: value for name, value in ROW.metrics.items() if name != "r_hat"}
    assert back == replace(ROW, metrics=expected)
    np.testing.assert_array_equal(store.arrays(back)["x"], [[0, 1], [2, 3], [4, 5]])
    assert store.path(ROW) == tmp_path / "s" / "t" / "0a.json"


def test_a_row_that_is_replaced_takes_its_old_arrays_along(tmp_path):
    store = Store(tmp_path)
    store.write(ROW, {"x": np.zeros(3)})
    store.write(replace(ROW, status="failed"))
    assert store.arrays(ROW) == {}
    assert [row.status for row in store.read_all()] == ["failed"]


@pytest.mark.parametrize(
    ("status", "settled"),
    [("ok", True), ("unsupported", True), ("failed", False), ("timeout", False), ("out of memory", False)],
)
def test_only_what_would_end_the_same_way_is_settled(tmp_path, status, settled):
    store = Store(tmp_path)
    assert not store.settled(ROW)
    store.write(replace(ROW, status=status))
    assert store.settled(ROW) is settled
    assert not store.settled(replace(ROW, identity="0b"))


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"schema": 99}', "null", "\udcff"])
def test_a_corrupted_row_is_named_and_harms_no_other(tmp_path, content):
    store = Store(tmp_path)
    store.write(ROW)
    broken = tmp_path / "s" / "t" / "0b.json"
    broken.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(BadInput, match=r"0b\.json is not a complete row .*delete it"):
        store.read_all()
    broken.unlink()
    assert len(store.read_all()) == 1


def test_a_row_of_another_status_or_field_is_corrupted(tmp_path):
    store = Store(tmp_path)
    for change in ({"status": "fine"}, {"surprise": 1}):
        store.path(ROW).parent.mkdir(parents=True, exist_ok=True)
        store.path(ROW).write_text(json.dumps(ROW.to_json() | change))
        with pytest.raises(BadInput):
            store.find(ROW)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"no archive"])
def test_corrupted_arrays_name_the_row_to_delete(tmp_path, content):
    store = Store(tmp_path)
    store.write(ROW)
    store.path(ROW).with_suffix(".npz").write_bytes(content)
    with pytest.raises(BadInput, match=r"0a\.json"):
        store.arrays(ROW)


def test_a_folder_that_cannot_be_written_is_found_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    below_a_file = Store(tmp_path / "file" / "store")
    with pytest.raises(BadInput, match="cannot write"):
        below_a_file.require_writable()
    with pytest.raises(BadInput, match="cannot write"):
        below_a_file.write(ROW)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_found_before_any_work(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(BadInput, match="cannot write"):
        Store(tmp_path).require_writable()


def test_checking_leaves_nothing_behind(tmp_path):
    Store(tmp_path / "store").require_writable()
    assert list((tmp_path / "store").iterdir()) == []


def test_a_writer_that_dies_half_way_leaves_the_old_row_whole(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.write(ROW, {"x": np.zeros(3)})

    def cut_short(file, **_):
        file.write(b"PK")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(np, "savez_compressed", cut_short)
        with pytest.raises(KeyboardInterrupt):
            store.write(replace(ROW, seed=7), {"x": np.ones(3)})
    assert [row.seed for row in store.read_all()] == [0]
    np.testing.assert_array_equal(store.arrays(ROW)["x"], np.zeros(3))


def test_a_full_disk_is_bad_input_and_leaves_the_old_row_whole(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.write(ROW)

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(BadInput, match="No space left"):
            store.write(replace(ROW, seed=7))
    assert [row.seed for row in store.read_all()] == [0]
    assert not list(tmp_path.rglob("*.tmp"))


def test_concurrent_writers_and_a_reader_see_whole_rows(tmp_path):
    """Three writers whose ranges overlap, so that equal rows are replaced while they are read."""
    store = Store(tmp_path)
    writers = [writer(tmp_path, first, 60) for first in (0, 20, 40)]
    while any(process.poll() is None for process in writers):
        for row in store.read_all():
            np.testing.assert_array_equal(store.arrays(row)["x"], noise(row.seed))
    assert [process.wait() for process in writers] == [0, 0, 0]
    assert sorted(row.seed for row in store.read_all()) == list(range(100))
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_killed_writer_loses_no_acknowledged_row(tmp_path):
    process = writer(tmp_path, 0, 10_000)
    acknowledged = {process.stdout.readline().strip() for _ in range(20)}
    process.send_signal(signal.SIGKILL)
    acknowledged |= set(process.communicate()[0].split())
    assert acknowledged <= {row.identity for row in Store(tmp_path).read_all()}
