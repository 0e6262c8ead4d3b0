"""Hashes of code: of modules and of everything that they import, directly or not."""

import ast
import hashlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bridgemark.benchmarks.opened_files import is_installed
from bridgemark.benchmarks.rows.canonical_code import canonical_code

PROJECT = "bridgemark"
PLUGIN = "bridgemark_plugin_"  # begins the module name of a plug-in file, which depends on the file's folder


class Closure(NamedTuple):
    """Modules and what they import, directly or not.

    `files` are the files whose code counts, by the name of their module. `packages` are the installed
    packages that files outside this project import: not their code but their version counts.
    """

    files: dict[str, Path]
    packages: frozenset[str]


class Import(NamedTuple):
    """An import statement of one module: `level` dots, then `source`; `names` only for `from ... import`."""

    source: str
    names: tuple[str, ...]
    level: int


def closure(modules: tuple[str, ...], within: tuple[str, ...]) -> Closure:
    """The closure of `modules`.

    Imports are followed into the packages `within`, and outside this project into every module whose file
    belongs neither to the standard library nor to an installed distribution.
    """
    waiting, files, packages = list(modules), {}, set()
    while waiting:
        name = waiting.pop()
        path = None if name in files else source_file(name)
        if path is None:
            continue
        files[name] = path
        if is_installed(path) and not _is_within(name, (PROJECT,)):
            packages.add(name.partition(".")[0])  # for the sake of its data
        for imported in _imports(path, name):
            if _is_followed(imported, within):
                waiting += [imported, *_packages_above(imported)]
            elif not _is_within(name, (PROJECT,)):
                packages.add(imported.partition(".")[0])
    return Closure(files, frozenset(packages - sys.stdlib_module_names - {PROJECT}))


def hash_of_code(files: Mapping[str, Path], target: str | None = None) -> str:
    """Hash of the code of files, given by the names of their modules; see `canonical_code` for `target`."""
    codes = []
    for name, path in files.items():
        label = path.name if name.startswith(PLUGIN) else name
        codes.append(f"({label!r}, {canonical_code(path.read_bytes(), target)})")
    digest = hashlib.sha256()
    for code in sorted(codes):
        digest.update(code.encode() + b"\0")
    return digest.hexdigest()[:20]


def source_file(module: str) -> Path | None:
    """The source file of a module; None if the name is no module but, say, that of an imported function."""
    origin = _origin(module)
    return origin if origin is not None and origin.suffix == ".py" else None


def _is_within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _packages_above(module: str) -> list[str]:
    """The packages that Python imports before a module of another project; of this one none has any code."""
    parts = module.split(".")
    return [] if parts[0] == PROJECT else [".".join(parts[:i]) for i in range(1, len(parts))]


def _is_followed(module: str, within: tuple[str, ...]) -> bool:
    if _is_within(module, within):
        return True
    package = module.partition(".")[0]
    if package == PROJECT or package in sys.stdlib_module_names:
        return False
    origin = _origin(package)
    return origin is not None and origin.is_absolute() and not is_installed(origin)


def _origin(module: str) -> Path | None:
    """The file of a module, or the folder of a package without one; None where there is neither."""
    loaded = sys.modules.get(module)
    if loaded is not None:
        file, folders = getattr(loaded, "__file__", None), getattr(loaded, "__path__", None)
    else:
        try:
            specification = importlib.util.find_spec(module)
        except (ModuleNotFoundError, ValueError):
            return None
        if specification is None:
            return None
        file, folders = specification.origin, specification.submodule_search_locations
    location = file or next(iter(folders or ()), None)
    return Path(location) if location else None


def _imports(path: Path, module: str) -> Iterator[str]:
    """Absolute names of what a file imports: for `from a import b` both a and a.b, which may be a module."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for statement in _import_statements(path.read_bytes()):
        base = _absolute_base(package, statement)
        yield base
        yield from (f"{base}.{name}" for name in statement.names)


@cache
def _import_statements(content: bytes) -> tuple[Import, ...]:
    statements = []
    for node in ast.walk(ast.parse(content)):
        match node:
            case ast.Import(names=names):
                statements += [Import(alias.name, (), 0) for alias in names]
            case ast.ImportFrom(module=source, names=names, level=level):
                statements.append(Import(source or "", tuple(alias.name for alias in names), level))
    return tuple(statements)


def _absolute_base(package: str, statement: Import) -> str:
    """The absolute name that an import statement in a module of `package` begins with."""
    parents = package.split(".")
    above = parents[: len(parents) - statement.level + 1] if statement.level else []
    return ".".join([*above, *([statement.source] if statement.source else [])])
