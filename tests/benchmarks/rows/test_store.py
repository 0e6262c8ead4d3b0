"""The store: whole rows or none, whoever writes and whoever is killed."""

import errno
import math
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows import files
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


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null", "\udcff"])
def test_a_damaged_row_is_named_and_harms_no_other(tmp_path, content):
    store = Store(tmp_path)
    store.write(ROW)
    broken = tmp_path / "s" / "t" / "0b.json"
    broken.write_bytes(content.encode(errors="surrogateescape"))
    assert "`bridgemark doctor --set-aside`" in refusal(broken, store.read_all)
    refusal(broken, lambda: store.find(replace(ROW, identity="0b")))
    assert store.find(ROW) is not None
    broken.unlink()
    assert len(store.read_all()) == 1


def refusal(path, function):
    """The line by which a call refuses, which names the file."""
    with pytest.raises(BadInput) as raised:
        function()
    message = str(raised.value)
    assert message.startswith(f"{path} ")
    assert message.isprintable()
    return message


def test_each_cause_has_its_own_cure(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.write(ROW)
    path = store.path(ROW)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"schema": 2', b'"schema": 3'))
    message = refusal(path, store.read_all)
    assert message.endswith("was written by a newer bridgemark (schema 3); update bridgemark")
    path.write_bytes(whole[:-9] + b"\n")
    assert "doctor" in refusal(path, store.read_all)
    path.write_bytes(whole + b" " * 2**20)
    assert "has more than 1048576 bytes" in refusal(path, store.read_all)
    path.write_bytes(whole)

    def deny(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", deny)
        for read in (store.read_all, lambda: store.find(ROW), lambda: store.read_matching("0")):
            message = refusal(path, read)
            assert message.endswith("cannot be read (Permission denied); check its permissions and its disk")
    assert store.find(ROW) is not None


def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    store = Store(tmp_path)
    store.write(ROW)
    path = store.path(ROW)
    path.unlink()
    path.mkdir()
    assert refusal(path, store.read_all).endswith("is a folder and not a file; move it away")
    refusal(path, lambda: store.find(ROW))
    with pytest.raises(BadInput, match="cannot write"):
        store.write(ROW)
    path.rmdir()
    os.mkfifo(path)
    assert "is a device or a pipe" in refusal(path, store.read_all)
    path.unlink()
    path.symlink_to(path)
    refusal(path, store.read_all)
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    assert store.read_all() == []


def test_a_folder_that_cannot_be_listed_hides_no_rows(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.write(ROW)
    scan = os.scandir

    def deny(folder):
        if Path(folder).name == "t":
            raise PermissionError(errno.EACCES, "Permission denied")
        return scan(folder)

    monkeypatch.setattr(os, "scandir", deny)
    assert "Permission denied" in refusal(tmp_path / "s" / "t", store.read_all)


def test_a_row_must_lie_in_its_place(tmp_path):
    store = Store(tmp_path)
    store.write(ROW)
    for place in ("s/t/0b.json", "s/u/0a.json", "u/t/0a.json"):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(store.path(ROW).read_bytes())
        assert "holds the row 0a of s x t, which belongs elsewhere" in refusal(path, store.read_all)
        path.unlink()


@pytest.mark.parametrize("name", ["../../../escaped", "/tmp/escaped", "a/b", "..", "", "a\nb", "x" * 300])
@pytest.mark.parametrize("field", ["identity", "sampler", "target"])
def test_no_name_leads_out_of_the_store(tmp_path, field, name):
    store = Store(tmp_path / "inside" / "store")
    row = replace(ROW, **{field: name})
    for call in (store.write, store.find, store.settled, store.log, store.open_log, store.arrays):
        with pytest.raises(BadInput, match=f"wrong {field}"):
            call(row)
    assert list(tmp_path.iterdir()) == []


def test_a_row_that_could_not_be_read_is_not_written(tmp_path):
    store = Store(tmp_path)
    wrong = (
        replace(ROW, metrics={"sampler": 1.0}),
        replace(ROW, dim=0),
        replace(ROW, fit_seconds=math.nan),
        replace(ROW, metrics={"log_z": np.float32(1.0)}),
    )
    for row in wrong:
        with pytest.raises(BadInput, match="the row 0a of s x t cannot be stored"):
            store.write(row)
    assert store.read_all() == []


def test_hidden_and_foreign_files_are_no_rows(tmp_path):
    store = Store(tmp_path)
    store.write(ROW)
    for name in (
        ".0b.json",
        "notes.txt",
        "s/.DS_Store",
        "s/t/stderr.log",
        "s/t/.0b.json.tmp",
        "s/t/.0c.json",
    ):
        (tmp_path / name).write_text("?")
    assert len(store.read_all()) == 1


def test_rows_are_looked_up_by_the_beginning_of_their_identities(tmp_path):
    store = Store(tmp_path)
    for identity in ("0a", "0b", "1a"):
        store.write(replace(ROW, identity=identity))
    broken = store.path(replace(ROW, identity="0b"))
    broken.write_text("{")
    assert [row.identity for row in store.read_matching("1")] == ["1a"]
    assert [row.identity for row in store.read_matching("0a")] == ["0a"]
    assert store.read_matching("*") == store.read_matching("../") == []
    refusal(broken, lambda: store.read_matching("0"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"no archive", b"\x93NUMPY\x01\x00"])
def test_damaged_arrays_are_named(tmp_path, content):
    store = Store(tmp_path)
    store.write(ROW)
    path = store.arrays_path(ROW)
    path.write_bytes(content)
    assert "does not hold arrays" in refusal(path, lambda: store.arrays(ROW))


def test_arrays_of_python_objects_are_never_loaded(tmp_path):
    store = Store(tmp_path)
    store.write(ROW)
    path = store.arrays_path(ROW)
    np.savez(path, x=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert "does not hold arrays" in refusal(path, lambda: store.arrays(ROW))


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


def test_files_have_the_mode_that_the_umask_gives(tmp_path):
    before = os.umask(0o027)
    try:
        store = Store(tmp_path / "store")
        store.write(ROW, {"x": np.zeros(3)})
    finally:
        os.umask(before)
    for path in (store.path(ROW), store.arrays_path(ROW)):
        assert path.stat().st_mode & 0o777 == 0o640


def test_temporary_files_of_killed_writers_are_cleared(tmp_path):
    """Those of this machine whose process is gone after a minute, all others after an hour."""
    store = Store(tmp_path)
    store.write(ROW)
    command = [sys.executable, "-c", "import os; print(os.getpid())"]
    gone = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    ages = {
        f".0a.json.{files.HOST}.{gone}.0.tmp": 120,
        f".0a.json.{files.HOST}.{os.getpid()}.0.tmp": 4_000,
        ".0a.json.elsewhere.1.0.tmp": 4_000,
        ".0a.json.x8f3k_2.tmp": 4_000,
        f".0b.json.{files.HOST}.{gone}.0.tmp": 0,
        f".0b.json.{files.HOST}.{os.getpid()}.0.tmp": 120,
        ".0b.json.elsewhere.1.0.tmp": 120,
        ".0b.json.x8f3k_2.tmp": 120,
        "0c.json.tmp": 10_000,
    }
    folder = store.path(ROW).parent
    for name, age in ages.items():
        (folder / name).touch()
        os.utime(folder / name, (time.time() - age,) * 2)
    store.require_writable()
    left = {path.name for path in folder.iterdir()}
    assert left == {"0a.json", "0c.json.tmp", *(name for name in ages if name.startswith(".0b"))}


def test_a_killed_writer_leaves_a_file_that_the_next_run_clears(tmp_path):
    process = writer(tmp_path, 0, 10_000)
    while not (temporary := list(tmp_path.rglob(".*.tmp"))):
        pass
    process.kill()
    process.wait()
    left = list(tmp_path.rglob(".*.tmp"))
    for path in left:
        os.utime(path, (time.time() - 120,) * 2)
    assert all(files.TEMPORARY.fullmatch(path.name) for path in temporary)
    Store(tmp_path).require_writable()
    assert not list(tmp_path.rglob(".*.tmp"))
