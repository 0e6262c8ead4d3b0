"""The project's own source, parsed: what the tests of its architecture and of its words look at."""

import ast
from collections.abc import Iterator
from pathlib import Path

from support.project import ROOT

TOP_FOLDERS = ("targets", "samplers", "benchmarks")
PUBLIC = "benchmarks/public"  # imported as `bridgemark` itself
DOCS = "benchmarks/docs"  # builds the documentation from a checkout; no wheel has it
FILES = {
    path.relative_to(ROOT).as_posix(): path
    for folder in TOP_FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text()) for name, path in FILES.items()}


def module_of(name: str) -> str:
    """The module that a file is imported as: `samplers/base.py` is `bridgemark.samplers.base`."""
    path = Path(name).with_suffix("")
    folder = path.parent if path.name == "__init__" else path
    inside = folder.relative_to(PUBLIC).parts if folder.is_relative_to(PUBLIC) else folder.parts
    return ".".join(("bridgemark", *inside))


MODULES = {module_of(name): name for name in FILES}
SHIPPED = [name for name in FILES if not name.startswith(f"{DOCS}/")]


def files_in(folder: str) -> list[str]:
    """Names of the files below a folder."""
    return [name for name in FILES if name.startswith(f"{folder}/")]


def imported(tree: ast.AST) -> Iterator[str]:
    """Modules that a file imports; `from a import b` is a.b where that is a module of this project."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "imports are absolute"
            assert not node.level, "imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module


def calls(tree: ast.AST) -> list[tuple[str, int]]:
    """The called expression, as text, and the line of every call in a file."""
    return [(ast.unparse(node.func), node.lineno) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def bound_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Names that a file binds, with their lines: variables, arguments, functions and imported names.

    Fields, that is variables of a class body, and methods are left out: they are attributes.
    """
    fields = {id(child) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for child in node.body}
    field_names = {id(name) for node in ast.walk(tree) if id(node) in fields for name in _assigned(node)}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) if id(node) not in field_names:
                yield name, node.lineno
            case ast.arg(arg=name):
                yield name, node.lineno
            case ast.FunctionDef(name=name) if id(node) not in fields:
                yield name, node.lineno
            case ast.ExceptHandler(name=str(name)):
                yield name, node.lineno
            case ast.alias(asname=str(name)):
                yield name, node.lineno
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name, node.lineno


def _assigned(node: ast.AST) -> list[ast.expr]:
    """The targets of an assignment statement."""
    match node:
        case ast.Assign(targets=targets):
            return targets
        case ast.AnnAssign(target=target):
            return [target]
        case _:
            return []
