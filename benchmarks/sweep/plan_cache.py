"""Plans that were made before: where nothing has changed that a plan depends on, it is not made again.

A plan depends on the request, on all code of this project, on the files that planning read (data sets,
plug-ins and what they import), on the files that are beside those, on the versions of packages, and on the
device. All of it is compared.
"""

import hashlib
import json
import platform
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bridgemark.benchmarks import opened_files
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows import environment
from bridgemark.benchmarks.rows.encoding import decode, encode
from bridgemark.benchmarks.rows.files import remove_stale_files, write_atomically
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.unreadable import UnreadableRow
from bridgemark.benchmarks.sweep.request import Request, request_to_json

BENCHMARKS = Path(opened_files.__file__).resolve().parent
CODE_FOLDERS = (BENCHMARKS, BENCHMARKS.parent / "samplers", BENCHMARKS.parent / "targets")


@dataclass(frozen=True)
class PlanCache:
    """Plans of earlier runs in a folder, one file per request."""

    folder: Path

    def find(self, request: Request) -> list[Row] | None:
        """The rows that this request had, or None where they might be others now."""
        # A file that is damaged in whatever way is as good as none.
        with suppress(OSError, ValueError, LookupError, TypeError, AttributeError, UnreadableRow, BadInput):
            stored = json.loads(self._path(request).read_text())
            if _files_are_unchanged(stored["files"]) and stored["entry_points"] == _entry_points():
                rows = [decode(line.encode()) for line in stored["rows"]]
                if _is_current(rows, request):
                    commit = environment.commit()
                    return [replace(row, commit=commit) for row in rows]
        return None

    def keep(self, request: Request, rows: Iterable[Row], read: Iterable[Path]) -> None:
        """Keep the rows of a request, and the files on which they depend: those `read`, and all our code."""
        content = {
            "files": _hashes(
                [*_code_files(), *(path for path in read if not opened_files.is_installed(path))]
            ),
            "entry_points": _entry_points(),
            "rows": [encode(row).decode() for row in rows],
        }
        with suppress(OSError):  # without it, the plan is made again
            text = json.dumps(content).encode()
            write_atomically(self._path(request), lambda file: file.write(text))
            remove_stale_files([self.folder])

    def _path(self, request: Request) -> Path:
        facts = (request_to_json(request), platform.python_version(), platform.machine(), str(BENCHMARKS))
        digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
        return self.folder / f"{digest[:20]}.json"


def _code_files() -> list[Path]:
    return [path for folder in CODE_FOLDERS for path in folder.rglob("*.py")]


def _hashes(paths: Iterable[Path]) -> dict[str, str]:
    """The hash of the content of each file, and of the names in each of their folders."""
    hashes = {}
    for path in set(paths):
        if path.is_file():
            hashes[str(path)] = _hash_of_file(path)
            hashes[str(path.parent)] = _hash_of_names(path.parent)
    return hashes


def _files_are_unchanged(hashes: dict[str, Any]) -> bool:
    for name, digest in hashes.items():
        path = Path(name)
        if digest != (_hash_of_names(path) if path.is_dir() else _hash_of_file(path)):
            return False
    return True


def _hash_of_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _hash_of_names(folder: Path) -> str:
    """The hash of the names of what could be imported from a folder: a new file may hide one elsewhere."""
    importable = [*folder.glob("*.py"), *(path.parent for path in folder.glob("*/__init__.py"))]
    names = sorted(path.name for path in importable)
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()


def _entry_points() -> list[str]:
    """The registered files of other packages."""
    return environment.entry_points("bridgemark.samplers", "bridgemark.targets")


def _is_current(rows: list[Row], request: Request) -> bool:
    """Whether the packages and the device of the rows are those of today."""
    if not rows:
        return False
    device = environment.device_of_cells(request.jax_platform)
    packages = {name: version for row in rows for name, version in row.versions.items()}
    return environment.versions_of(packages) == packages and {row.device for row in rows} == {device}
