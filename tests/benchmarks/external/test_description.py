"""A target's description is complete and always the same, and a port is told from another density."""

import json

import jax
import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.external import agreement, description
from bridgemark.benchmarks.external.agreement import PortValues
from bridgemark.benchmarks.external.description import Probes
from bridgemark.targets import data

from support.project import TOYS


@pytest.fixture(scope="module")
def toy():
    """The toy target's probes."""
    return description.evaluate_probes(description.build("toy-gaussian", [TOYS]).target)


def port_of(x):
    """The toy target by SciPy."""
    return 3.0 + multivariate_normal(np.array([1.0, -2.0]), np.diag([0.25, 4.0])).logpdf(x)


def test_the_probes_are_the_density_and_its_gradient_in_double_precision(toy):
    assert toy.x.shape == toy.gradient.shape == (32, 2)
    np.testing.assert_allclose(toy.log_density, port_of(toy.x), rtol=1e-13)
    np.testing.assert_allclose(toy.gradient, -(toy.x - [1.0, -2.0]) / [0.25, 4.0], rtol=1e-12, atol=1e-13)


def test_the_folder_has_definition_truths_probes_and_data(tmp_path, call):
    status, out, err = call("target", "ionosphere-35", "--output", tmp_path / "a")
    assert (status, err) == (0, "")
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["ionosphere.csv", "ionosphere.provenance.json", "probes.csv", "target.json"]
    assert all(name in out for name in files)
    text = json.loads((tmp_path / "a" / "target.json").read_text())
    assert (text["name"], text["version"], text["dim"]) == ("ionosphere-35", 1, 35)
    assert text["data"] == ["ionosphere.csv"]
    assert text["base"]["kind"] == "Gaussian"
    assert len(text["base"]["mean"]) == len(text["statistics"]["x"]["mean"]) == 35
    assert text["log_z"]["standard_error"] > 0
    assert (tmp_path / "a" / "ionosphere.csv").read_bytes() == (data.FOLDER / "ionosphere.csv").read_bytes()
    probes = pd.read_csv(tmp_path / "a" / "probes.csv")
    assert len(probes) == 32
    assert list(probes.columns[[0, 1, 36]]) == ["log_density", "x0", "gradient0"]
    call("target", "ionosphere-35", "--output", tmp_path / "b")
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_every_kind_of_target_can_be_described(tmp_path):
    """Without a base of two parameters, a truth or data; with modes; and a posterior of a simulator."""
    for name in ("gmm9", "lgcp-256", "bod-2-a", "phi4-64"):
        described = description.build(name)
        description.write(described, tmp_path / name)
        text = json.loads((tmp_path / name / "target.json").read_text())
        has_matrix = np.ndim(described.target.density.base.scale) == 2
        assert (tmp_path / name / "base_scale.csv").exists() == has_matrix
        assert text["definition"] == described.target.about.definition
        assert (text["observation"] is None) == (described.target.density.y is None)
        assert (text["mode_masses"] is None) == (described.target.modes is None)
    assert jax.numpy.ones(2).dtype == np.float32


def test_a_faithful_port_agrees_and_its_constant_is_reported(toy, tmp_path, call):
    values = pd.DataFrame({"log_density": port_of(toy.x)})
    values.to_csv(tmp_path / "a.csv", index=False)
    check = ("target", "toy-gaussian", "--plugin", TOYS, "--check")
    status, out, err = call(*check, tmp_path / "a.csv")
    assert (status, err) == (0, "")
    assert "agree at all probes" in out
    assert "the constant is the same, and so is log Z" in out
    gradients = -(toy.x - [1.0, -2.0]) / [0.25, 4.0]
    unnormalised = {"log_density": (port_of(toy.x) - 3.0).tolist(), "gradient": gradients.tolist()}
    (tmp_path / "a.json").write_text(json.dumps(unnormalised))
    status, out, err = call(*check, tmp_path / "a.json")
    assert (status, err) == (0, "")
    assert "the gradients agree" in out
    assert "log-density is larger by -3, and so is its log Z" in out
    wrong = 3.0 + multivariate_normal([1.0, -2.0], [0.25, 4.04]).logpdf(toy.x)
    pd.DataFrame({"log_density": wrong}).to_csv(tmp_path / "b.csv", index=False)
    status, out, err = call(*check, tmp_path / "b.csv")
    assert (status, err) == (1, "")
    assert "the log-densities differ by " in out


def changed(values, probe, by):
    values = values.copy()
    values[probe] += by
    return values


@pytest.mark.parametrize("constant", [0.0, -7.5, 1e6])
def test_one_wrong_probe_is_named_whatever_the_constant(toy, constant):
    right = agreement.compare(toy, PortValues(toy.log_density + constant, None))
    assert right.is_same
    assert right.offset == pytest.approx(constant)
    wrong = agreement.compare(toy, PortValues(changed(toy.log_density + constant, 5, 0.1), toy.gradient))
    assert (wrong.is_same, wrong.log_density.probe) == (False, 5)
    gradients = toy.gradient.copy()
    gradients[7, 1] *= 1.01
    wrong = agreement.compare(toy, PortValues(toy.log_density + constant, gradients))
    assert (wrong.log_density.is_small, wrong.gradient.is_small, wrong.gradient.probe) == (True, False, 7)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_disagrees(toy, value):
    values = toy.log_density.copy()
    values[3] = value
    result = agreement.compare(toy, PortValues(values, None))
    assert (result.is_same, result.log_density.probe) == (False, 3)
    assert not agreement.compare(toy, PortValues(np.full(32, value), None)).is_same


def test_a_point_outside_the_support_may_be_a_probe():
    probes = Probes(np.zeros((3, 1)), np.array([1.0, -np.inf, 2.0]), np.zeros((3, 1)))
    assert agreement.compare(probes, PortValues(np.array([2.0, -np.inf, 3.0]), None)).is_same
    assert not agreement.compare(probes, PortValues(np.array([2.0, -5.0, 3.0]), None)).is_same


HOSTILE = {
    "a.csv": "x\n1\n",
    "b.csv": "log_density\n1\n",
    "c.csv": "log_density\n" + "abc\n" * 32,
    "d.csv": "",
    "e.csv": "log_density,gradient0\n" + "1,2\n" * 32,
    "a.json": "",
    "b.json": "[]",
    "c.json": '{"log_density": 3}',
    "d.json": '{"log_density": [[1, 2], [3]]}',
    "e.json": "[" * 100_000,
    "f.json": '{"log_density": [' + ", ".join(["1" + "0" * 400] * 32) + "]}",
    "g.json": '{"log_density": {"a": 1}}',
    "h.json": json.dumps({"log_density": [1.0] * 32, "gradient": [1.0]}),
    "folder.csv": None,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_wrong_file_of_values_is_one_line(tmp_path, name):
    path = tmp_path / name
    if HOSTILE[name] is None:
        path.mkdir()
    else:
        path.write_text(HOSTILE[name])
    with pytest.raises(BadInput) as raised:
        agreement.read(path, 2)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 450


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gmm",), "did you mean gmm9"),
        (("cancer-31-flat",), "is refused"),
        (("gmm9", "--check", "missing.csv"), "No such file"),
        (("gmm9", "--check", "a.csv", "--output", "b"), "--check writes nothing"),
        (("gmm9", "--output", "/proc/nothing"), "cannot write into"),
    ],
)
def test_wrong_requests_are_one_line(tmp_path, monkeypatch, call, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, out, err = call("target", *arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err
