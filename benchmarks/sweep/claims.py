"""Claims: several runners on one folder of results share the work, and no cell runs twice.

A claim is a small file claims/CELL in the store. Whoever creates it runs the cell; it says on which host and
in which process, and is touched while that goes on. A claim is stale where its process is gone, or where
nothing has touched it for long on a host that cannot be asked; then the next runner takes it over.
"""

import json
import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bridgemark.benchmarks.rows.files import make_folder

TOUCH_SECONDS = 5.0
STALE_SECONDS = 60.0  # clocks of several hosts may differ, and file systems may be slow
HOST = socket.gethostname()


@dataclass(frozen=True)
class Claim:
    """Who runs a cell: a process on a host, started at `created` by that host's clock, in seconds."""

    host: str
    process: int
    created: float


@dataclass(frozen=True)
class Claims:
    """The claims of this process in a folder that it shares with others."""

    folder: Path

    def take(self, cell: str) -> bool:
        """Claim a cell by its name and return True, or return False where another process runs it."""
        make_folder(self.folder)
        path = self.folder / cell
        if _create(path):
            return True
        return self._discard_if_stale(path) and _create(path)

    def touch(self, cell: str) -> None:
        """Say that the cell still runs."""
        path = self.folder / cell
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > TOUCH_SECONDS:
                os.utime(path)

    def release(self, cell: str) -> None:
        """Give the claim up: the cell has ended."""
        (self.folder / cell).unlink(missing_ok=True)

    def _discard_if_stale(self, path: Path) -> bool:
        """Remove a claim whose owner does not run the cell any more; returns whether there is none now."""
        discarded = path.with_name(f".{path.name}.{HOST}.{os.getpid()}.stale")
        try:
            age, text = time.time() - path.stat().st_mtime, path.read_bytes()
            if not _is_stale(text, age):
                return False
            os.rename(path, discarded)
            # Meanwhile somebody may have taken the stale claim over: then this one is his, and goes back.
            is_the_stale_one = discarded.read_bytes() == text
            if not is_the_stale_one:
                with suppress(FileExistsError):
                    os.link(discarded, path)
            discarded.unlink()
        except FileNotFoundError:
            return True
        return is_the_stale_one


def _is_stale(text: bytes, age: float) -> bool:
    """Whether the owner of a claim, which was touched `age` seconds ago, does not run the cell any more."""
    try:
        claim = Claim(**json.loads(text))
    except (ValueError, TypeError):
        return age > STALE_SECONDS  # it may be half written
    if claim.host == HOST:
        return not _is_running(claim)
    return age > STALE_SECONDS


def _create(path: Path) -> bool:
    """Create a claim of this process; False where the file exists."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except FileExistsError:
        return False
    created = psutil.Process().create_time()
    text = json.dumps({"host": HOST, "process": os.getpid(), "created": created})
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return True


def _is_running(claim: Claim) -> bool:
    """Whether the process of a claim of this host runs: the same one, not a later one with its number."""
    try:
        process = psutil.Process(claim.process)
        return abs(process.create_time() - claim.created) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
