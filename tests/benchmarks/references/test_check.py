"""`bridgemark reference --check`: what is stored beside a reference, and what is refused."""

import copy
import json
import re

import numpy as np
import pytest

from bridgemark.benchmarks import registry
from bridgemark.benchmarks.references import check
from bridgemark.benchmarks.references.second_method import Moments, SecondMethod
from bridgemark.benchmarks.rows.target_identity import identify_target
from bridgemark.benchmarks.scores.evidence import Estimate
from bridgemark.targets import stored

PLUGIN = """
import jax.numpy as jnp
import numpy as np
from bridgemark import About, Density, Target, gaussian_base
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

TARGETS = {"mine": lambda: target("mine", 1.0)}
"""
EXACT = """
from bridgemark import Statistic, Truth

def exact():
    mean, sd, log_z = np.full(2, np.euler_gamma), np.full(2, np.pi / np.sqrt(6)), 2.0
    {wrong}
    density = Density(
        dim=2,
        log_prob=lambda x: 2.0 - jnp.sum(x + jnp.exp(-x)),
        base=gaussian_base(np.zeros(2), np.full(2, 2.0)),
    )
    return Target(
        name="exact", version=1, density=density, about=About("tests", "Gumbel"),
        log_z=Truth(log_z, 0.0, "closed form"),
        statistics=(Statistic("x", lambda x: x, mean, sd, np.zeros(2)),),
    )

TARGETS["exact"] = exact
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(PLUGIN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_reference_is_made_and_checked_and_a_wrong_one_is_seen(folder, call):
    assert call("reference", "mine", "--plugin", "mine.py")[0] == 0
    path = folder / "results" / "local" / "references" / "mine.json"
    made = json.loads(path.read_text())
    assert "check" not in made
    status, out, err = call("reference", "mine", "--plugin", "mine.py", "--check")
    assert (status, err) == (0, "")
    assert re.search(
        r"mine: the second method agrees: in standard errors, means differ by at most \d\.\d+, ", out
    )
    checked = json.loads(path.read_text())
    found = checked.pop("check")
    assert checked == made
    assert (found["agree"], found["differences"], found["refused"]) == (True, 9, {})
    assert found["method"].endswith("SMC runs of 64 particles from a Gaussian at the mode")
    # Five standard errors: the chance of a false alarm is 6e-7, and the keys are fixed.
    exact, bridge = 3.0 + np.log(2 * np.pi), found["bridge"]
    for estimate in (bridge, bridge["reshuffled"], found["log_z"]):
        assert abs(estimate["value"] - exact) < 5 * estimate["standard_error"] + 1e-4 < 0.2
    assert bridge["pareto_k"] < 0.7

    made["statistics"]["x"]["sd"] = [0.8, 0.8]  # as where the tails are cut
    path.write_text(json.dumps(made))
    status, out, _ = call("reference", "mine", "--plugin", "mine.py", "--check")
    assert (status, json.loads(path.read_text())["check"]["agree"]) == (0, False)
    assert "mine: the second method disagrees" in out

    (folder / "mine.py").write_text(PLUGIN.replace('"mine", 1.0', '"mine", 1.1'))
    status, _, err = call("reference", "mine", "--plugin", "mine.py", "--check")
    assert (status, err.count("\n")) == (2, 1)
    assert "is of another density or of other functions; remove it and make it again" in err


def test_where_there_is_no_reference_it_must_be_made_first(folder, call):
    status, _, err = call("reference", "mine", "--plugin", "mine.py", "--check")
    assert (status, err.count("\n")) == (2, 1)
    assert re.search(r"there is no .*mine\.json to check; make it by `bridgemark reference mine`", err)


@pytest.mark.parametrize(("wrong", "agree"), [("", True), ("sd[:] = 2.0", False), ("log_z += 0.7", False)])
def test_a_closed_form_is_checked_in_a_file_of_its_own(folder, call, wrong, agree):
    """A Gumbel variable, twice: its mean is Euler's constant, its deviation pi / sqrt(6)."""
    (folder / "mine.py").write_text(PLUGIN + EXACT.format(wrong=wrong))
    status, out, err = call("reference", "exact", "--plugin", "mine.py", "--check")
    assert (status, err) == (0, "")
    path = folder / "results" / "local" / "checks" / "exact.json"
    assert out.splitlines()[-1] == f"the check of exact is in {path}"
    assert json.loads(path.read_text())["check"]["agree"] is agree


def test_a_check_moves_neither_a_truth_nor_an_identity(monkeypatch):
    """The identity of a target, which is part of every row's, with a check and without one."""
    name = "synthetic-logistic-6-a"
    reference = json.loads((stored.FOLDER / f"{name}.json").read_text())
    reference.pop("check", None)
    contents = [reference, reference | {"check": {"agree": False}}, copy.deepcopy(reference)]
    contents[2]["statistics"]["x"]["sd"][0] *= 1.001
    hashes = []
    for content in contents:
        monkeypatch.setattr(stored, "_read", lambda name, content=content: content)
        module, builder = registry.target_modules()[name], registry.targets()[name]
        hashes.append(identify_target(name, module, builder).hash)
    assert hashes[0] == hashes[1] != hashes[2]


def test_only_what_was_bridged_is_bridged_again(monkeypatch, tmp_path):
    path = tmp_path / "dw4-8.json"
    reference = json.loads((stored.FOLDER / "dw4-8.json").read_text())
    exact = {key: np.array(value["mean"]) for key, value in reference["statistics"].items()}
    moments = {key: Moments(mean, mean, mean, mean) for key, mean in exact.items()}
    second = SecondMethod(moments, Estimate(31.5, 0.1), 64, {})
    monkeypatch.setattr(check, "run_second_method", lambda *_: second)
    monkeypatch.setattr(check, "bridge_again", lambda target, method: {"refused": method})
    for bridge, expected in (({"value": 1.0}, {"refused": "parallel tempering"}), ({"refused": "no"}, None)):
        reference["log_z"]["methods"]["bridge"] = bridge
        path.write_text(json.dumps(reference))
        check.check("dw4-8", tmp_path, tmp_path, lambda line: None)
        assert json.loads(path.read_text())["check"].get("bridge") == expected
