"""`bridgemark advise`: the answer first, the exit status, and models that break, crash or are traps."""

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
