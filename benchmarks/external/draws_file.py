"""Reads a file of draws that another program made, whatever its format."""

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.external import csv_file, npz_file, parquet_file
from bridgemark.benchmarks.external.layout import MAX_BYTES, ExternalDraws, Layout

Reader: TypeAlias = Callable[[Path, int, Layout], ExternalDraws]
READERS: dict[str, Reader] = {
    ".csv": csv_file.read,
    ".npz": npz_file.read,
    ".parquet": parquet_file.read,
}


def require_readable(path: Path) -> None:
    """Raise BadInput for a file of draws that is of another format, and as `require_ordinary` does."""
    if path.suffix not in READERS:
        raise BadInput(f"{path} must end in {', '.join(READERS)}")
    require_ordinary(path, MAX_BYTES)


def require_ordinary(path: Path, max_bytes: int) -> None:
    """Raise BadInput for what is no file, or has more bytes than are read."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # a name may have a character that no name has
        raise BadInput(f"{path} cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if not stat.S_ISREG(status.st_mode):
        raise BadInput(f"{path} is not a file")
    if status.st_size > max_bytes:
        raise BadInput(
            f"{path} has {status.st_size} bytes, and {max_bytes} are read at most; thin what it has"
        )


def read(path: Path, dim: int, layout: Layout) -> ExternalDraws:
    """The draws in a file. Raises BadInput for one that does not hold draws of this dimension."""
    require_readable(path)
    try:
        return READERS[path.suffix](path, dim, layout)
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error})") from error


def hash_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
