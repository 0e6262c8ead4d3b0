"""Completion of names in a shell, which does not wait for JAX.

The names of all samplers and of all targets are kept in a file each, in the user's cache folder. It is made
again after a change of the files that register them, which takes a few seconds once.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeAlias

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.sweep.presets import PRESETS

Kind: TypeAlias = Literal["samplers", "targets"]


def complete_samplers(incomplete: str) -> list[str]:
    """The comma-separated names of samplers that the last name can become."""
    return _completed(incomplete, _names("samplers"))


def complete_targets(incomplete: str) -> list[str]:
    """The comma-separated names of targets that the last name can become."""
    return _completed(incomplete, _names("targets"))


def complete_presets(incomplete: str) -> list[str]:
    """The presets whose names begin so."""
    return [name for name in PRESETS if name.startswith(incomplete)]


def _completed(incomplete: str, names: Iterable[str]) -> list[str]:
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in names if name.startswith(last)]


def _names(kind: Kind) -> list[str]:
    """The names of all registered samplers or targets; none where a file that registers them is broken."""
    path, state = _cache_folder() / f"{kind}.json", _state(kind)
    with suppress(OSError, ValueError, TypeError, KeyError):
        cached = json.loads(path.read_text())
        if cached["state"] == state:
            return list(map(str, cached["names"]))
    with suppress(BadInput):
        names = _registered(kind)
        _write(path, json.dumps({"state": state, "names": names}))
        return names
    return []


def _registered(kind: Kind) -> list[str]:
    from bridgemark.benchmarks import registry

    return list({"samplers": registry.samplers, "targets": registry.targets}[kind]())


def _state(kind: Kind) -> str:
    """A hash that changes with the files that register names, and with the packages that do."""
    package = f"bridgemark.{kind}"
    specification = find_spec(package)
    assert specification is not None
    paths = [
        path
        for folder in specification.submodule_search_locations or ()
        for path in Path(folder).glob("*.py")
    ]
    files = sorted((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in paths)
    points = sorted(point.value for point in metadata.entry_points(group=package))
    return hashlib.sha256(repr((files, points)).encode()).hexdigest()


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bridgemark"


def _write(path: Path, text: str) -> None:
    """Replace a file as a whole, if this user may."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text)
        temporary.replace(path)
