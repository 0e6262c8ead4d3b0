"""The store of rows on disk: one small JSON file per row, with its arrays in a file beside it."""

import os
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.encoding import decode, encode_readable
from bridgemark.benchmarks.rows.field_checks import CHECKS
from bridgemark.benchmarks.rows.files import (
    blocked,
    list_folder,
    make_folder,
    read_file,
    remove_stale_files,
    write_atomically,
)
from bridgemark.benchmarks.rows.reading import without_garbage_collection
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.unreadable import DamagedArrays, DamagedRow, UnreadableRow, bad_input
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
        """The JSON file of a row, whether it exists or not.

        Raises BadInput for a row whose names could lead out of the store.
        """
        for field, name in (("identity", row.identity), ("sampler", row.sampler), ("target", row.target)):
            try:
                CHECKS[field](name)
            except DamagedRow as error:
                raise BadInput(f"a row cannot be stored under a wrong {field}: {error}") from error
        return self.root / row.sampler / row.target / f"{row.identity}.json"

    def log(self, row: Row) -> Path:
        """The file that receives the standard error of this row's cell."""
        return self.path(row).with_name("stderr.log")

    def open_log(self, row: Row) -> IO[bytes]:
        """Empty the log and open it for writing. Raises BadInput if it cannot be written."""
        path = self.log(row)
        try:
            make_folder(path.parent)
            return path.open("wb")
        except OSError as error:
            raise _unwritable(path, error) from error

    def require_writable(self) -> None:
        """Raise BadInput unless files can be created in the store; clear what killed writers left there."""
        try:
            make_folder(self.root)
            tempfile.TemporaryFile(dir=self.root).close()
            remove_stale_files(self._target_folders())
        except OSError as error:
            raise _unwritable(self.root, error) from error

    def row_files(self) -> list[Path]:
        """The JSON files of all rows, sorted. Raises BadInput where a folder cannot be listed."""
        files = []
        for folder in self._target_folders():
            files += list_folder(folder, _is_row_file)
        return sorted(files)

    def read_row(self, path: Path) -> Row:
        """The row in one of the `row_files`. Raises FileNotFoundError and UnreadableRow."""
        row = decode(read_file(path))
        if path != self.root / row.sampler / row.target / f"{row.identity}.json":
            label = f"{row.identity} of {row.sampler} x {row.target}"
            raise DamagedRow(f"holds the row {label}, which belongs elsewhere")
        return row

    def read_all(self) -> list[Row]:
        """Every row, in the order of paths. Raises BadInput that names the first one that cannot be read."""
        with without_garbage_collection():
            return self._read(self.row_files())

    def read_nonempty(self) -> list[Row]:
        """Every row, as `read_all` does. Raises BadInput also where there is none."""
        self.require_nonempty()
        return self.read_all()

    def require_nonempty(self) -> None:
        """Raise BadInput where there is no row."""
        if not self.row_files():
            raise BadInput(f"nothing is stored in {self.root}; `bridgemark run` makes rows")

    def read_matching(self, beginning: str) -> list[Row]:
        """The rows whose identities begin so; the others are not read. Raises BadInput as `read_all`."""
        return self._read([path for path in self.row_files() if path.name.startswith(beginning)])

    def find(self, row: Row) -> Row | None:
        """The stored row of the same identity, whatever its status, or None.

        Raises BadInput if it cannot be read.
        """
        rows = self._read([self.path(row)])
        return rows[0] if rows else None

    def settled(self, row: Row) -> bool:
        """Whether this row is stored and need not be run again. One that failed or timed out is run again."""
        stored = self.find(row)
        return stored is not None and stored.status in SETTLED

    def write(self, row: Row, arrays: dict[str, np.ndarray] | None = None) -> None:
        """Store the arrays and then the row, replacing a row of the same identity.

        Raises BadInput for a row that could not be read back, and if the files cannot be written.
        """
        path, arrays_path = self.path(row), self.arrays_path(row)
        line = encode_readable(row)
        try:
            if arrays:
                write_atomically(arrays_path, lambda file: np.savez_compressed(file, **arrays))  # pyright: ignore
            else:
                arrays_path.unlink(missing_ok=True)
            write_atomically(path, lambda file: file.write(line))
        except OSError as error:
            raise _unwritable(path, error) from error

    def arrays(self, row: Row) -> dict[str, np.ndarray]:
        """The arrays of a row, {} when it has none. Raises BadInput if their file is damaged."""
        path = self.arrays_path(row)
        try:
            return read_arrays(path)
        except FileNotFoundError:
            return {}
        except UnreadableRow as error:
            raise bad_input(path, error) from error

    def arrays_path(self, row: Row) -> Path:
        """The file of a row's arrays, whether it exists or not."""
        return self.path(row).with_suffix(".npz")

    def _read(self, paths: list[Path]) -> list[Row]:
        """The rows in files, without those that are gone by now."""
        rows = []
        for path in paths:
            try:
                rows.append(self.read_row(path))
            except FileNotFoundError:
                continue
            except UnreadableRow as error:
                raise bad_input(path, error) from error
        return rows

    def _target_folders(self) -> Iterator[Path]:
        """The folders that hold rows: root/<sampler>/<target>."""
        for sampler_folder in list_folder(self.root, os.DirEntry.is_dir):
            yield from list_folder(sampler_folder, os.DirEntry.is_dir)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays in a file. Raises FileNotFoundError and UnreadableRow."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file):
            file.seek(0)
            with np.load(file, allow_pickle=False) as stored:
                return dict(stored)
    except FileNotFoundError:
        raise
    except PermissionError as error:
        raise blocked(error) from error
    except Exception as error:  # an archive of a stranger can raise anything
        raise DamagedArrays(f"does not hold arrays ({one_line(error, MAX_MESSAGE)})") from error


def _is_row_file(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(".json") and not entry.name.startswith(".")


def _unwritable(path: Path, error: OSError) -> BadInput:
    cause = error.strerror or error
    return BadInput(f"cannot write {path} ({cause}); make room there or give another --results")
