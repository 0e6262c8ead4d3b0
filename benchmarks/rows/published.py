"""Published rows: text files of the repository, one per sampler and with one line per row.

FOLDER/<sampler>.jsonl holds the rows of a sampler, each on the line that `encoding` describes, sorted by
target, unit of the budget, budget, draws, seed and identity. So a reviewer can read a change as a diff, and
writing what was read gives the same bytes. Measured numbers have six significant digits, and four decimals
where that is more: a log Z of -1234.5678 is judged by its decimals.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.encoding import decode, encode_readable
from bridgemark.benchmarks.rows.files import (
    MAX_BYTES,
    blocked,
    list_folder,
    remove_stale_files,
    require_ordinary_file,
    write_atomically,
)
from bridgemark.benchmarks.rows.reading import without_garbage_collection
from bridgemark.benchmarks.rows.row import Row
from bridgemark.benchmarks.rows.unreadable import DamagedRow, UnreadableRow, bad_input
from bridgemark.benchmarks.text import printable

SUFFIX = ".jsonl"
CURE = "restore this line from the repository, or take it out"
DIGITS, DECIMALS = 6, 4
MEASURED = ("compile_seconds", "fit_seconds", "sample_seconds", "steady_seconds", "peak_memory_mb")


class Place(NamedTuple):
    """A line of the published file of a sampler; lines are counted from 1."""

    path: Path
    sampler: str
    number: int

    def __str__(self) -> str:
        return f"{printable(str(self.path))}, line {self.number}"


class Line(NamedTuple):
    """The text of a line and where it is."""

    place: Place
    text: bytes


def find(folder: Path, beginning: str) -> list[Row]:
    """The rows whose identities begin so; the others are not read. Raises BadInput as `read` does."""
    start = f'{{"identity": "{beginning}'.encode(errors="surrogateescape")
    return list(_rows(line for line in _lines(folder) if line.text.startswith(start)))


def read(folder: Path) -> list[Row]:
    """Every published row. Raises BadInput for the first line that cannot be read."""
    with without_garbage_collection():
        return list(_rows(_lines(folder)))


def read_file(path: Path) -> list[Row]:
    """The rows of one file. Raises BadInput for a missing file and for the first line that cannot be read."""
    if not path.exists():
        raise BadInput(f"there is no file {printable(str(path))}")
    with without_garbage_collection():
        return list(_rows(_lines_of(path)))


def problems(folder: Path) -> Iterator[str]:
    """One line on every row that cannot be read. Raises BadInput for a file that cannot."""
    places: dict[str, Place] = {}
    for line in _lines(folder):
        try:
            _row(line, places)
        except UnreadableRow as error:
            yield _problem(line.place, error)


def write(rows: Iterable[Row], folder: Path) -> list[Path]:
    """Write the file of every sampler that has rows, and return the paths.

    A file is replaced as a whole; those of samplers without rows stay as they are. Raises BadInput for a row
    that could not be read back, for two rows of one identity, and if the files cannot be written.
    """
    ordered = sorted(rows, key=_order)
    _require_distinct(ordered)
    paths = []
    try:
        remove_stale_files([folder])
        for sampler, group in groupby(ordered, key=lambda row: row.sampler):
            text = b"".join(encode_readable(rounded(row)) for row in group)
            paths.append(folder / f"{sampler}{SUFFIX}")
            write_atomically(paths[-1], lambda file, text=text: file.write(text))
    except OSError as error:
        raise BadInput(f"cannot write into {folder} ({error.strerror or error})") from error
    return paths


def rounded(row: Row) -> Row:
    """The row with its measured numbers as they are published."""
    seconds_and_memory = {name: rounded_number(getattr(row, name)) for name in MEASURED}
    return replace(
        row,
        **seconds_and_memory,
        metrics=_rounded_values(row.metrics),
        floors=_rounded_values(row.floors),
        errors=_rounded_values(row.errors),
        shown_draws=row.shown_draws if row.seed == 0 and row.budget is None else [],
        repeats={name: list(map(rounded_number, values)) for name, values in row.repeats.items()},
    )


def _order(row: Row) -> tuple[str, str, str, float, int, int, str]:
    budget = row.budget or 0.0
    return row.sampler, row.target, row.budget_unit or "", budget, row.draws, row.seed, row.identity


def _require_distinct(rows: Iterable[Row]) -> None:
    identities = set()
    for row in rows:
        if row.identity in identities:
            raise BadInput(f"two rows of {row.sampler} x {row.target} have the identity {row.identity}")
        identities.add(row.identity)


def rounded_number(value: float | None) -> float | None:
    """A measured number as it is published."""
    if value is None:
        return None
    if 10 ** (DIGITS - DECIMALS) <= abs(value) < 10**DIGITS:
        return round(value, DECIMALS)
    return float(f"{value:.{DIGITS}g}")


def _rounded_values(values: dict[str, float | None]) -> dict[str, float | None]:
    return {name: rounded_number(value) for name, value in values.items()}


def _lines(folder: Path) -> Iterator[Line]:
    """The lines of all files, in the order of their names. Raises BadInput for a file that cannot be read."""
    for path in list_folder(folder, lambda entry: entry.name.endswith(SUFFIX)):
        yield from _lines_of(path)


def _lines_of(path: Path) -> Iterator[Line]:
    """The lines of a file. Raises BadInput if it cannot be read."""
    try:
        require_ordinary_file(path)
        sampler = path.name.removesuffix(SUFFIX)
        with path.open("rb", buffering=MAX_BYTES) as file:
            # A line of a hostile file may never end.
            for number, text in enumerate(iter(lambda: file.readline(MAX_BYTES + 1), b""), start=1):
                yield Line(Place(path, sampler, number), text)
    except OSError as error:
        raise bad_input(path, blocked(error)) from error
    except UnreadableRow as error:
        raise bad_input(path, error) from error


def _rows(lines: Iterable[Line]) -> Iterator[Row]:
    """The row of each line. Raises BadInput for the first that cannot be read."""
    places: dict[str, Place] = {}
    for line in lines:
        try:
            yield _row(line, places)
        except UnreadableRow as error:
            raise BadInput(_problem(line.place, error)) from error


def _row(line: Line, places: dict[str, Place]) -> Row:
    """The row of a line, and its place added to those of the rows before it. Raises UnreadableRow."""
    if len(line.text) > MAX_BYTES:
        raise DamagedRow(f"has more than {MAX_BYTES} bytes, so it is not a row")
    row = decode(line.text)
    if line.place.sampler != row.sampler:
        raise DamagedRow(f"holds a row of {row.sampler}, which belongs in {row.sampler}{SUFFIX}")
    if row.identity in places:
        raise DamagedRow(f"holds the row {row.identity} again, after {places[row.identity]}")
    places[row.identity] = line.place
    return row


def _problem(position: Place, error: UnreadableRow) -> str:
    return f"{position}, {error}; {error.cure or CURE}"
