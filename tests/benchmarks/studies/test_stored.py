"""Stored studies: what is read is what was written, and every committed file is of a study, and small."""

import numpy as np
import pytest

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.studies import stored
from bridgemark.benchmarks.studies.study import Study, run, studies

from support.project import ROOT

LARGEST = 200_000  # bytes


def test_numbers_come_back_rounded(tmp_path):
    path = stored.path_of(tmp_path, "made-up")
    numbers = {"matrix": np.array([[1.23456, np.pi * 1e-7], [0.0, -2e9]]), "number": np.float64(3.0)}
    stored.write(stored.StoredStudy({"steps": 8, "target": "a"}, "cpu", 12.4, numbers), path)
    back = stored.read(path)
    np.testing.assert_allclose(back.numbers["matrix"], numbers["matrix"], rtol=1e-3)
    assert back.numbers["matrix"][0, 0] == 1.235
    assert (back.numbers["number"], back.settings, back.seconds) == (3.0, {"steps": 8, "target": "a"}, 12)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"settings": {}, "device": "", "seconds": 1, "numbers": 3}']
)
def test_a_file_that_is_no_study_is_refused(tmp_path, text):
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(BadInput, match="bridgemark study broken"):
        stored.read(path)


def test_a_study_is_run_with_its_device_and_time():
    computed = run(Study({"seeds": 1}, lambda: {"x": np.arange(3)}))
    assert computed.device
    assert computed.seconds >= 0
    np.testing.assert_array_equal(computed.numbers["x"], [0, 1, 2])


def test_committed_studies_are_registered_and_small():
    files = sorted((ROOT / "results" / "studies").iterdir())
    assert {path.name for path in files} == {f"{name}.json" for name in studies()}
    for path in files:
        assert path.stat().st_size < LARGEST
        assert stored.read(path).settings == studies()[path.stem].settings, path.name
