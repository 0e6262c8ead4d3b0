"""The architecture: imports go down only, samplers know no clock or disk, files and functions stay short."""

import ast
import sys

import pytest

from support.source_code import FILES, MODULES, TREES, calls, files_in, imported, module_of

# From low to high. A file imports from lower levels or from its own place, never from a neighbour at its
# own level.
LEVELS = (
    {"targets"},
    {"samplers"},
    {"errors"},
    {"opened_files", "optional", "sampler_names", "text"},
    {"providers"},
    {"registry"},
    {"adapters", "rows", "scores"},
    {"sweep"},
    {"certificates", "references", "in_process", "external", "studies"},
    {"analysis"},
    {"advise", "joining", "ledger"},
    {"drawing"},
    {"pages", "console"},
    {"publication", "export"},
    {"commands"},
    {"cli"},
    {"public", "docs"},
)
LEVEL = {place: level for level, places in enumerate(LEVELS) for place in places}
MAY_IMPORT_IN_TARGETS = {"jax", "numpy", "scipy", "jaxtyping", *sys.stdlib_module_names}
TARGET_HELPERS = {
    f"bridgemark.targets.{name}" for name in ("base", "data", "mixtures", "moments", "posteriors", "stored")
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
# Where a value's kind is asked for: data from outside at the border, syntax trees, and a count that may be
# an array.
MAY_ASK_KIND = {
    "samplers/base.py",
    "benchmarks/registry.py",
    "benchmarks/adapters/find_model.py",
    "benchmarks/sweep/contract.py",
    "benchmarks/sweep/failures.py",
    "benchmarks/analysis/tables.py",
}
FILE_LINES, FUNCTION_LINES = 250, 45
SHARED_BY_SAMPLERS = [name for name in files_in("samplers") if name.count("/") == 2]


def place_of(module):
    """The floor or the folder of `benchmarks` that a module lies in; None outside the project."""
    match module.split("."):
        case ["bridgemark", ("targets" | "samplers") as floor, *_]:
            return floor
        case ["bridgemark", "benchmarks", folder, *_]:
            return folder
        case ["bridgemark", *_]:
            return "public"
        case _:
            return None


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        ("import os.path", ["os.path"]),
        ("from bridgemark.benchmarks import registry", ["bridgemark.benchmarks.registry"]),
        ("from bridgemark.targets.base import Density, Target", ["bridgemark.targets.base"] * 2),
        ("def f():\n    from bridgemark.benchmarks.sweep import cell", ["bridgemark.benchmarks.sweep.cell"]),
    ],
)
def test_imports_are_seen_in_every_form(text, modules):
    assert list(imported(ast.parse(text))) == modules


def test_every_file_has_a_level():
    assert {place_of(module) for module in MODULES} == LEVEL.keys()
    assert place_of("bridgemark.benchmarks.rows.store") == "rows"
    assert place_of("bridgemark.samplers.pathspace.paths") == "samplers"
    assert place_of("jax.numpy") is None


@pytest.mark.parametrize("name", FILES)
def test_imports_go_down_only(name):
    place = place_of(module_of(name))
    for module in imported(TREES[name]):
        other = place_of(module)
        lower = other is None or other == place or LEVEL[other] < LEVEL[place]
        assert lower, f"{name} imports {module}, which is not below it"


@pytest.mark.parametrize("name", files_in("targets"))
def test_targets_import_jax_numpy_scipy_and_helpers_only(name):
    for module in imported(TREES[name]):
        allowed = module.partition(".")[0] in MAY_IMPORT_IN_TARGETS or module in TARGET_HELPERS
        assert allowed, f"{name} imports {module}"


@pytest.mark.parametrize("name", files_in("samplers"))
def test_samplers_see_targets_base_and_no_clock_or_disk(name):
    for module in imported(TREES[name]):
        assert place_of(module) != "targets" or module == "bridgemark.targets.base", (
            f"{name} imports {module}"
        )
        assert module.partition(".")[0] not in SCREEN_AND_DISK, f"{name} imports {module}"
    for called, line in calls(TREES[name]):
        assert called not in DISK_CALLS, f"{name}:{line} calls {called}"


@pytest.mark.parametrize("name", SHARED_BY_SAMPLERS)
def test_what_samplers_share_knows_no_sampler(name):
    """Files of samplers lie in `samplers/` itself, what they share lies in its folders."""
    top_level = {module_of(file) for file in files_in("samplers") if file.count("/") == 1}
    sampler_modules = top_level - {"bridgemark.samplers.base", "bridgemark.samplers"}
    assert not sampler_modules & set(imported(TREES[name]))
    assert "SAMPLERS" not in FILES[name].read_text(), f"{name}: the registry does not look here"


@pytest.mark.parametrize("name", files_in("samplers"))
def test_samplers_make_no_keys(name):
    """A key is an argument: one made inside would be the same for every seed."""
    for called, line in calls(TREES[name]):
        assert not called.endswith(("random.key", "PRNGKey")), f"{name}:{line} makes a key"


@pytest.mark.parametrize("name", FILES)
def test_nothing_asks_for_kinds(name):
    for called, line in calls(TREES[name]):
        assert called != "hasattr", f"{name}:{line} calls hasattr"
        assert called != "isinstance" or name in MAY_ASK_KIND, f"{name}:{line} calls isinstance"


@pytest.mark.parametrize("name", FILES)
def test_files_and_functions_are_short(name):
    assert len(FILES[name].read_text().splitlines()) <= FILE_LINES
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < FUNCTION_LINES, f"{name}: {node.name}"


def test_this_test_sees_the_files():
    files = {"targets/base.py", "samplers/base.py", "samplers/pathspace/paths.py", "benchmarks/sweep/cell.py"}
    assert files <= FILES.keys()
    assert MODULES["bridgemark"] == "benchmarks/public/__init__.py"
