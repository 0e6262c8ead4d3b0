"""The language of the code: names that say nothing are banned, and every function is defined by `def`."""

import ast

import pytest

from support.source_code import FILES, TREES, bound_names

BANNED = {"found", "own", "told", "one", "other", "each", "some", "known", "said", "place", "of"}


@pytest.mark.parametrize(
    "text",
    [
        "found = 1",
        "a, *found = b",
        "def f(found): pass",
        "def f(*, found=1): pass",
        "g = lambda found: 1",
        "for found in b: pass",
        "b = [found for found in c]",
        "with b as found: pass",
        "if (found := b): pass",
        "import b as found",
        "def g():\n    def found(): pass",
        "class C:\n    def g(self):\n        found: int = 1",
        "match b:\n    case [*found]: pass",
    ],
)
def test_every_way_to_bind_a_name_is_seen(text):
    assert "found" in {name for name, _ in bound_names(ast.parse(text))}


@pytest.mark.parametrize(
    "text",
    ["a = b.found", "b.found = a", "f(found=1)", "class C:\n    found: int\n    def found(self): pass"],
)
def test_attributes_and_fields_may_have_any_name(text):
    assert "found" not in {name for name, _ in bound_names(ast.parse(text))}


def test_no_name_is_one_that_says_nothing():
    banned = [
        f"{file}:{line} {name}" for file in FILES for name, line in bound_names(TREES[file]) if name in BANNED
    ]
    assert banned == []


def test_functions_are_defined_by_def():
    assert [name for name, path in FILES.items() if "noqa: E731" in path.read_text()] == []
