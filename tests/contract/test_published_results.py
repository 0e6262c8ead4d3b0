"""What is published is what the published rows give: the page, the tables, the README and the figures."""

import re
import shutil
from dataclasses import replace

import pytest

from bridgemark.benchmarks import publication
from bridgemark.benchmarks.drawing import figures, stamps
from bridgemark.benchmarks.pages.leaderboard import BEGIN, END
from bridgemark.benchmarks.rows import published
from bridgemark.benchmarks.rows.results import Results, rows_folder

from support.project import ROOT
from support.synthetic_rows import rows, spending

PAGE = "leaderboard.html"
# Of whatever version is installed, as is the version in the address of the schema of charts.
BUNDLES = re.compile(
    rb'<script type="text/plain" id="(data-tables|vega-embed)">.*?</script>|schema/vega-lite/v[0-9.]+json',
    re.DOTALL,
)
CURE = "these are not what the published rows give; `nox -s publish` makes them again"


def texts(project):
    """The bytes of every generated text of a project, by path; of the page, without other packages' code."""
    paths = [project / "README.md", *sorted((project / "results").glob("*.md")), project / "results" / PAGE]
    paths += sorted((project / "results" / "tables").iterdir())
    return {str(path.relative_to(project)): BUNDLES.sub(b"", path.read_bytes()) for path in paths}


def stale(project, scratch):
    """The generated files of a project that its published rows do not give. Raises BadInput without rows."""
    made_again, stored = scratch / "again", Results((project / "results",)).read()
    ignored = shutil.ignore_patterns("local", "tables")
    shutil.copytree(project / "results", made_again / "results", ignore=ignored)
    shutil.copy(project / "README.md", made_again)
    publication.write_texts(stored, made_again / "results")
    before, after = texts(project), texts(made_again)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    drawn = figures.drawn_rows(stored)
    for path in sorted((project / "results" / "figures").glob("*.png")):
        if path.stem in figures.NAMES:
            current = path.stem in drawn and stamps.read(path) == stamps.stamp_of(drawn[path.stem])
            names += [] if current else [str(path.relative_to(project))]
    return names


def test_what_is_published_is_what_the_rows_give(tmp_path):
    assert stale(ROOT, tmp_path) == [], CURE


@pytest.fixture(scope="module")
def published_project(tmp_path_factory):
    """A project whose results were published from made-up rows."""
    project = tmp_path_factory.mktemp("published")
    made = [row for row in (*rows(), *spending(1, (1e4,))) if row.target == "gmm9"]
    published.write([replace(row, origin="measured here") for row in made], rows_folder(project / "results"))
    (project / "README.md").write_text(f"# project\n{BEGIN}\n{END}\n")
    publication.write_pages(project / "results")
    return project


@pytest.fixture
def project(published_project, tmp_path):
    """A copy of that project."""
    return shutil.copytree(published_project, tmp_path / "project")


def test_this_test_sees_what_is_not_current(project, tmp_path):
    assert stale(project, tmp_path / "unchanged") == []
    (project / "README.md").write_text(f"# project\n{BEGIN}\nby hand\n{END}\n")
    (project / "results" / "tables" / "old.csv").touch()
    shutil.copy(project / "results/figures/time.png", project / "results/figures/board_time.png")
    edited = ["README.md", "results/figures/board_time.png", "results/tables/old.csv"]
    assert sorted(stale(project, tmp_path / "edited")) == edited


def test_this_test_sees_that_rows_changed(project, tmp_path):
    folder = rows_folder(project / "results")
    changed = []
    for row in published.read(folder):
        changed.append(replace(row, fit_seconds=123.0) if row.budget is None else row)
    published.write(changed, folder)
    names = stale(project, tmp_path)
    assert {"results/README.md", "results/tables/summary.csv", "results/figures/time.png"} <= set(names)
    assert "results/figures/curves_gradients.png" not in names
