"""Annotated shapes are true, and no broadcast adds an axis by itself."""

import pytest

from support.project import ROOT, python


@pytest.mark.parametrize("floor", ["targets", "samplers", "scores"])
def test_shapes_are_as_annotated(floor, tmp_path):
    done = python("-m", "support.check_shapes", floor, cwd=tmp_path, path=str(ROOT / "tests"))
    assert done.returncode == 0, done.stderr
