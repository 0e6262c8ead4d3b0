"""`bridgemark reference` for targets of a plug-in: a process of its own, a file of one's own, one line."""

import json
import os
import re

import numpy as np
import pytest

from bridgemark.targets import stored
from bridgemark.targets.base import Truth

LOG_Z = 3.0 + np.log(2 * np.pi)  # of the target "mine"
PLUGIN = """
import os
from pathlib import Path
import jax.numpy as jnp
import numpy as np
from bridgemark import About, Density, Target, Truth, gaussian_base
from bridgemark.benchmarks.references import reference
from bridgemark.benchmarks.references.estimators import Effort
from bridgemark.samplers.nuts import NUTS
from bridgemark.samplers.smc import SMC

Path("imported_by").write_text(str(os.getpid()))
reference.effort = lambda dim: Effort(  # short runs
    error=1.0, schedules=1, particles=200, smc=SMC(runs=8, fit_particles=200), draws=4_000,
    nuts=NUTS(chains=4, warm_up=300),
)

def target(name, log_z=None):
    density = Density(
        dim=2, log_prob=lambda x: 3.0 - jnp.sum(x**2) / 2, base=gaussian_base(np.zeros(2), np.full(2, 2.0))
    )
    return Target(name=name, version=1, density=density, about=About("tests", "N(0, I)"), log_z=log_z)

def breaks():
    raise ValueError("no [/x] data")

TARGETS = {
    "mine": lambda: target("mine"),
    "known": lambda: target("known", Truth(4.8, 0.0, "by definition")),
    "breaks": breaks,
    "exits": lambda: os._exit(7),
    "spins": lambda: list(iter(int, 1)),
}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with the plug-in."""
    (tmp_path / "mine.py").write_text(PLUGIN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_reference_of_a_plug_in_is_a_file_of_ones_own(folder, call):
    status, out, err = call("reference", "mine", "--plugin", "mine.py")
    assert (status, err) == (0, "")
    path = folder / "results" / "local" / "references" / "mine.json"
    *_, pasted, last = out.splitlines()
    assert last == f"the reference of mine is in {path}"
    made = json.loads(path.read_text())
    assert made["command"] == "bridgemark reference mine --plugin mine.py"
    truth = eval(pasted.partition("put this into the target: log_z=")[2], {"Truth": Truth})
    assert truth == Truth(*(made["log_z"][name] for name in ("value", "standard_error", "recipe")))
    # The key is fixed; another would fail with probability 6e-7. A rounded value errs by 5e-6 besides.
    assert abs(truth.value - LOG_Z) < 5 * truth.standard_error + 5e-6 < 0.1
    assert int((folder / "imported_by").read_text()) != os.getpid()
    assert not (stored.FOLDER / "mine.json").exists()


def test_a_target_with_a_truth_of_this_command_can_be_made_again(folder, call):
    truth = Truth(4.8, 0.1, "bridgemark reference mine --plugin mine.py: 16 SMC runs")
    with_truth = PLUGIN.replace('target("mine")', f'target("mine", {truth})')
    (folder / "mine.py").write_text(with_truth + "reference._run_agreeing_chains = lambda *_: 1 / 0\n")
    status, _, err = call("reference", "mine", "--plugin", "mine.py", "--out", "elsewhere")
    assert status == 2
    assert "ZeroDivisionError" in err  # so it came to the chains
    assert list((folder / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("breaks",), r"target 'breaks' is broken: ValueError: no \[/x\] data \(line "),
        (("exits",), "the reference of 'exits' cannot be made: the process ended with status 7"),
        (("spins", "--timeout", "6"), r"cannot be made: used \d+ s of processor time of 6; see --timeout"),
        (("mine", "--timeout", "-1"), "--timeout must be positive"),
        (("mine", "--memory", "50"), r"cannot be made: used \d+ MB of memory of 50; see --memory"),
        (("mime",), "unknown target 'mime'; did you mean mine"),
        (("known",), "the truth of known is not made here; it comes from: by definition"),
        (("mine", "--plugin", "absent.py"), "absent.py is not a file"),
        (("mine", "--out", "mine.py"), "cannot write mine.py .*give another --out"),
        (("../mine",), "unknown target '../mine'"),
    ],
)
def test_what_cannot_be_made_is_one_line(folder, call, arguments, reason):
    status, out, err = call("reference", *arguments, "--plugin", "mine.py")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("bridgemark: ")
    assert re.search(reason, err)
    assert not list(folder.rglob("*.json"))
