"""`bridgemark reference --check`: what is stored beside a reference, and what is refused."""

import copy
import json
import re

import numpy as np
import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.references import check, reference
from bridgemark.benchmarks.references.reference import build_with_functions
from bridgemark.benchmarks.references.second_method import Moments, SecondMethod
from bridgemark.benchmarks.rows.fingerprint import fingerprint
from bridgemark.benchmarks.rows.target_identity import identify_target
from bridgemark.benchmarks.scores.evidence import Estimate
from bridgemark.targets import stored

PLUGIN = """
import jax.numpy as jnp
import numpy as np
from bridgemark import About, Density, Statistic, Target, Truth, gaussian_base
from bridgemark.benchmarks.references import check, reference
from bridgemark.benchmarks.references.estimators import Effort
from bridgemark.benchmarks.references.second_method import Size
from bridgemark.samplers.nuts import NUTS
from bridgemark.samplers.smc import SMC

nuts = NUTS(chains=4, warm_up=300)
reference.effort = check.effort = lambda dim: Effort(  # short runs
    error=1.0, schedules=1, particles=200, smc=SMC(runs=8, fit_particles=200), draws=4_000, nuts=nuts
)
check.size = lambda dim: Size(4, 8, 64, SMC(runs=8, fit_particles=64, max_temperature_step=1.0))
check.BRIDGED_DRAWS = 2_000

def target(name, sd):
    log_prob = lambda x: 3.0 - jnp.sum(x**2) / 2 / sd**2
    density = Density(dim=2, log_prob=log_prob, base=gaussian_base(np.zeros(2), np.full(2, 2.0)))
    return Target(name=name, version=1, density=density, about=About("tests", "N(0, sd^2 I)"))

def exact():
    density = Density(
        dim=2,
        log_prob=lambda x: 2.0 - jnp.sum(x + jnp.exp(-x)),
        base=gaussian_base(np.zeros(2), np.full(2, 2.0)),
    )
    mean, sd = np.full(2, np.euler_gamma), np.full(2, 1.2 * np.pi / np.sqrt(6))
    return Target(
        name="exact", version=1, density=density, about=About("tests", "Gumbel"),
        log_z=Truth(2.0, 0.0, "closed form"),
        statistics=(Statistic("x", lambda x: x, mean, sd, np.zeros(2)),),
    )

TARGETS = {"mine": lambda: target("mine", 1.0), "exact": exact}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with the plug-in; what this one changes here is changed back."""
    for module, name in ((check, "size"), (check, "effort"), (check, "BRIDGED_DRAWS"), (reference, "effort")):
        monkeypatch.setattr(module, name, getattr(module, name))
    (tmp_path / "mine.py").write_text(PLUGIN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def reference_of_mine(target):
    """A reference of "mine" as the command would make it, with exact numbers."""
    pair, log_z = [1.0, 1.0], 3.0 + np.log(2 * np.pi)
    return {
        "target": "mine",
        "fingerprint": fingerprint(target),
        "log_z": {"value": log_z, "standard_error": 0.01, "methods": {"bridge": {"value": log_z}}},
        "chains": {"method": "NUTS", "chains": 4, "draws": 1_000},
        "statistics": {
            "x": {"mean": [0.0, 0.0], "sd": pair, "standard_error": [0.01, 0.01]},
            "x2": {"mean": pair, "sd": [np.sqrt(2)] * 2, "standard_error": [0.02, 0.02]},
        },
    }


def test_a_reference_is_checked_and_a_wrong_one_is_seen(folder, call):
    target, _ = build_with_functions("mine", ("mine.py",))
    made = reference_of_mine(target)
    path = folder / "results" / "local" / "references" / "mine.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(made))
    status, out, err = call("reference", "mine", "--plugin", "mine.py", "--check")
    assert (status, err) == (0, "")
    assert re.search(
        r"mine: the second method agrees: in standard errors, means differ by at most \d\.\d+, ", out
    )
    checked = json.loads(path.read_text())
    result = checked.pop("check")
    assert checked == made
    assert (result["agree"], result["differences"], result["refused"]) == (True, 9, {})
    assert result["method"].endswith("SMC runs of 64 particles from a Gaussian at the mode")
    # Five standard errors: the chance of a false alarm is 6e-7, and the keys are fixed.
    bridge = result["bridge"]
    for estimate in (bridge, bridge["reshuffled"], result["log_z"]):
        assert abs(estimate["value"] - made["log_z"]["value"]) < 5 * estimate["standard_error"] + 1e-4 < 0.2
    assert bridge["pareto_k"] < 0.7

    path.write_text(json.dumps(made | {"fingerprint": "another"}))
    with pytest.raises(BadInput, match="is of another density or of other functions; remove it and make it"):
        check.check("mine", path.parent, folder, lambda line: None, ("mine.py",))


def test_tails_that_chains_have_cut_are_seen(folder, monkeypatch):
    target, _ = build_with_functions("mine", ("mine.py",))
    cut = reference_of_mine(target)
    cut["statistics"]["x"]["sd"] = [0.8, 0.8]
    (folder / "mine.json").write_text(json.dumps(cut))
    error = np.full(2, 0.01)
    moments = {"x": Moments(np.zeros(2), np.ones(2), error, error)}
    moments["x2"] = Moments(np.ones(2), np.full(2, np.sqrt(2)), error, error)
    second = SecondMethod(moments, Estimate(cut["log_z"]["value"], 0.01), 64, {})
    monkeypatch.setattr(check, "run_second_method", lambda *_: second)
    monkeypatch.setattr(check, "bridge_again", lambda *_: {})
    lines = []
    check.check("mine", folder, folder, lines.append, ("mine.py",))
    assert json.loads((folder / "mine.json").read_text())["check"]["agree"] is False
    assert "mine: the second method disagrees" in lines[-1]


def test_where_there_is_no_reference_it_must_be_made_first(folder, call):
    status, _, err = call("reference", "mine", "--plugin", "mine.py", "--check")
    assert (status, err.count("\n")) == (2, 1)
    assert re.search(r"there is no .*mine\.json to check; make it by `bridgemark reference mine`", err)


def test_a_closed_form_is_checked_in_a_file_of_its_own(folder, call):
    """A Gumbel variable, twice: its mean is Euler's constant, and its stated deviation wrong by a fifth."""
    status, out, err = call("reference", "exact", "--plugin", "mine.py", "--check")
    assert (status, err) == (0, "")
    path = folder / "results" / "local" / "checks" / "exact.json"
    assert out.splitlines()[-1] == f"the check of exact is in {path}"
    result = json.loads(path.read_text())["check"]
    assert result["agree"] is False
    largest = {name: result["statistics"]["x"][name]["largest"] for name in ("mean", "sd")}
    assert largest["mean"] < result["limit"] < largest["sd"]
    assert result["log_z"]["apart"] < result["limit"]


def test_a_check_moves_neither_a_truth_nor_an_identity(monkeypatch):
    """The identity of a target, which is part of every row's, with a check and without one."""
    name = "synthetic-logistic-6-a"
    plain = json.loads((stored.FOLDER / f"{name}.json").read_text())
    plain.pop("check", None)
    contents = [plain, plain | {"check": {"agree": False}}, copy.deepcopy(plain)]
    contents[2]["statistics"]["x"]["sd"][0] *= 1.001
    hashes = []
    for content in contents:
        monkeypatch.setattr(stored, "_read", lambda name, content=content: content)
        module, builder = registry.target_modules()[name], registry.targets()[name]
        hashes.append(identify_target(name, module, builder).hash)
    assert hashes[0] == hashes[1] != hashes[2]


def test_only_what_was_bridged_is_bridged_again(monkeypatch, tmp_path):
    path = tmp_path / "dw4-8.json"
    plain = json.loads((stored.FOLDER / "dw4-8.json").read_text())
    exact = {key: np.array(value["mean"]) for key, value in plain["statistics"].items()}
    moments = {key: Moments(mean, mean, mean, mean) for key, mean in exact.items()}
    second = SecondMethod(moments, Estimate(31.5, 0.1), 64, {})
    monkeypatch.setattr(check, "run_second_method", lambda *_: second)
    monkeypatch.setattr(check, "bridge_again", lambda target, method: {"refused": method})
    for bridge, expected in (({"value": 1.0}, {"refused": "parallel tempering"}), ({"refused": "no"}, None)):
        plain["log_z"]["methods"]["bridge"] = bridge
        path.write_text(json.dumps(plain))
        check.check("dw4-8", tmp_path, tmp_path, lambda line: None)
        assert json.loads(path.read_text())["check"].get("bridge") == expected
