"""Hash of the files that code reads besides the code itself."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.opened_files import is_installed, read_at_import
from bridgemark.benchmarks.rows.canonical_code import canonical_code
from bridgemark.samplers import base as base_of_samplers
from bridgemark.targets import data

PROJECT_FOLDERS = tuple(Path(module.__file__ or "").parent for module in (registry, base_of_samplers, data))
PROVENANCE = ".provenance.json"  # ends the name of a file that says where a data set comes from


def hash_of_data(code: Mapping[str, Path], read: Iterable[Path] = ()) -> str:
    """Hash of the data of modules: of the files `read`, and of those that the modules read at their import.

    `code` has the files of the modules by their names; these files are no data. The names and folders of data
    do not count. A Python file that was read but is no module, such as a script that was executed, is data of
    which comments and layout do not count.
    """
    modules = {path.resolve() for path in code.values()}
    digests = set()
    for path in set(read).union(*map(read_at_import, code)):
        if is_data(path) and path.is_file() and path.resolve() not in modules:
            digests.add(hashlib.sha256(_content(path)).hexdigest())
    return hashlib.sha256(" ".join(sorted(digests)).encode()).hexdigest()[:20]


def is_data(path: Path) -> bool:
    """Whether a file that was read counts.

    In this project only data sets count: the code is hashed as such, and the references as truths.
    """
    if any(path.is_relative_to(folder) for folder in PROJECT_FOLDERS):
        return path.parent == data.FOLDER and not path.name.endswith(PROVENANCE)
    return not is_installed(path)


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix != ".py":
        return content
    try:
        return canonical_code(content).encode()
    except (SyntaxError, ValueError):
        return content
