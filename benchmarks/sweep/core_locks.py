"""Locks of cores: runners on one host never use the same core at the same time.

A core is locked by a lock on a file below the folder for temporary files, which the operating system drops
when the process ends, however it ends. The runners of all users share the files.
"""

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on Windows, where runners do not know of each other
    fcntl = None

FOLDER = Path(tempfile.gettempdir()) / "bridgemark-cores"


class CoreLocks:
    """The cores that this process has locked, as a context manager that unlocks them at its end."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        self.descriptors: dict[int, int] = {}

    def __enter__(self) -> "CoreLocks":
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self.descriptors.values():
            os.close(descriptor)
        self.descriptors.clear()

    def lock(self, cores: Sequence[int], wanted: int) -> list[int]:
        """Lock as many as `wanted` of the cores that no other process has locked, and return them."""
        locked = []
        for core in cores:
            if len(locked) < wanted and self._lock_one(core):
                locked.append(core)
        return locked

    def unlock(self, cores: Sequence[int]) -> None:
        """Unlock cores that `lock` returned."""
        for core in cores:
            if core in self.descriptors:
                os.close(self.descriptors.pop(core))

    def _lock_one(self, core: int) -> bool:
        if fcntl is None:
            return True
        try:
            self.folder.mkdir(exist_ok=True)
            with suppress(OSError):  # it is another user's already
                self.folder.chmod(0o1777)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self.folder / f"core-{core}", flags, 0o666)
        except OSError:
            return True  # without a place for locks runners do not know of each other
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self.descriptors[core] = descriptor
        return True
