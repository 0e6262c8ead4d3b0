"""Records which files are read while registered files are imported and while targets are built.

It listens to the audit events of Python, so it sees `open`, `np.loadtxt`, `Path.read_text` and whatever else
opens a file in Python. It does not see files that compiled libraries open themselves, such as HDF5.
"""

import os
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Callable
from importlib.util import source_from_cache
from pathlib import Path
from types import FrameType
from typing import TypeVar

Result = TypeVar("Result")

INSTALLED_FOLDERS = frozenset({"site-packages", "dist-packages"})
STANDARD_LIBRARY = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
CACHES = ("jax._src.compilation_cache",)  # modules that read what they have written themselves
SYSTEM_FOLDERS = ("/proc/", "/sys/", "/dev/")  # they describe the machine

_read_at_import: defaultdict[str, set[Path]] = defaultdict(set)  # by the name of the module
_recordings: list[set[Path]] = []  # of the calls of `record_reads` in progress, the innermost last
_remembered: list[set[Path]] = []  # the sets that `remember_reads` returned


def record_reads(function: Callable[[], Result]) -> tuple[Result, frozenset[Path]]:
    """Call `function`; return its result and the files that were opened for reading meanwhile.

    Files that a library of another distribution reads while it is imported are left out: they are its own.
    So are the files of caches.
    """
    _install_hook()
    _recordings.append(set())
    try:
        result = function()
    finally:
        paths = _recordings.pop()
    return result, frozenset(paths)


def remember_reads() -> set[Path]:
    """A set to which every file is added that is opened for reading from now on, whoever opens it."""
    _install_hook()
    _remembered.append(set())
    return _remembered[-1]


def read_at_import(module: str) -> frozenset[Path]:
    """The files that the top level of a module read while it was imported inside a call of `record_reads`."""
    return frozenset(_read_at_import.get(module, ()))


def is_installed(path: Path) -> bool:
    """Whether a file belongs to the standard library or to an installed distribution."""
    if INSTALLED_FOLDERS.intersection(path.parts):
        return True
    return any(path.is_relative_to(folder) for folder in STANDARD_LIBRARY)


def _install_hook() -> None:
    """Install the audit hook once: Python has no way to remove one."""
    global _hook_is_installed
    if not _hook_is_installed:
        sys.addaudithook(_on_event)
        _hook_is_installed = True


_hook_is_installed = False


def _on_event(event: str, arguments: tuple) -> None:
    if event == "open" and (_recordings or _remembered) and _is_read(*arguments[1:3]):
        path = _path_of(arguments[0])
        if path is not None:
            for paths in _remembered:
                paths.add(path)
            if _recordings:
                _record(path, sys._getframe(1))


def _is_read(mode: str | None, flags: int) -> bool:
    """Whether a file is opened for reading alone; `mode` is None where it was opened by `os.open`."""
    if mode is not None:
        return not set(mode) & set("wax+")
    return flags & (os.O_WRONLY | os.O_RDWR) == 0


def _path_of(opened: object) -> Path | None:
    """The absolute path of an opened file, and for compiled Python code that of its source.

    None for a file descriptor and for what is no data.
    """
    try:
        path = os.path.abspath(os.fsdecode(opened))  # type: ignore[arg-type]
        if path.endswith(".pyc"):
            path = source_from_cache(path)
    except (TypeError, ValueError, OSError):
        return None
    return None if path.startswith(SYSTEM_FOLDERS) else Path(path)


def _record(path: Path, frame: FrameType | None) -> None:
    """Record a file for the innermost call of `record_reads` and for the modules being imported inside it."""
    modules = []
    while frame is not None and frame.f_code is not record_reads.__code__:
        if frame.f_globals.get("__name__") in CACHES:
            return
        if frame.f_code.co_name == "<module>":
            if is_installed(Path(frame.f_code.co_filename)):
                return
            modules.append(frame.f_globals.get("__name__", ""))
        frame = frame.f_back
    if frame is None:  # another thread
        return
    _recordings[-1].add(path)
    for module in modules:
        _read_at_import[module].add(path)
