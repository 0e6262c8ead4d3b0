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

from bridgemark.samplers.base import Sampler
from bridgemark.targets.base import Target

SAMPLER_CODE = ("bridgemark.samplers", "bridgemark.targets.base")
CELL_VERSION = 2  # moves when `measure` changes how keys, phases or costs are made


def row_identity(**determinants: Any) -> str:
    """Twenty hexadecimal digits of SHA-256 over the canonical JSON of what determines a row's numbers."""
    canonical = json.dumps(determinants, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:20]


def source_hash(sampler: Sampler) -> str:
    """Hash of the sampler's file and of every file it imports, directly or not, from its own package.

    For this project's samplers that means `bridgemark.samplers` and `bridgemark.targets.base`. A plug-in's
    neighbours are not followed; what it imports from `bridgemark.samplers` is.
    """
    module = type(sampler).__module__
    own = module.partition(".")[0]
    return hash_of_closure(
        module, SAMPLER_CODE if own in ("bridgemark", "__main__") else (*SAMPLER_CODE, own)
    )


@cache
def hash_of_closure(module: str, within: tuple[str, ...]) -> str:
    """Hash of the code of `module` and of all that it imports, directly or not, from the modules `within`.

    Code is the syntax tree without docstrings: layout and comments do not count, nor does the place of a file.
    """
    digest = hashlib.sha256()
    for name, path in sorted(_closure(module, within).items()):
        code = _canonical(_without_docstrings(ast.parse(path.read_bytes())))
        digest.update(repr((name if name.startswith("bridgemark.") else path.name, code)).encode() + b"\0")
    return digest.hexdigest()[:20]


def truth_hash(target: Target) -> str:
    """Hash of what a record holds besides its density: base, log Z, moments, masses.

    A better reference makes other errors out of the same draws, so it must make another row.
    """
    known: list[Any] = [
        target.density.base.loc,
        target.density.base.scale,
        target.modes and target.modes.masses,
    ]
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


def _closure(module: str, within: tuple[str, ...]) -> dict[str, Path]:
    """Files, by module name, of `module` and of what it imports from the packages or modules `within`."""
    waiting, files = [module], {}
    while waiting:
        name = waiting.pop()
        path = None if name in files else _file(name)
        if path is None:
            continue
        files[name] = path
        waiting += [found for found in _imports(path, name) if _is_within(found, within)]
    return files


def _is_within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    """The same tree, changed in place: no module, class or function has a docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            match node.body:
                case [ast.Expr(value=ast.Constant(value=str())), *rest]:
                    node.body = rest
    return tree


def _canonical(node: Any) -> Any:
    """A syntax tree as nested tuples that every version of Python prints alike.

    Empty fields are left out, of which later versions have more, and the empty texts that Python 3.12.1 puts
    into formatted strings.
    """
    match node:
        case ast.JoinedStr(values=values):
            texts = [value for value in values if getattr(value, "value", None) != ""]
            return ("JoinedStr", *map(_canonical, texts))
        case ast.AST():
            fields = ((name, value) for name, value in ast.iter_fields(node) if value not in (None, []))
            return (type(node).__name__, *((name, _canonical(value)) for name, value in fields))
        case list():
            return tuple(map(_canonical, node))
        case _:
            return node


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
