"""The store: one small JSON a row and its arrays beside it, each written whole and then renamed."""

import gc
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.row import Row

SETTLED = ("ok", "unsupported")  # any other status runs again


@dataclass(frozen=True)
class Store:
    """Rows at root/<sampler>/<target>/<identity>.json, arrays in the .npz beside.

    A row counts from the moment its JSON is renamed into place, so writers need no lock and a killed
    writer leaves at most a stray temporary file.
    """

    root: Path

    def path(self, record: Row) -> Path:
        """Where this row is or would be."""
        return self.root / record.sampler / record.target / f"{record.identity}.json"

    def log(self, record: Row) -> Path:
        """Where the standard error of this row's cell goes."""
        return self.path(record).with_name("stderr.log")

    def open_log(self, record: Row) -> IO[bytes]:
        """The log, emptied. Raises BadInput if it cannot be written."""
        path = self.log(record)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.open("wb")
        except OSError as error:
            raise _unwritable(path, error) from error

    def require_writable(self) -> None:
        """Raise BadInput unless a file can be made here."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.root).close()
        except OSError as error:
            raise _unwritable(self.root, error) from error

    def read_all(self) -> list[Row]:
        """Every row, in order of path. Raises BadInput naming the first file that is no record."""
        with _no_collection():
            return [_read(path) for path in sorted(self.root.glob("*/*/*.json"))]

    def read_some(self) -> list[Row]:
        """Every row. Raises BadInput where there is none."""
        records = self.read_all()
        if not records:
            raise BadInput(f"nothing is stored in {self.root}; `bridgemark run` makes rows")
        return records

    def find(self, record: Row) -> Row | None:
        """The stored row of equal identity, whatever its status, or None. Raises BadInput if corrupted."""
        path = self.path(record)
        return _read(path) if path.is_file() else None

    def settled(self, record: Row) -> bool:
        """Whether this row is stored and need not run again: a failure or a timeout does."""
        found = self.find(record)
        return found is not None and found.status in SETTLED

    def write(self, record: Row, arrays: dict[str, np.ndarray] | None = None) -> None:
        """Store the row, arrays first, in place of one of equal identity. Raises BadInput if it cannot."""
        path, beside = self.path(record), self.path(record).with_suffix(".npz")
        text = json.dumps(record.to_json(), indent=1) + "\n"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if arrays:
                _write_whole(beside, lambda file: np.savez_compressed(file, **arrays))  # pyright: ignore
            else:
                beside.unlink(missing_ok=True)
            _write_whole(path, lambda file: file.write(text.encode()))
        except OSError as error:
            raise _unwritable(path, error) from error

    def arrays(self, record: Row) -> dict[str, np.ndarray]:
        """The arrays beside a row, {} when there are none. Raises BadInput if the file is corrupted."""
        path = self.path(record).with_suffix(".npz")
        if not path.is_file():
            return {}
        try:
            with np.load(path, allow_pickle=False) as stored:
                return dict(stored)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise _corrupted(path.with_suffix(".json"), error) from error


@contextmanager
def _no_collection() -> Iterator[None]:
    """Of garbage: among a hundred thousand rows that all stay, the search for it takes half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _read(path: Path) -> Row:
    try:
        return Row.from_json(json.loads(path.read_bytes()))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise _corrupted(path, error) from error


def _corrupted(path: Path, error: Exception) -> BadInput:
    return BadInput(f"{path} is not a whole record ({_line(error)}); delete it to have it run again")


def _unwritable(path: Path, error: OSError) -> BadInput:
    return BadInput(
        f"cannot write {path} ({error.strerror or error}); make room there or give another --results"
    )


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]


def _write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write to a temporary file beside, reach the disk, then rename: readers see all or nothing."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
