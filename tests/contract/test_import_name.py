"""One import name: nothing of ours is imported as `samplers`, `targets` or `benchmarks`.

A user's own folders of those names, first on the path, must change nothing, in an editable install (the
environment that runs the tests) and in an installed wheel.
"""

import json
import shutil
import zipfile

import pytest

from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.results import rows_folder, store_of

from support.project import ROOT, TOYS, bridgemark, python
from support.source_code import SHIPPED, module_of
from support.synthetic_rows import rows

RUBBISH = "raise RuntimeError('a folder of the user was imported')\n"
NOT_IN_A_WHEEL = shutil.ignore_patterns(".*", "local", "build", "dist", "*.egg-info", "__pycache__")
MODULES = sorted(map(module_of, SHIPPED))
PUBLISHED_ROWS = rows()  # made up, in place of what this repository publishes of these samplers
# Import every module of the package, and print where each one that belongs to it was found.
IMPORT_EVERYTHING = """
import importlib, json, sys
for name in {modules!r}:
    importlib.import_module(name)
ours = [name for name in sys.modules if name.startswith("bridgemark")]
print(json.dumps({{name: sys.modules[name].__file__ for name in ours}}))
"""


@pytest.fixture
def user_folder(tmp_path):
    """A working folder that has its own `samplers`, `targets` and `benchmarks`, none of them importable."""
    for name in ("samplers", "targets", "benchmarks"):
        package = tmp_path / name
        package.mkdir()
        (package / "__init__.py").write_text(RUBBISH)
        (package / "base.py").write_text(RUBBISH)
    assert python("-c", "import samplers", cwd=tmp_path, path=".").returncode == 1
    return tmp_path


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """A wheel of this project with PUBLISHED_ROWS, built from a copy of its files."""
    source, folder = tmp_path_factory.mktemp("source") / "project", tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, source, ignore=NOT_IN_A_WHEEL)
    published.write(PUBLISHED_ROWS, rows_folder(source / "results"))
    built = python("-m", "pip", "wheel", source, "--no-deps", "--wheel-dir", folder, cwd=folder)
    assert built.returncode == 0, built.stderr
    (file,) = folder.glob("bridgemark-*.whl")
    return file


@pytest.fixture(scope="session")
def installed_wheel(wheel, tmp_path_factory):
    """A folder with the wheel's packages, to be put on the path before the editable install."""
    folder = tmp_path_factory.mktemp("installed")
    done = python("-m", "pip", "install", wheel, "--no-deps", "--target", folder, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def run_both(folder, path):
    """A row of a registered sampler and target, and a row of a plug-in, each by the command."""
    small = ("--draws", 200, "--seeds", 1)
    for options in (
        ("--sampler", "hmc", "--target", "gmm9", *small),
        ("--plugin", TOYS, "--sampler", "toy-exact", "--target", "toy-gaussian", *small),
    ):
        done = bridgemark("run", *options, cwd=folder, path=path)
        assert done.returncode == 0, done.stderr
    stored = store_of(folder / "results" / "local").read_all()
    return {(row.sampler, row.target, row.status) for row in stored}


ROWS = {("hmc", "gmm9", "ok"), ("toy-exact", "toy-gaussian", "ok")}


def test_folders_of_the_user_are_no_part_of_it(user_folder):
    listed = bridgemark("list", "samplers", cwd=user_folder, path=".")
    assert listed.returncode == 0, listed.stderr
    assert "bridge" in listed.stdout
    assert run_both(user_folder, ".") == ROWS


@pytest.mark.slow  # it builds a wheel
def test_folders_of_the_user_are_no_part_of_a_wheel(user_folder, installed_wheel):
    path = f".:{installed_wheel}"
    done = python("-c", IMPORT_EVERYTHING.format(modules=MODULES), cwd=user_folder, path=path)
    assert done.returncode == 0, done.stderr
    places = json.loads(done.stdout)
    assert set(MODULES) <= places.keys()
    assert [place for place in places.values() if not place.startswith(str(installed_wheel))] == []
    assert run_both(user_folder, path) == ROWS


@pytest.mark.slow
def test_a_wheel_has_the_code_the_data_and_the_references(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    code = {module_file(name) for name in SHIPPED}
    data = {
        f"bridgemark/{path.relative_to(ROOT).as_posix()}"
        for folder in ("targets/data", "targets/references")
        for path in (ROOT / folder).iterdir()
    }
    assert len(data) > 20
    results = {f"bridgemark/results/rows/{row.sampler}.jsonl" for row in PUBLISHED_ROWS}
    certificates = (ROOT / "results" / "certificates").glob("*.json")
    results |= {f"bridgemark/results/certificates/{path.name}" for path in certificates}
    assert len(results) > 30
    others = {"bridgemark/py.typed", "bridgemark/benchmarks/analysis/published.csv"}
    assert code | data | results | others <= names
    assert not [name for name in names if name.startswith("bridgemark/benchmarks/docs/")]
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"bridgemark"}


@pytest.mark.slow
def test_a_wheel_shows_published_rows_and_certificates(user_folder, installed_wheel):
    path = f".:{installed_wheel}"
    done = bridgemark("table", cwd=user_folder, path=path)
    assert done.returncode == 0, done.stderr
    page = (user_folder / "results" / "local" / "README.md").read_text()
    first = PUBLISHED_ROWS[0]
    assert f"## {first.target}" in page
    assert "## Certificates" in page
    assert "not certified" not in page
    shown = bridgemark("show", first.identity, cwd=user_folder, path=path)
    assert shown.returncode == 0, shown.stderr
    assert first.config in shown.stdout


def module_file(name):
    """Where a file of this project lies in a wheel."""
    return f"bridgemark/{name}".replace("bridgemark/benchmarks/public/", "bridgemark/")
