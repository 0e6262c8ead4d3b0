"""`bridgemark advise`: the answer first, the exit status, and models that break, crash or are traps."""

import json
import sys

import arviz
import numpy as np
import pytest

# Small families, so that compiling takes most of the time.
SMALL = """
import jax.numpy as jnp
from bridgemark.benchmarks.advise import families
from bridgemark.benchmarks.advise.families import Family
from bridgemark.samplers.dds import DDS
from bridgemark.samplers.nuts import NUTS
from bridgemark.samplers.pathfinder import Pathfinder
from bridgemark.samplers.smc import SMC

families.FAMILIES.update(
    nuts=Family(NUTS(chains=4, warm_up=300), draws=4_000),
    pathfinder=Family(Pathfinder(runs=8, iterations=30), draws=2_000),
    smc=Family(SMC(runs=32, fit_particles=100), draws=6_400),
    dds=Family(DDS(steps=8, updates=200, pilot=32), draws=2_048),
)
dim = 2
"""
NORMAL = """
def log_prob(x):
    return -0.5 * jnp.sum((x - 1.0) ** 2)
"""
FUNNEL = """
def log_prob(x):
    return -x[0] ** 2 / 18 - 0.5 * x[1] ** 2 * jnp.exp(-x[0]) - 0.5 * x[0]
"""


@pytest.fixture
def advise(tmp_path, monkeypatch, call):
    """Calls the command on a model of this text in a folder of its own, on one core."""
    monkeypatch.chdir(tmp_path)

    def run(text, *options):
        (tmp_path / "model.py").write_text(text)
        return call("advise", "model.py", "--cores", "1", "--minutes", "1", *options)

    return run


@pytest.mark.slow
def test_an_easy_posterior_is_trusted(advise, tmp_path):
    status, out, err = advise(SMALL + NORMAL)
    assert (status, err) == (0, "")
    folder = tmp_path / "results" / "local" / "advice"
    answer = (folder / "answer.txt").read_text().splitlines()
    assert answer[0] == "trusted: use the draws of nuts"
    assert any(line.startswith("log Z = 1.8") for line in answer)  # log(2 pi)
    assert any("the JAX function log_prob in model.py" in line for line in answer)
    assert "\n".join(answer) in out
    script = (folder / "run_alone.py").read_text()
    assert script in out
    assert json.loads((folder / "advice.json").read_text())["answer"] == answer
    assert "trusted: use the draws of nuts" in (folder / "report.html").read_text()
    posterior = arviz.from_netcdf(str(folder / "nuts.nc")).posterior
    assert posterior["x"].sizes["chain"] == 4
    assert np.abs(posterior["x"].mean(("chain", "draw")).values - 1).max() < 0.15  # of 400 effective draws
    assert arviz.from_netcdf(str(folder / "smc.nc")).groups() == ["posterior"]
    names = {}
    exec(script, names)
    assert names["parameters"]["x"].shape == (4, 1_000, 2)


@pytest.mark.slow
def test_a_funnel_is_not_trusted(advise):
    status, out, err = advise(SMALL + FUNNEL)
    assert (status, err) == (1, "")
    assert "\nnot trusted: " in out


def test_a_model_that_ends_every_process_is_an_answer_too(advise):
    status, out, err = advise("import os\n\nos._exit(7)\n")
    assert (status, err) == (1, "")
    assert "not trusted: I do not know what the density looks like" in out
    assert "nuts returned nothing: the process ended with status 7" in out


def test_json_is_all_that_is_printed(advise, tmp_path):
    status, out, err = advise("import os\n\nos._exit(7)\n", "--json", "--out", "here")
    assert status == 1
    document = json.loads(out)
    assert (document["trusted"], document["draws_of"]) == (False, None)
    assert document["families"]["smc"]["failure"].startswith("the process ended with status 7")
    assert "nuts: the process ended with status 7" in err
    assert (tmp_path / "here" / "advice.json").read_text() == out
    assert {path.name for path in (tmp_path / "here").iterdir()} == {
        ".advice",
        "advice.json",
        "answer.txt",
        "report.html",
    }


def test_without_the_extras_the_answer_is_there_and_the_cure(advise, tmp_path, monkeypatch):
    for package in ("jinja2", "xarray"):
        monkeypatch.setitem(sys.modules, package, None)
    for name in (".advice", "report.html", "nuts.nc", "run_alone.py"):  # of an earlier call
        (tmp_path / "here").mkdir(exist_ok=True)
        (tmp_path / "here" / name).touch()
    status, out, _ = advise("import os\n\nos._exit(7)\n", "--out", "here")
    assert status == 1
    assert "not trusted: " in out
    assert "no report: this needs the package jinja2: pip install 'bridgemark[page]'" in out
    assert "no draws for ArviZ: this needs the package xarray: pip install 'bridgemark[arviz]'" in out
    assert {path.name for path in (tmp_path / "here").iterdir()} == {".advice", "advice.json", "answer.txt"}


def test_files_of_something_else_are_not_replaced(advise, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "report.html").write_text("mine")
    status, _, err = advise(NORMAL, "--out", "mine")
    assert status == 2
    assert "mine holds files of something else, which might be replaced; give another --out" in err
    assert [path.read_text() for path in (tmp_path / "mine").iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        ("x = 1\n", (), "model.py has no model"),
        ("1 / 0\n", (), "ZeroDivisionError"),
        (NORMAL, ("--minutes", "0"), "--minutes must be positive"),
        (NORMAL, ("--cores", "0"), "--cores must be positive"),
        (NORMAL, ("--cores", "100000"), "is more than this machine has"),
        (NORMAL, ("--out", "model.py"), "give another --out"),
    ],
)
def test_what_cannot_be_judged_is_one_line(advise, text, options, reason):
    status, _, err = advise(text, *options)
    assert status == 2
    assert err.startswith("bridgemark: ")
    assert err.count("\n") == 1
    assert reason in err


def test_a_model_that_is_no_file_is_refused(call, tmp_path):
    status, _, err = call("advise", tmp_path / "absent.py")
    assert (status, err.count("\n")) == (2, 1)
    assert "is not a file" in err
