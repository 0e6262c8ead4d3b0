"""A row's identity: a hash of everything that determines its numbers."""

import ast
import hashlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from samplers.base import Sampler
from targets.base import Target

CELL_VERSION = 2  # moves when `measure` changes how keys, phases or costs are made


def row_identity(**determinants: Any) -> str:
    """Twenty hexadecimal digits of SHA-256 over the canonical JSON of what determines a row's numbers."""
    canonical = json.dumps(determinants, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:20]


def source_hash(sampler: Sampler) -> str:
    """Hash of the sampler's file and of every file it imports, directly or not, from its own package.

    For this project's samplers that means `samplers.*` and `targets.base`; a plug-in's neighbours are
    not followed, what it imports from this project is.
    """
    return hash_of_closure(type(sampler).__module__)


@cache
def hash_of_closure(module: str) -> str:
    """Hash of the files that `_closure` finds, in an order that does not depend on where they are."""
    digest = hashlib.sha256()
    for path in sorted(_closure(module), key=lambda path: (path.name, str(path))):
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:20]


def truth_hash(target: Target) -> str:
    """Hash of what a record holds besides its density: base, log Z, moments, masses.

    A better reference makes other errors out of the same draws, so it must make another row.
    """
    known: list[Any] = [target.base.loc, target.base.scale, target.modes and target.modes.masses]
    known += [target.log_z and (target.log_z.value, target.log_z.standard_error)]
    known += [part for s in target.statistics for part in (s.mean, s.sd, s.standard_error)]
    names = [s.name for s in target.statistics]
    return hashlib.sha256(repr([names, list(map(_gist, known))]).encode()).hexdigest()[:20]


def _gist(values: Any) -> tuple[float, ...] | None:
    """Three sums to 8 decimals: they see any change worth seeing and no rounding of another machine's."""
    if values is None:
        return None
    flat = np.ravel(np.asarray(values, dtype=float))
    sums = np.sum(flat), np.sum(flat**2), flat @ np.cos(np.arange(flat.size))
    return (flat.size, *(round(float(total), 8) + 0.0 for total in sums))


def _closure(module: str) -> set[Path]:
    """Files of `module` and of what it imports from `samplers`, its own package or `targets.base`."""
    packages = {"samplers", module.partition(".")[0]} - {"__main__"}
    waiting, seen, files = [module], set(), set()
    while waiting:
        name = waiting.pop()
        path = _file(name)
        if name in seen or path is None:
            continue
        seen.add(name)
        files.add(path)
        waiting += [n for n in _imports(path, name) if n.partition(".")[0] in packages or n == "targets.base"]
    return files


def _file(module: str) -> Path | None:
    """Where a module's source is; None for a name that is no module, such as an imported function."""
    if module in sys.modules:
        found = inspect.getsourcefile(sys.modules[module])
        return Path(found) if found else None
    try:
        specification = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return None
    return Path(specification.origin) if specification and specification.origin else None


def _imports(path: Path, module: str) -> Iterator[str]:
    """Names that a file imports, absolute; for `from a import b` both a and a.b, which may be a module."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=source, names=names, level=level):
                above = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                base = ".".join([*above, *([source] if source else [])])
                yield base
                yield from (f"{base}.{alias.name}" for alias in names)
