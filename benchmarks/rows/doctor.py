"""Finds rows that cannot be read, and moves those files of the store out of the way that are damaged."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from bridgemark.benchmarks.rows.store import Store, read_arrays
from bridgemark.benchmarks.rows.unreadable import DamagedRow, UnreadableRow, bad_input


class Problem(NamedTuple):
    """A file of the store that cannot be read.

    `message` is one line on why, with a cure. `damaged` are the files at fault, which have to be moved away:
    none where the fault is that of another version or of the file system.
    """

    message: str
    damaged: tuple[Path, ...] = ()


def examine(store: Store) -> Iterator[Problem]:
    """Every problem with a row of the store or with its arrays. Raises BadInput for an unreadable folder."""
    for path in store.row_files():
        arrays_path = path.with_suffix(".npz")
        yield from _problems(path, store.read_row, damaged=(path, arrays_path))
        yield from _problems(arrays_path, read_arrays, damaged=(arrays_path,))


def _problems(path: Path, read: Callable[[Path], object], damaged: tuple[Path, ...]) -> Iterator[Problem]:
    """The problem with reading a file, if there is one; `damaged` are the files at fault if it is damaged."""
    try:
        read(path)
    except FileNotFoundError:
        return  # a row need not have arrays
    except DamagedRow as error:
        yield Problem(str(bad_input(path, error)), damaged)
    except UnreadableRow as error:
        yield Problem(str(bad_input(path, error)))


def set_aside(problem: Problem, store: Store, folder: Path) -> int:
    """Move the damaged files of a problem to the same places below `folder`, and return how many there were.

    Nothing there is overwritten: a second file of one name gets ".1", ".2", ... at its end. Raises OSError.
    """
    existing = [path for path in problem.damaged if path.exists()]
    for path in existing:
        new_path = _free(folder / path.relative_to(store.root))
        new_path.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, new_path)
    return len(existing)


def _free(path: Path) -> Path:
    """The path, or the first with a number at its end that does not exist."""
    candidate, number = path, 0
    while candidate.exists() or candidate.is_symlink():
        number += 1
        candidate = path.with_name(f"{path.name}.{number}")
    return candidate
