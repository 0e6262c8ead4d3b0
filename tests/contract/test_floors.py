"""The architecture, held: imports go down, samplers know no clock or disk, files and functions stay short."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("targets", "samplers", "benchmarks")
FILES = {
    str(path.relative_to(ROOT)): path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text()) for name, path in FILES.items()}

TARGET_HELPERS = {
    "bridgemark.targets.base",
    "bridgemark.targets.data",
    "bridgemark.targets.stored",
    "bridgemark.targets.mixtures",
}
SCREEN_AND_DISK = {
    "time",
    "datetime",
    "os",
    "io",
    "pathlib",
    "shutil",
    "tempfile",
    "subprocess",
    "logging",
    "rich",
}
DISK_CALLS = {"open", "print", "input", "exec", "eval"}
# Where a value's kind is asked for: data from outside at the border, and a count that may be an array.
MAY_ASK_KIND = {
    "samplers/base.py",
    "benchmarks/registry.py",
    "benchmarks/sweep/measure.py",
    "benchmarks/analysis/tables.py",
}
FILE_LINES, FUNCTION_LINES = 250, 45


def of(floor):
    return [name for name in FILES if name.startswith(floor + "/")]


def imports(name):
    """Modules a file imports; of `from a import b` both a and a.b when a is one of our packages."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name}: a relative import"
            if node.module in FLOORS:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module


def calls(name):
    """The called expression, as text, of every call in a file, with the call."""
    return [(ast.unparse(node.func), node) for node in ast.walk(TREES[name]) if isinstance(node, ast.Call)]


def top(module):
    return module.partition(".")[0]


@pytest.mark.parametrize("name", of("targets"))
def test_targets_import_jax_numpy_scipy_and_helpers_only(name):
    allowed = {"jax", "numpy", "scipy", "jaxtyping", *sys.stdlib_module_names}
    for module in imports(name):
        assert top(module) in allowed or module in TARGET_HELPERS, f"{name} imports {module}"


@pytest.mark.parametrize("name", of("samplers"))
def test_samplers_see_targets_base_and_no_clock_disk_or_metric(name):
    for module in imports(name):
        assert top(module) != "benchmarks", f"{name} imports {module}"
        assert top(module) != "targets" or module == "bridgemark.targets.base", f"{name} imports {module}"
        assert top(module) not in SCREEN_AND_DISK, f"{name} imports {module}"
    for called, node in calls(name):
        assert called not in DISK_CALLS, f"{name}:{node.lineno} calls {called}"


@pytest.mark.parametrize("name", [name for name in of("samplers") if name.count("/") == 2])
def test_what_samplers_share_knows_no_sampler(name):
    registered = {f"samplers.{path.stem}" for path in (ROOT / "samplers").glob("*.py")} - {
        "bridgemark.samplers.base"
    }
    assert not registered & set(imports(name)), name
    assert "SAMPLERS" not in FILES[name].read_text(), f"{name}: the registry does not look here"


@pytest.mark.parametrize("name", of("samplers"))
def test_samplers_make_no_keys(name):
    """A key is an argument: one made inside would be the same for every seed."""
    for called, node in calls(name):
        assert not called.endswith(("random.key", "PRNGKey")), f"{name}:{node.lineno} makes a key"


@pytest.mark.parametrize("name", FILES)
def test_nothing_asks_for_kinds(name):
    for called, node in calls(name):
        assert called != "hasattr", f"{name}:{node.lineno} calls hasattr"
        assert called != "isinstance" or name in MAY_ASK_KIND, f"{name}:{node.lineno} calls isinstance"


@pytest.mark.parametrize("name", FILES)
def test_files_and_functions_are_short(name):
    assert len(FILES[name].read_text().splitlines()) <= FILE_LINES
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < FUNCTION_LINES, f"{name}: {node.name}"


def test_the_floors_are_where_this_test_looks():
    assert {"targets/base.py", "samplers/base.py", "benchmarks/sweep/cell.py"} <= FILES.keys()
