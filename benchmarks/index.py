"""A copy of all rows of a large store in one file, by columns: faster to read, and made anew at will.

Nothing is lost with it: a row counts by its own file, whose time and size the index keeps, and is read from
there whenever they differ. Small stores have none.
"""

import gc
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path

from benchmarks.record import Record

NAME = "index.json"
WORTH = 2_000  # rows from which on an index is kept
Stamps = dict[str, list[int]]  # by path below the root: nanoseconds of the last change, size


def read(root: Path, one: Callable[[Path], Record]) -> list[Record]:
    """Every row at root/*/*/*.json in order of path: from the index if untouched since, else by `one`."""
    stamps = _stamps(root)
    with _no_collection():
        known = _load(root / NAME, stamps) if len(stamps) >= WORTH else {}
        rows = [known[path] if path in known else one(root / path) for path in stamps]
        if len(stamps) >= WORTH and len(known) < len(rows):
            _save(root / NAME, stamps, rows)
    return rows


def _stamps(root: Path) -> Stamps:
    files = [
        file for sampler in _folders(root) for target in _folders(sampler) for file in os.scandir(target)
    ]
    skipped = len(str(root)) + 1
    found = {}
    for file in files:
        if file.name.endswith(".json"):
            state = file.stat()
            found[file.path[skipped:]] = [state.st_mtime_ns, state.st_size]
    return dict(sorted(found.items(), key=lambda item: item[0].split(os.sep)))


def _folders(path: Path | str) -> list[str]:
    return [entry.path for entry in os.scandir(path) if entry.is_dir()] if os.path.isdir(path) else []


def _load(path: Path, stamps: Stamps) -> dict[str, Record]:
    """The rows whose files are as they were, by path; {} where the index is missing or not whole."""
    try:
        stored = json.loads(path.read_bytes())
        columns = stored["columns"]
        rows = zip(stored["stamps"].items(), zip(*columns.values(), strict=True), strict=True)
        return {
            name: Record.from_json(dict(zip(columns, values, strict=True)))
            for (name, stamp), values in rows
            if stamps.get(name) == stamp
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _save(path: Path, stamps: Stamps, rows: list[Record]) -> None:
    """Write the index whole, or not at all where that cannot be done: whoever reads need not write."""
    columns = {field.name: [getattr(row, field.name) for row in rows] for field in fields(Record)}
    text = json.dumps({"stamps": stamps, "columns": columns}, default=vars, separators=(",", ":"))
    with suppress(OSError):
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{NAME}.", suffix=".tmp")
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
            os.replace(temporary, path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Millions of objects that all stay make the garbage collector search for nothing, half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
