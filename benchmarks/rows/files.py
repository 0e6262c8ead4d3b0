"""Files of rows: read only where they are ordinary files, and written so that readers see all or nothing."""

import os
import re
import socket
import stat
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import IO

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.unreadable import BlockedRow, DamagedRow, bad_input

MAX_BYTES = 2**20  # of a row; a thousand sets of draws of each metric take half of it
# A temporary file is called .NAME.HOST.PROCESS.NUMBER.tmp after the process that fills it.
TEMPORARY = re.compile(r"\..+\.(?P<host>[\w-]+)\.(?P<process>[0-9]+)\.[0-9]+\.tmp")
STALE_SECONDS = 3_600.0
WRITING_SECONDS = 60.0  # a process of another container may have a number that no process has here
HOST = re.sub(r"[^\w-]", "-", socket.gethostname()) or "unknown"

_numbers = count()


def read_file(path: Path) -> bytes:
    """The content of a file of a row.

    Raises FileNotFoundError, DamagedRow for a file that is too large to be a row, and BlockedRow for what is
    no ordinary file or may not be read.
    """
    try:
        require_ordinary_file(path)
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise blocked(error) from error
    if len(content) > MAX_BYTES:
        raise DamagedRow(f"has more than {MAX_BYTES} bytes, so it is not a row")
    return content


def require_ordinary_file(path: Path) -> None:
    """Raise BlockedRow for a folder, a device or a pipe, from which a reader might wait for ever."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a device or a pipe"
        raise BlockedRow(f"is {kind} and not a file", "move it away")


def list_folder(folder: Path, is_wanted: Callable[[os.DirEntry[str]], bool]) -> list[Path]:
    """The wanted entries of a folder, sorted; none where there is no such folder. Raises BadInput."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if is_wanted(entry)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise bad_input(Path(error.filename or folder), blocked(error)) from error
    return [folder / name for name in sorted(names)]


def blocked(error: OSError) -> BlockedRow:
    """What an error of the file system means for whoever wants to read."""
    cause = error.strerror or str(error)
    return BlockedRow(f"cannot be read ({cause})", "check its permissions and its disk")


def write_atomically(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Fill a temporary file beside `path`, flush it to the disk and rename it: readers see all or nothing.

    The file has the mode that the umask gives to new files. Raises OSError.
    """
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{HOST}.{os.getpid()}.{next(_numbers)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def require_writable(folder: Path, option: str) -> None:
    """Make a folder, and raise BadInput unless files can be written there.

    `option` is the option of the command line that names another folder.
    """
    try:
        make_folder(folder)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise unwritable(folder, error, option) from error


def unwritable(path: Path, error: OSError, option: str) -> BadInput:
    """The error to raise where a file or a folder cannot be written; `option` names another folder."""
    cause = error.strerror or error
    return BadInput(f"cannot write {path} ({cause}); make room there or give another {option}")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, and flush to the disk that they exist."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _flush_folder(folder.parent)


def remove_stale_files(folders: Iterable[Path]) -> None:
    """Remove the temporary files that writers which were killed left in these folders."""
    for folder in folders:
        for path in folder.glob(".*.tmp"):
            with suppress(OSError):  # another runner may remove it at the same time
                if _is_stale(path):
                    path.unlink()


def _is_stale(path: Path) -> bool:
    """Whether a temporary file is older than an hour, or than a minute where its process is gone."""
    age = time.time() - path.stat().st_mtime
    match = TEMPORARY.fullmatch(path.name)
    is_orphan = match is not None and match["host"] == HOST and not _is_running(int(match["process"]))
    return age > (WRITING_SECONDS if is_orphan else STALE_SECONDS)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it runs, and is another user's
    return True


def _flush_folder(folder: Path) -> None:
    """Flush a folder to the disk, so that a rename inside it survives a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
