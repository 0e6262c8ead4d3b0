"""Data sets: what is committed is what the provenance says, and damage is noticed."""

import json
import shutil

import numpy as np
import pytest

from bridgemark.targets import data, stored

FILES = sorted(path.name for path in data.FOLDER.glob("*.csv"))
STORED = {
    "target": "pair",
    "log_z": {"value": -1.5, "standard_error": 0.1, "recipe": "two runs"},
    "statistics": {"x": {"mean": [1.0, 2.0], "sd": [3.0, 4.0], "standard_error": [0.1, 0.2]}},
}


@pytest.fixture
def copy(tmp_path, monkeypatch):
    shutil.copytree(data.FOLDER, tmp_path / "data")
    monkeypatch.setattr(data, "FOLDER", tmp_path / "data")
    return tmp_path / "data"


@pytest.mark.parametrize("filename", FILES)
def test_a_file_has_the_shape_and_checksum_of_its_provenance(filename):
    provenance = json.loads((data.FOLDER / filename).with_suffix(".provenance.json").read_text())
    numbers = data.load(filename)
    assert numbers.dtype == np.float64
    assert list(numbers.shape) == provenance["shape"]
    assert np.all(np.isfinite(numbers))
    assert provenance["file"] == filename
    assert all(provenance[key] for key in ("source", "citation", "licence", "note"))


def test_known_numbers():
    # Known from outside the repository: number of points, of good returns, of mines, a published mean.
    assert len(data.load("finpines_unit.csv")) == 126
    assert data.load("ionosphere.csv")[:, -1].sum() == 225
    assert data.load("sonar.csv")[:, -1].sum() == 111
    np.testing.assert_allclose(data.load("gmm40_2_means.csv")[0], (-15.758, 18.117), atol=5e-4)


@pytest.mark.parametrize("damage", ["content", "provenance", "checksum key", "file"])
def test_damage_raises_and_says_what_to_do(copy, damage):
    path, provenance = copy / "sonar.csv", copy / "sonar.provenance.json"
    actions = {
        "content": lambda: path.write_bytes(path.read_bytes().replace(b"0.0371", b"0.0372", 1)),
        "provenance": provenance.unlink,
        "checksum key": lambda: provenance.write_text("{}"),
        "file": path.unlink,
    }
    data.load("sonar.csv")
    actions[damage]()
    with pytest.raises(ValueError, match=r"sonar\.csv.*restore"):
        data.load("sonar.csv")


@pytest.fixture
def references(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "FOLDER", tmp_path)
    return tmp_path


def test_an_absent_reference_is_unknown(references):
    assert stored.log_z("pair") is None
    assert stored.statistics("pair", {"x": lambda x: x}) == ()


def test_what_targets_ask_for_is_known_before_it_is_stored(references):
    with stored.requested_statistics() as functions:
        assert stored.statistics("pair", {"size": np.abs}) == ()
    stored.statistics("pair", {"x": np.negative})
    assert functions == {"size": np.abs}


def test_a_stored_reference_is_read_back(references):
    (references / "pair.json").write_text(json.dumps(STORED))
    truth = stored.log_z("pair")
    (statistic,) = stored.statistics("pair", {"x": np.negative})
    assert (truth.value, truth.standard_error, truth.recipe) == (-1.5, 0.1, "two runs")
    assert (statistic.name, statistic.fn) == ("x", np.negative)
    np.testing.assert_array_equal([statistic.mean, statistic.sd], [[1, 2], [3, 4]])
    np.testing.assert_array_equal(statistic.standard_error, [0.1, 0.2])


def test_a_reference_without_log_z_has_none(references):
    (references / "pair.json").write_text(json.dumps(STORED | {"log_z": None}))
    assert stored.log_z("pair") is None


@pytest.mark.parametrize(("agree", "known"), [(True, True), (None, True), (False, False)])
def test_a_reference_whose_methods_disagree_gives_no_truth(references, agree, known):
    (references / "pair.json").write_text(json.dumps(STORED | {"agree": agree}))
    assert (stored.log_z("pair") is not None) is known
    assert (stored.statistics("pair", {"x": np.negative}) != ()) is known


@pytest.mark.parametrize("text", ["{", "{}", json.dumps(STORED | {"target": "other"}), '{"target": "pair"}'])
def test_a_damaged_reference_raises_and_says_what_to_do(references, text):
    (references / "pair.json").write_text(text)
    with pytest.raises(ValueError, match="bridgemark reference pair"):
        stored.log_z("pair")
    with pytest.raises(ValueError, match="bridgemark reference pair"):
        stored.statistics("pair", {"x": lambda x: x})
