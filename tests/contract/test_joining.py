"""A sampler in one file joins the leaderboard with three files, in a copy of the repository."""

import re
import shutil

import pytest

from bridgemark.benchmarks.rows import published

from support.documentation import example
from support.project import ROOT, bridgemark

NOT_COPIED = shutil.ignore_patterns(".*", "local", "build", "dist", "*.egg-info", "__pycache__")
SMALL = ("--target", "gmm9", "--seeds", 2, "--draws", 200)


@pytest.fixture
def clone(tmp_path):
    """A copy of the repository, and the path on which Python finds its package."""
    copy, package = tmp_path / "copy", tmp_path / "path" / "bridgemark"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    package.mkdir(parents=True)
    for folder in ("targets", "samplers", "benchmarks", "results"):
        (package / folder).symlink_to(copy / folder)
    for file in (copy / "benchmarks" / "public").glob("*.py"):
        (package / file.name).symlink_to(file)
    return copy, str(package.parent)


def files_of(folder):
    """The files of a copy without one's own results and what Python compiles."""
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name for name in names if "__pycache__" not in name and not name.startswith("results/local/")}


def run(*arguments, clone, status=0):
    copy, path = clone
    done = bridgemark(*arguments, cwd=copy, path=path)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stderr if status == 2 else done.stdout


@pytest.mark.slow  # it certifies a sampler
def test_three_files_make_a_contribution(clone, tmp_path):
    copy, _ = clone
    before = files_of(copy)
    plugin = tmp_path / "mine.py"
    plugin.write_text(example("sampler").replace('"adaptive-importance"', '"mine"'))

    run("run", "--plugin", plugin, "--sampler", "mine", *SMALL, clone=clone)
    refusal = run("join", "--sampler", "mine", "--plugin", plugin, clone=clone, status=2)
    assert "move it there, then `bridgemark run --sampler mine`" in refusal
    shutil.move(plugin, copy / "samplers" / "mine.py")
    run("run", "--sampler", "mine", *SMALL, clone=clone)
    refusal = run("join", "--sampler", "mine", clone=clone, status=2)
    (command,) = re.findall(r"`bridgemark (certify sampler mine)`", refusal)
    assert files_of(copy) == before | {"samplers/mine.py"}
    run(*command.split(), clone=clone)

    checklist = run("join", "--sampler", "mine", clone=clone)
    assert "  [x] samplers/mine.py: the code\n" in checklist
    assert "  [x] results/rows/mine.jsonl: 2 rows, 2 of them new\n" in checklist
    assert "  [x] results/certificates/mine.json: " in checklist
    assert "left out: 2 rows of another version of the code" in checklist  # those of the plug-in
    three = {"samplers/mine.py", "results/rows/mine.jsonl", "results/certificates/mine.json"}
    assert files_of(copy) == before | three

    (check,) = re.findall(r"`bridgemark (check-rows [^`]*)`", checklist)
    assert "seed 0: equal in all published digits" in run(*check.split(), "--share", 1, "--mark", clone=clone)
    rows = published.read_file(copy / "results" / "rows" / "mine.jsonl")
    assert [row.origin for row in rows] == ["sent in and rerun"] * 2
    shown = run("show", rows[0].identity[:12], "--results", "none", clone=clone)
    assert re.search(r"origin +│ sent in and rerun ", shown)
