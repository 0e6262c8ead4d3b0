"""The store of rows on disk: one small JSON file per row, with its arrays in a file beside it."""

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
from bridgemark.benchmarks.text import one_line

SETTLED = ("ok", "unsupported")  # a row of any other status is run again
MAX_MESSAGE = 120  # characters


@dataclass(frozen=True)
class Store:
    """Rows at root/<sampler>/<target>/<identity>.json, and their arrays in an .npz file beside each.

    A row counts from the moment when its complete JSON file is renamed into place. So writers need no lock,
    and a writer that is killed leaves at most a stray temporary file.
    """

    root: Path

    def path(self, row: Row) -> Path:
        """The JSON file of a row, whether it exists or not."""
        return self.root / row.sampler / row.target / f"{row.identity}.json"

    def log(self, row: Row) -> Path:
        """The file that receives the standard error of this row's cell."""
        return self.path(row).with_name("stderr.log")

    def open_log(self, row: Row) -> IO[bytes]:
        """Empty the log and open it for writing. Raises BadInput if it cannot be written."""
        path = self.log(row)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.open("wb")
        except OSError as error:
            raise _unwritable(path, error) from error

    def require_writable(self) -> None:
        """Raise BadInput unless files can be created in the store."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.root).close()
        except OSError as error:
            raise _unwritable(self.root, error) from error

    def read_all(self) -> list[Row]:
        """Every row, in the order of paths. Raises BadInput that names the first corrupted file."""
        with _without_garbage_collection():
            return [_read(path) for path in sorted(self.root.glob("*/*/*.json"))]

    def read_nonempty(self) -> list[Row]:
        """Every row, as `read_all` does. Raises BadInput also where there is none."""
        rows = self.read_all()
        if not rows:
            raise BadInput(f"nothing is stored in {self.root}; `bridgemark run` makes rows")
        return rows

    def find(self, row: Row) -> Row | None:
        """The stored row of the same identity, whatever its status, or None. Raises BadInput if corrupted."""
        path = self.path(row)
        return _read(path) if path.is_file() else None

    def settled(self, row: Row) -> bool:
        """Whether this row is stored and need not be run again. One that failed or timed out is run again."""
        stored = self.find(row)
        return stored is not None and stored.status in SETTLED

    def write(self, row: Row, arrays: dict[str, np.ndarray] | None = None) -> None:
        """Store the arrays and then the row, replacing a row of the same identity.

        Raises BadInput if they cannot be written.
        """
        path, arrays_path = self.path(row), self._arrays_path(row)
        text = json.dumps(row.to_json(), indent=1) + "\n"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if arrays:
                _write_atomically(arrays_path, lambda file: np.savez_compressed(file, **arrays))  # pyright: ignore
            else:
                arrays_path.unlink(missing_ok=True)
            _write_atomically(path, lambda file: file.write(text.encode()))
        except OSError as error:
            raise _unwritable(path, error) from error

    def arrays(self, row: Row) -> dict[str, np.ndarray]:
        """The arrays of a row, {} when it has none. Raises BadInput if their file is corrupted."""
        path = self._arrays_path(row)
        if not path.is_file():
            return {}
        try:
            with np.load(path, allow_pickle=False) as stored:
                return dict(stored)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise _corrupted(self.path(row), error) from error

    def _arrays_path(self, row: Row) -> Path:
        return self.path(row).with_suffix(".npz")


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Pause garbage collection: among a hundred thousand rows, which all stay, it takes half of the time."""
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
    message = one_line(error, MAX_MESSAGE)
    return BadInput(f"{path} is not a complete row ({message}); delete it to have it run again")


def _unwritable(path: Path, error: OSError) -> BadInput:
    cause = error.strerror or error
    return BadInput(f"cannot write {path} ({cause}); make room there or give another --results")


def _write_atomically(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Fill a temporary file beside `path`, flush it to the disk and rename it: readers see all or nothing."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Flush a folder to the disk, so that a rename inside it survives a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
