"""The identity of a row: a hash of everything that determines its numbers."""

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
CELL_VERSION = 2  # to be raised when `sweep.measure` changes how keys, phases or costs are made


def row_identity(**determinants: Any) -> str:
    """Hash whatever determines a row's numbers: twenty hexadecimal digits of SHA-256 over canonical JSON."""
    canonical = json.dumps(determinants, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:20]


def source_hash(sampler: Sampler) -> str:
    """Hash of the code of a sampler: its file and every file that it imports, directly or not.

    For a sampler of this project, only imports from `bridgemark.samplers` and `bridgemark.targets.base` are
    followed; for one of another package, those from its own package as well. The files beside a plug-in file
    are not followed.
    """
    module = type(sampler).__module__
    package = module.partition(".")[0]
    if package in ("bridgemark", "__main__"):
        return hash_of_closure(module, SAMPLER_CODE)
    return hash_of_closure(module, (*SAMPLER_CODE, package))


@cache
def hash_of_closure(module: str, within: tuple[str, ...]) -> str:
    """Hash of the code of `module` and of all that it imports, directly or not, from the packages `within`.

    Only the syntax trees count, without docstrings: changes of layout, comments or the folder of a file leave
    the hash as it is. The result is the same on every supported version of Python.
    """
    digest = hashlib.sha256()
    for name, path in sorted(_closure(module, within).items()):
        code = _canonical(_without_docstrings(ast.parse(path.read_bytes())))
        # Outside this project the name of the file is hashed: a plug-in's module name contains its path.
        label = name if name.startswith("bridgemark.") else path.name
        digest.update(repr((label, code)).encode() + b"\0")
    return digest.hexdigest()[:20]


def truth_hash(target: Target) -> str:
    """Hash of what a target holds besides the values of its density: base, log Z, moments and mode masses.

    A better reference value changes the errors of the same draws, so it must change the row's identity.
    """
    base = target.density.base
    truths: list[Any] = [base.loc, base.scale, target.modes and target.modes.masses]
    truths.append(target.log_z and (target.log_z.value, target.log_z.standard_error))
    for statistic in target.statistics:
        truths += [statistic.mean, statistic.sd, statistic.standard_error]
    names = [statistic.name for statistic in target.statistics]
    return hashlib.sha256(repr([names, list(map(_digest, truths))]).encode()).hexdigest()[:20]


def _digest(values: Any) -> tuple[float, ...] | None:
    """The size of an array and three sums over it, to eight decimals; None for None.

    The sums change with any relevant change of the values, and not with the rounding of another machine.
    """
    if values is None:
        return None
    flat = np.ravel(np.asarray(values, dtype=float))
    sums = np.sum(flat), np.sum(flat**2), flat @ np.cos(np.arange(flat.size))
    return (flat.size, *(round(float(value), 8) + 0.0 for value in sums))  # + 0.0 turns -0.0 into 0.0


def _closure(module: str, within: tuple[str, ...]) -> dict[str, Path]:
    """Files, by module name, of a module and of what it imports, directly or not, from packages `within`."""
    waiting, files = [module], {}
    while waiting:
        name = waiting.pop()
        path = None if name in files else _source_file(name)
        if path is None:
            continue
        files[name] = path
        waiting += [imported for imported in _imports(path, name) if _is_within(imported, within)]
    return files


def _is_within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    """Remove the docstrings of modules, classes and functions from a tree, which is changed in place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            match node.body:
                case [ast.Expr(value=ast.Constant(value=str())), *rest]:
                    node.body = rest
    return tree


def _canonical(node: Any) -> Any:
    """Convert a syntax tree to nested tuples that every version of Python prints alike.

    Empty fields are left out, because later versions of Python have more fields. So are the empty texts that
    Python 3.12.1 puts between the parts of a formatted string.
    """
    match node:
        case ast.JoinedStr(values=parts):
            return ("JoinedStr", *(_canonical(part) for part in parts if not _is_empty_text(part)))
        case ast.AST():
            fields = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
            return (type(node).__name__, *((name, _canonical(value)) for name, value in fields))
        case list():
            return tuple(map(_canonical, node))
        case _:
            return node


def _is_empty_text(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=""):
            return True
        case _:
            return False


def _source_file(module: str) -> Path | None:
    """The source file of a module; None if the name is no module but, say, that of an imported function."""
    if module in sys.modules:
        file = inspect.getsourcefile(sys.modules[module])
        return Path(file) if file else None
    try:
        specification = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return None
    return Path(specification.origin) if specification and specification.origin else None


def _imports(path: Path, module: str) -> Iterator[str]:
    """Absolute names of what a file imports: for `from a import b` both a and a.b, which may be a module."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=source, names=names, level=level):
                base = _absolute_base(package, source, level)
                yield base
                yield from (f"{base}.{alias.name}" for alias in names)


def _absolute_base(package: str, source: str | None, level: int) -> str:
    """What `from ... import` imports from: `source`, or with `level` dots before it relative to `package`."""
    parents = package.split(".")
    above = parents[: len(parents) - level + 1] if level else []
    return ".".join([*above, *([source] if source else [])])
