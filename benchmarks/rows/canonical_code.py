"""The code of a file as text of which a hash is taken.

Only the syntax tree counts, without docstrings: changes of comments and layout leave the hash as it is. The
result is the same on every supported version of Python.
"""

import ast
from functools import cache
from typing import Any

# Calls of these classes of `targets.base` hold text, and an order of moments that is hashed by its value.
DESCRIPTIONS = ("About", "Alias")


@cache
def canonical_code(content: bytes, target: str | None = None) -> str:
    """The code of a file with this content as text; with the name of a `target`, what matters to that target.

    What does not matter to it is its description in words, other entries of a dict TARGETS = {...}, and those
    of SAMPLERS = {...}. Raises SyntaxError.
    """
    tree = _WithoutDocstrings().visit(ast.parse(content))
    if target is not None:
        tree.body = [statement for statement in tree.body if not _registers_samplers(statement)]
        for statement in tree.body:
            _keep_registered(statement, target)
        tree = _WithoutDescriptions().visit(tree)
    return repr(_canonical(tree))


def _registers_samplers(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name(id="SAMPLERS")], value=ast.Dict()):
            return True
        case _:
            return False


def _keep_registered(statement: ast.stmt, target: str) -> None:
    """Remove the entries of a dict TARGETS that are not those of `target`, where all are spelt out."""
    match statement:
        case ast.Assign(targets=[ast.Name(id="TARGETS")], value=ast.Dict() as registry):
            _keep_entries(registry, target)


def _keep_entries(registry: ast.Dict, name: str) -> None:
    """Keep the entry called `name` and those whose names cannot be read off."""
    entries = list(zip(registry.keys, registry.values, strict=True))
    kept = [(key, value) for key, value in entries if _may_be(key, name)]
    registry.keys, registry.values = [key for key, _ in kept], [value for _, value in kept]


def _may_be(key: ast.expr | None, name: str) -> bool:
    match key:
        case ast.Constant(value=value):
            return value == name
        case _:
            return True


class _WithoutDocstrings(ast.NodeTransformer):
    def generic_visit(self, node: ast.AST) -> ast.AST:
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                match node.body:
                    case [ast.Expr(value=ast.Constant(value=str())), *rest]:
                        node.body = rest
        return super().generic_visit(node)


class _WithoutDescriptions(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node.func:
            case ast.Name(id=name) if name in DESCRIPTIONS:
                return ast.Constant(value=name)
        return self.generic_visit(node)


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
