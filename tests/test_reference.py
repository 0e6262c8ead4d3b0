"""`bridgemark reference`: a truth made in small against a closed form, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import BadInput
from benchmarks.truths import reference
from samplers.nuts import NUTS
from samplers.smc import SMC

TOYS = str(Path(__file__).parent / "plugins" / "toys.py")
MEAN, SD, LOG_Z = np.array([1.0, -2.0]), np.array([0.5, 2.0]), 3.0  # of the toy Gaussian
LIMIT = 5.0  # standard errors: a false alarm of 6e-7 a comparison under the normal law


def small(dim, draws=16_000):
    smc = SMC(runs=8, fit_particles=200, ess_fraction=0.9)
    return reference.Effort(2, 200, smc, draws, NUTS(chains=4, warm_up=300))


@pytest.fixture
def unknown(monkeypatch):
    """The toy Gaussian as if its truth were not known."""
    build = reference.registry.build
    monkeypatch.setattr(reference.registry, "build", lambda *names: replace(build(*names), log_z=None))


def test_a_made_truth_is_the_closed_form(monkeypatch, tmp_path, unknown):
    monkeypatch.setattr(reference, "effort", small)
    path = reference.make("toy-gaussian", tmp_path, say=lambda line: None, plugins=(TOYS,))
    made = json.loads(path.read_text())
    assert made["command"] == "bridgemark reference toy-gaussian"
    assert made["agree"] is True
    methods = made["log_z"]["methods"]
    assert len(methods["smc"]["runs"]) == 16
    for method in methods.values():
        assert 0 < method["standard_error"] < 0.1
        # Rounded to four digits: the bridge between two Gaussians errs by no more.
        assert abs(method["value"] - LOG_Z) < LIMIT * method["standard_error"] + 5e-5
    assert made["log_z"].items() >= methods["bridge"].items() - {("recipe", methods["bridge"]["recipe"])}
    assert made["log_z"]["recipe"].startswith("bridgemark reference toy-gaussian: bridge")
    for name, mean in (("x", MEAN), ("x2", MEAN**2 + SD**2)):
        found = made["statistics"][name]
        assert np.all(np.abs(found["mean"] - mean) < LIMIT * np.array(found["standard_error"]))
    np.testing.assert_allclose(made["statistics"]["x"]["sd"], SD, rtol=0.05)


def estimates(gap, refused=False, error=0.04):
    smc = {"value": 1.0, "standard_error": error, "recipe": "smc", "runs": [1.0]}
    bridge = {"value": 1.0 + gap, "standard_error": 0.03, "recipe": "bridge"}
    return {"smc": smc, "bridge": {"refused": "too few draws"} if refused else bridge}


def test_the_surer_of_two_estimates_is_taken_and_three_errors_apart_they_disagree():
    for gap, agree in ((0.149, True), (-0.149, True), (0.151, False), (np.nan, False)):  # of errors 0.05
        best, agreed = reference.reconcile(estimates(gap))
        assert agreed is agree
        assert best["recipe"] == "bridge"
    assert (
        reference.reconcile(estimates(0.0, error=0.6))[1] is False
    )  # agrees with everything, proves nothing
    best, agreed = reference.reconcile(estimates(0.0, refused=True))
    assert (best, agreed) == ({"value": 1.0, "standard_error": 0.04, "recipe": "smc"}, None)


def test_a_name_that_is_refused_is_told_why(tmp_path):
    with pytest.raises(BadInput, match=r"cancer-31-flat.*integral is infinite; take cancer-31-n10"):
        reference.make("cancer-31-flat", tmp_path)


def test_chains_that_disagree_write_nothing(monkeypatch, tmp_path, unknown):
    monkeypatch.setattr(reference, "effort", lambda dim: small(dim, draws=40))
    with pytest.raises(BadInput, match="disagree"):
        reference.make("toy-gaussian", tmp_path, say=lambda line: None, plugins=(TOYS,))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "source"), [("gmm9", "comes from"), ("lgcp-256-white", "lgcp-256:")])
def test_a_truth_of_another_source_is_not_made_again(tmp_path, name, source):
    with pytest.raises(BadInput, match=source):
        reference.make(name, tmp_path)


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(tmp_path, unknown):
    with pytest.raises(BadInput, match="cannot be written"):
        reference.make("toy-gaussian", tmp_path / "absent", plugins=(TOYS,))
