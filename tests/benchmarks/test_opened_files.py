"""Which files a function reads: data, however it is opened, and nothing that a library reads for itself."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from bridgemark.benchmarks.opened_files import is_installed, read_at_import, record_reads

WAYS = {
    "open": lambda path: path.open().read(),
    "read_text": lambda path: path.read_text(),
    "loadtxt": lambda path: np.loadtxt(path),
    "memmap": lambda path: np.memmap(path, dtype="S1", mode="r"),
    "os.open": lambda path: os.close(os.open(path, os.O_RDONLY)),
    "bytes": lambda path: open(os.fsencode(path)).close(),
    "relative": lambda path: open(os.path.relpath(path)).close(),
}


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("1\n2\n")
    return path


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_way_to_open_a_file_is_seen(way, data):
    assert data in record_reads(lambda: way(data))[1]


def test_the_result_comes_back_and_nothing_is_recorded_outside(data):
    result, files = record_reads(lambda: 7)
    data.read_text()
    assert (result, files) == (7, frozenset())


def test_files_that_are_written_do_not_count(data):
    def write():
        for mode in ("w", "a", "r+"):
            data.open(mode).close()
        os.close(os.open(data, os.O_WRONLY))

    assert record_reads(write)[1] == frozenset()


def test_descriptors_and_what_the_system_says_do_not_count(data):
    def read():
        os.fdopen(file.fileno(), closefd=False).close()
        Path("/proc/self/stat").read_text()

    with data.open() as file:
        _, files = record_reads(read)
    assert files == frozenset()


def test_a_file_that_another_thread_reads_does_not_count(data):
    def read_elsewhere():
        thread = threading.Thread(target=data.read_text)
        thread.start()
        thread.join()

    assert record_reads(read_elsewhere)[1] == frozenset()


def test_an_exception_ends_the_recording(data):
    def fail():
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        record_reads(fail)
    assert record_reads(data.read_text)[1] == {data}


def test_a_file_that_is_read_at_import_belongs_to_the_modules_that_are_being_imported(data, monkeypatch):
    (data.parent / "reads_inside.py").write_text(f"open({str(data)!r}).close()\n")
    (data.parent / "reads_outside.py").write_text("import reads_inside\n")
    monkeypatch.syspath_prepend(data.parent)
    _, files = record_reads(lambda: __import__("reads_outside"))
    assert data in files
    assert data in read_at_import("reads_inside")
    assert data in read_at_import("reads_outside")
    assert read_at_import("reads_nothing") == frozenset()


def test_a_file_that_a_library_reads_at_its_import_is_its_own(data, monkeypatch):
    library = data.parent / "site-packages"
    library.mkdir()
    (library / "reads_itself.py").write_text(f"open({str(data)!r}).close()\n")
    monkeypatch.syspath_prepend(library)
    assert data not in record_reads(lambda: __import__("reads_itself"))[1]


def test_compiled_code_stands_for_its_source(data, monkeypatch):
    source = data.parent / "compiled_before.py"
    source.write_text("ONE = 1\n")
    subprocess.run([sys.executable, "-c", "import compiled_before"], cwd=data.parent, check=True)
    monkeypatch.syspath_prepend(data.parent)
    assert source in record_reads(lambda: __import__("compiled_before"))[1]


def test_what_is_installed():
    assert is_installed(Path(np.__file__))
    assert is_installed(Path(threading.__file__))
    assert not is_installed(Path(__file__))
