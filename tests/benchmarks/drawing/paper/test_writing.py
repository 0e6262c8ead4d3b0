"""The figures of a paper: the committed ones are what their sources give, and drawing is repeatable.

The committed PNG files are the baselines: figures are drawn again from the published rows and studies and
compared pixel by pixel, as pytest-mpl does.
"""

import shutil
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.testing.compare import compare_images

from bridgemark.benchmarks.drawing import stamps
from bridgemark.benchmarks.drawing.paper import writing
from bridgemark.benchmarks.drawing.paper.figure import COLUMN, Sources
from bridgemark.benchmarks.drawing.style import set_theme
from bridgemark.benchmarks.rows.results import Results
from bridgemark.benchmarks.studies import stored

from support.project import ROOT
from support.synthetic_rows import rows

PUBLISHED = ROOT / "results"
TOLERANCE = 3.0  # root mean square of grey levels: other versions of FreeType move letters by less
CURE = "`nox -s publish` draws it again"


@pytest.fixture(scope="module")
def sources():
    return Sources(Results((PUBLISHED,)).read(), (PUBLISHED,))


@pytest.fixture(scope="module")
def drawn(sources, tmp_path_factory):
    """A folder of results with every figure, drawn once more, as PNG alone for the sake of time."""
    folder = tmp_path_factory.mktemp("drawn")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "METADATA", {"png": writing.METADATA["png"]})
        writing.write(sources, folder)
    return folder


def difference(path, other):
    """What distinguishes two PNG files beyond the tolerance, None where nothing does."""
    return compare_images(str(path), str(other), TOLERANCE)


def test_every_figure_is_published_in_three_formats_with_a_caption():
    names = {path.name for path in writing.folder_of(PUBLISHED).iterdir()}
    assert names == {
        f"{name}.{suffix}" for name in writing.figures() for suffix in ("pdf", "svg", "png", "md")
    }


@pytest.mark.parametrize("name", writing.figures())
def test_the_published_figure_is_what_the_sources_give(drawn, sources, name, tmp_path):
    published, again = writing.folder_of(PUBLISHED), writing.folder_of(drawn)
    expected = shutil.copy(published / f"{name}.png", tmp_path)
    assert difference(expected, again / f"{name}.png") is None, CURE
    assert (published / f"{name}.md").read_text() == (again / f"{name}.md").read_text(), CURE
    assert stamps.read(published / f"{name}.png") == writing.stamp_of(writing.figures()[name], sources), CURE


@pytest.mark.parametrize("name", writing.figures())
def test_a_caption_says_how_the_figure_was_made(drawn, name):
    caption = (writing.folder_of(drawn) / f"{name}.md").read_text()
    assert all(word in caption for word in ("seeds", "evice", "`bridgemark "))
    assert "nan" not in caption.split()


def test_a_second_drawing_gives_the_same_bytes(sources, tmp_path, monkeypatch):
    """One figure of a study with a map of pixels, and one of rows; also after figures of the board."""
    chosen = {name: writing.figures()[name] for name in ("plane", "profiles")}
    monkeypatch.setattr(writing, "figures", lambda: chosen)
    first = writing.write(sources, tmp_path / "first")
    with matplotlib.rc_context():
        set_theme()
        second = writing.write(sources, tmp_path / "second")
    assert len(first) == len(second) == 8
    for path, again in zip(first, second, strict=True):
        assert path.read_bytes() == again.read_bytes(), path.name


def test_a_changed_number_is_seen(sources, drawn, tmp_path, monkeypatch):
    name = "horizon"
    chosen = {name: writing.figures()[name]}
    monkeypatch.setattr(writing, "figures", lambda: chosen)
    study = sources.study(name)
    learnt = np.array(study.numbers["learnt"])
    learnt[0, 0] /= 10
    changed = replace(study, numbers={**study.numbers, "learnt": learnt})
    stored.write(changed, stored.path_of(tmp_path, name))
    of_changed = Sources(sources.rows, (PUBLISHED, tmp_path))  # the last folder's studies count
    writing.write(of_changed, tmp_path)
    before, after = (writing.folder_of(folder) / f"{name}.png" for folder in (drawn, tmp_path))
    assert difference(before, after) is not None
    assert stamps.read(before) != stamps.read(after)


def test_a_figure_is_as_wide_as_a_column():
    for path in writing.folder_of(PUBLISHED).glob("*.svg"):
        assert f'width="{72 * COLUMN:g}pt"' in path.read_text()[:1_000], path.name


def test_without_sources_nothing_is_drawn_and_old_files_go(tmp_path):
    folder = writing.folder_of(tmp_path)
    folder.mkdir()
    (folder / "paths.svg").touch()
    assert writing.write(Sources([], (tmp_path,)), tmp_path) == []
    assert list(folder.iterdir()) == []


def test_made_up_rows_do_not_stop_the_figures(tmp_path):
    writing.write(Sources(rows(), (tmp_path,)), tmp_path)
